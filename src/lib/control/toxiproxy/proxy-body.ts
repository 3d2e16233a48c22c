import { ApiError, isBadBody } from '../http/api-error.ts';
import { missingField } from './errors.ts';
import { GoFields, readMembers } from './go-fields.ts';
import type { GoJson, GoMember } from './go-json.ts';
import { parseHostPort } from '../http/host-port.ts';
import type { Rules } from './rules.ts';
import { readToxic, type Toxic } from './toxic.ts';

/** A proxy as a request, a configuration file or a snapshot asks for it. */
export interface ProxySpec {
  readonly name: string;
  /** Host and port; without a host any address, without a port any free one. */
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
  /** Undefined when none were given. */
  readonly toxics: readonly Toxic[] | undefined;
}

/** What of a proxy an update changes; undefined stays as it is. */
export type ProxyChange = Partial<Pick<ProxySpec, 'listen' | 'upstream' | 'enabled'>>;

export interface ProxyReading {
  readonly rules: Rules;
  /** Whether toxics within the proxy are read; Toxiproxy leaves them. */
  readonly takesToxics: boolean;
}

const FIELDS = ['name', 'listen', 'upstream', 'enabled', 'toxics'] as const;
const PROXY = 'toxiproxy.Proxy';
/** What Go calls an entry of a list of proxies. */
const ENTRY = `struct { ${PROXY}; Enabled *bool "json:\\"enabled\\"" }`;

interface RawProxy {
  name?: string;
  listen?: string;
  upstream?: string;
  enabled?: boolean;
  toxics?: GoJson;
  unknown: readonly string[];
}

/** The body of a POST that creates a proxy. Throws ApiError 400. */
export function readProxy(value: GoJson, reading: ProxyReading): ProxySpec {
  const fields = new GoFields();
  const raw = readRaw(fields.members(value, PROXY), fields, 'Proxy');
  if (fields.problem !== undefined) reading.rules.refuse(fields.problem);
  if (!raw.name) throw missingField('name');
  if (!raw.upstream) throw missingField('upstream');
  return checkProxy(raw, reading);
}

/** The body of an update; a name, toxics or anything else that the API shows of a proxy may come along. Throws ApiError 400. */
export function readProxyChange(value: GoJson, rules: Rules): ProxyChange {
  const fields = new GoFields();
  const { listen, upstream, enabled, unknown } = readRaw(fields.members(value, PROXY), fields, 'Proxy');
  if (fields.problem !== undefined) rules.refuse(fields.problem);
  rules.mindUnknown(unknown, FIELDS, 'field');
  if (upstream !== undefined) checkUpstream(upstream, rules);
  return {
    ...(listen === undefined ? {} : { listen }),
    ...(upstream === undefined ? {} : { upstream }),
    ...(enabled === undefined ? {} : { enabled }),
  };
}

/** A list of proxies, that of `/populate` or of a configuration file. Throws ApiError 400. */
export function readProxies(value: GoJson, reading: ProxyReading): ProxySpec[] {
  const fields = new GoFields();
  const raws = fields.items(value, `[]${ENTRY}`).map((item) => readRaw(fields.members(item, ENTRY), fields, '.Proxy'));
  if (fields.problem !== undefined) reading.rules.refuse(fields.problem);
  for (const [i, { name, upstream }] of raws.entries()) {
    if (!name) throw missingField(`name at proxy ${i + 1}`);
    if (!upstream) throw missingField(`upstream at proxy ${i + 1}`);
    if (raws.findIndex((other) => other.name === name) < i)
      reading.rules.refuse(`duplicate proxy name ${JSON.stringify(name)} at proxy ${i + 1}`);
  }
  return raws.map((raw, i) => {
    const rules = reading.rules.within(`proxy ${i + 1} (${JSON.stringify(raw.name)})`);
    return checkProxy(raw, { ...reading, rules });
  });
}

/** `struct` is what Go calls the owner of the fields; in a list the proxy is embedded, and its `enabled` stands outside of it. */
function readRaw(members: readonly GoMember[], fields: GoFields, struct: 'Proxy' | '.Proxy'): RawProxy {
  const raw: RawProxy = { unknown: [] };
  const readText = (field: 'name' | 'listen' | 'upstream') => (value: GoJson) => {
    const text = fields.string(value, `${struct}.${field}`);
    if (text !== undefined) raw[field] = text;
  };
  raw.unknown = readMembers(members, {
    name: readText('name'),
    listen: readText('listen'),
    upstream: readText('upstream'),
    enabled(value) {
      const enabled = fields.bool(value, struct === 'Proxy' ? 'Proxy.enabled' : '.enabled');
      if (enabled !== undefined) raw.enabled = enabled;
    },
    toxics: (value) => (raw.toxics = value),
    // Comes back from those who send what they were shown.
    Logger: () => undefined,
  });
  return raw;
}

function checkProxy(raw: RawProxy, { rules, takesToxics }: ProxyReading): ProxySpec {
  const { name = '', listen = '', upstream = '', enabled = true } = raw;
  rules.mindUnknown(raw.unknown, FIELDS, 'field');
  checkUpstream(upstream, rules);
  const toxics = takesToxics ? readToxics(raw.toxics, rules) : undefined;
  return { name, listen, upstream, enabled, toxics };
}

/** An empty list is as none: it comes from those who send what they were shown. */
function readToxics(value: GoJson | undefined, rules: Rules): Toxic[] | undefined {
  if (value === undefined || value.type === 'null') return undefined;
  if (value.type !== 'array') rules.refuse('toxics is no list: give the toxics as they are given one by one');
  const toxics: Toxic[] = [];
  for (const [i, item] of value.items.entries()) toxics.push(readPlaced(item, toxics, rules.within(`toxics[${i}]`)));
  return toxics.length === 0 ? undefined : toxics;
}

function readPlaced(item: GoJson, before: readonly Toxic[], rules: Rules): Toxic {
  try {
    return readToxic(item, rules, (name) => before.some((toxic) => toxic.name === name));
  } catch (error) {
    // Toxiproxy's own sentences know nothing of lists.
    if (error instanceof ApiError && !isBadBody(error)) rules.refuse(error.message);
    throw error;
  }
}

function checkUpstream(upstream: string, rules: Rules): void {
  const parsed = parseHostPort(upstream);
  const why = parsed.ok
    ? parsed.port === 0
      ? `address ${upstream}: missing port in address`
      : undefined
    : parsed.problem;
  if (why !== undefined) rules.refuse(`upstream: ${why}; give host:port, such as 127.0.0.1:6379`);
}
