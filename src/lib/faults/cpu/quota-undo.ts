import { join } from 'node:path';
import { z } from 'zod';
import { hashHex } from '../../runtime/chance.ts';
import type { InjectionContext } from '../fault.ts';
import type { FaultHost } from '../targets.ts';
import type { CpuHierarchy } from './hierarchy.ts';

/** Every group that we make has a name with this start; nothing else may. */
export const GROUP_PREFIX = 'faultline-';
/** Says that we opened the CPU controller in the root of version 2; the last of our groups to go closes it again. */
export const OPENED_CONTROLLER = `${GROUP_PREFIX}opened-cpu`;
/** What fits into a record of the journal together with everything else in it. */
export const LIMIT_UNDO_BYTES = 3_400;
export const LIMIT_PROCESSES = 32;
/** The kernel allows 255 bytes for a name. */
const LIMIT_NAME_CHARS = 80;

const groupSchema = z
  .string()
  .startsWith('/')
  .regex(/^(?!.*\/\.\.(\/|$))/, 'must not climb');
const ownGroupSchema = groupSchema.regex(/\/faultline-[^/]+$/, 'must be a group of ours');

/**
 * Everything that takes a quota back. `group` is a group of our own, relative to the mount: it either holds the processes, or stands empty
 * inside the group whose limit was changed in place, and says for as long as it stands that the limit is ours.
 */
export const quotaUndoSchema = z.strictObject({
  mode: z.literal('quota'),
  mark: z.string(),
  version: z.union([z.literal(1), z.literal(2)]),
  /** Relative to the root of all control groups. */
  mount: z.string(),
  group: ownGroupSchema,
  /** The limit that the processes' own group had before. */
  inPlace: z
    .strictObject({
      group: groupSchema,
      quotaUs: z.number().nullable(),
      periodUs: z.number(),
      burstUs: z.number(),
    })
    .nullable(),
  opensController: z.boolean(),
  /** The groups that the processes were in ... */
  homes: z.array(groupSchema).min(1),
  /** ... as [pid, start time, index into homes]. */
  processes: z.array(z.tuple([z.int(), z.int(), z.int()])).max(LIMIT_PROCESSES),
});
export type QuotaUndo = z.infer<typeof quotaUndoSchema>;

export function hierarchyOf(undo: QuotaUndo, host: FaultHost): CpuHierarchy {
  return { version: undo.version, mount: undo.mount, directory: join(host.cgroupRoot, undo.mount) };
}

/**
 * `faultline-<run>-<fault id>`, the last hyphen being the one between them: hyphens and everything unusual in the id become `_`, and a
 * hash keeps such names apart.
 */
export function groupName({ run, id }: Pick<InjectionContext, 'run' | 'id'>): string {
  const plain = (text: string, keep: RegExp): string => {
    const safe = text.replace(keep, '_').slice(0, LIMIT_NAME_CHARS);
    return safe === text ? text : `${safe}.${hashHex(text).slice(0, 8)}`;
  };
  return `${GROUP_PREFIX}${plain(run, /[^\w.-]/g)}-${plain(id, /[^\w.]/g)}`;
}

/** The run that a group of ours belongs to; undefined for the mark of the controller. */
export function runOfGroup(name: string): string | undefined {
  if (name === OPENED_CONTROLLER) return undefined;
  return /^faultline-(.+)-[^-]+$/.exec(name)?.[1];
}
