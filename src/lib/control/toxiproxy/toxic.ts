import { AppError } from '../../errors/app-error.ts';
import { bindFilter } from '../../proxy/bind-filter.ts';
import { FILTER_KINDS } from '../../proxy/filter-registry.ts';
import type { Direction, Protocol } from '../../proxy/views.ts';
import { ApiError } from '../http/api-error.ts';
import { alreadyExists } from './errors.ts';
import { GoFields, readMembers } from './go-fields.ts';
import { shortestFloat32, type GoJson, type GoWritable } from './go-json.ts';
import { lookupToxicType } from './kind-toxics.ts';
import type { Rules } from './rules.ts';
import type { Attributes, ToxicFilter, ToxicSettings, ToxicType } from './toxic-type.ts';

/** What every proxy of the API listens for: so the kinds for HTTP, gRPC and WebSockets work on it as well as those for bytes. */
export const API_PROTOCOL: Protocol = 'auto';

export interface Toxic extends ToxicSettings {
  readonly name: string;
  readonly type: ToxicType;
  /** As it was written, in capitals or not. */
  readonly stream: string;
  /** What does it; undefined when nothing is to be done. */
  readonly filter: ToxicFilter | undefined;
}

const FIELDS = ['name', 'type', 'stream', 'toxicity', 'attributes'] as const;
const DEFAULT_STREAM = 'downstream';
const DEFAULT_TOXICITY = 1;
/** What Go calls the body of an update. */
const UPDATE_STRUCT =
  'struct { Attributes interface {} "json:\\"attributes\\""; Toxicity float32 "json:\\"toxicity\\"" }';

/** A new toxic. `isTaken` tells whether a name is in use. Throws ApiError 400, or 409. */
export function readToxic(value: GoJson, rules: Rules, isTaken: (name: string) => boolean): Toxic {
  const fields = new GoFields();
  let [name, type, stream, toxicity] = ['', '', DEFAULT_STREAM, DEFAULT_TOXICITY];
  let attributes: GoJson | undefined;
  const unknown = readMembers(fields.members(value, 'toxics.ToxicWrapper'), {
    name: (member) => (name = fields.string(member, 'ToxicWrapper.name') ?? name),
    type: (member) => (type = fields.string(member, 'ToxicWrapper.type') ?? type),
    stream: (member) => (stream = fields.string(member, 'ToxicWrapper.stream') ?? stream),
    toxicity: (member) => (toxicity = fields.float(member, 'float32', 'ToxicWrapper.toxicity') ?? toxicity),
    attributes(member) {
      fields.members(member, 'toxics.NoopToxic', 'ToxicWrapper.attributes');
      attributes = member;
    },
  });
  if (fields.problem !== undefined) rules.refuse(fields.problem);
  const direction = parseDirection(stream);
  const known = lookupToxicType(type);
  if (known === undefined) throw new ApiError(400, 'invalid toxic type');
  if (name === '') name = `${type}_${stream}`;
  if (isTaken(name)) throw alreadyExists.toxic();
  rules.mindUnknown(unknown, FIELDS, 'field');
  const read = known.readAttributes(attributes, undefined, rules);
  return bindToxic({ name, type: known, stream, direction, toxicity, attributes: read }, rules);
}

/** The same toxic with other settings: attributes that are not given stay. Its name, type and stream cannot be changed. Throws ApiError 400. */
export function readToxicUpdate(value: GoJson, toxic: Toxic, rules: Rules): Toxic {
  const fields = new GoFields();
  let { toxicity } = toxic;
  let attributes: GoJson | undefined;
  const ignored = (): void => undefined;
  const members = fields.members(value, UPDATE_STRUCT);
  const unknown = readMembers(members, {
    name: ignored,
    type: ignored,
    stream: ignored,
    toxicity: (member) => (toxicity = fields.float(member, 'float32', '.toxicity') ?? toxicity),
    attributes: (member) => (attributes = member),
  });
  if (fields.problem !== undefined) rules.refuse(fields.problem);
  rules.mindUnknown(unknown, FIELDS, 'field');
  const read = toxic.type.readAttributes(attributes, toxic.attributes, rules);
  return bindToxic({ ...toxic, toxicity, attributes: read }, rules);
}

/** Everything about it is checked here, before anything happens. */
function bindToxic(toxic: Omit<Toxic, 'filter'>, rules: Rules): Toxic {
  const filter = toxic.type.filterOf(toxic, rules);
  if (filter !== undefined) checkFilter(filter, rules);
  return { ...toxic, filter };
}

function checkFilter({ kind, params }: ToxicFilter, rules: Rules): void {
  try {
    bindFilter(FILTER_KINDS, kind, params, { service: 'the proxy', protocol: API_PROTOCOL });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { details, message } = error;
    rules.refuse(details.length === 0 ? message : details.map((detail) => `attributes.${detail}`).join('; '));
  }
}

function parseDirection(stream: string): Direction {
  const direction = stream.toLowerCase();
  if (direction === 'upstream' || direction === 'downstream') return direction;
  throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
}

export interface ShownToxic extends Readonly<Record<string, GoWritable>> {
  readonly attributes: Attributes;
  readonly name: string;
  readonly type: string;
  readonly stream: string;
  readonly toxicity: number;
}

/** As the API shows it, in Toxiproxy's order. */
export function describeToxic({ attributes, name, type, stream, toxicity }: Toxic): ShownToxic {
  return { attributes, name, type: type.type, stream, toxicity: shortestFloat32(toxicity) };
}
