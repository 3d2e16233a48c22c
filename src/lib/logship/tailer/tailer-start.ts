import { hash } from 'node:crypto';
import type { FileFacts } from '../../runtime/file-handles.ts';

/** Where a tailer begins. */
export interface TailerStart {
  readonly id: string;
  readonly path: string;
  /** The path that its lines are told to come from. */
  readonly source: string;
  readonly generation: number;
  /** Everything before it has been delivered, or is not asked for. */
  readonly offset: number;
  readonly facts: FileFacts;
}

/** The file's part of `log.record.uid`: the same whenever it is found again, so that a line that is sent twice is known as such. */
export function fileId(facts: Pick<FileFacts, 'key' | 'bornUnixNs'>, generation: number): string {
  return hash('sha256', `${facts.key} ${facts.bornUnixNs} ${generation}`).slice(0, 16);
}
