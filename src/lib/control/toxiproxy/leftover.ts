import { AppError } from '../../errors/app-error.ts';
import type { FoundSnapshot } from './snapshot.ts';
import type { ProxySpec } from './proxy-body.ts';
import { formatGoJson } from './go-json.ts';
import { describeToxic, type Toxic } from './toxic.ts';

/** So many proxies are told one by one; a list that nobody reads helps nobody. */
const MAX_TOLD = 100;

/** Throws AppError `usage` when the process that a snapshot belongs to still serves the address. */
export function refuseLiving(snapshots: readonly FoundSnapshot[]): void {
  const living = snapshots.find(({ isAlive }) => isAlive);
  if (living === undefined) return;
  const { process, api } = living.header;
  throw new AppError('usage', `another process (pid ${process.pid}) serves the proxy API on ${api}`, {
    hint: `use that one, stop it (kill ${process.pid}), or choose another address by --api`,
  });
}

/** What had been in force when a process was killed, in sentences; none when nothing had been. */
export function tellForgotten({ header }: FoundSnapshot, proxies: readonly ProxySpec[], isRestored: boolean): string[] {
  if (proxies.length === 0) return [];
  const toxics = proxies.reduce((sum, proxy) => sum + (proxy.toxics?.length ?? 0), 0);
  const since = new Date(header.sinceUnixMs).toISOString();
  const fate = isRestored ? 'they are in force again' : 'they are gone (--restore would have brought them back)';
  const was = `${count(proxies.length, 'proxy', 'proxies')} and ${count(toxics, 'toxic', 'toxics')} were in force`;
  const told = proxies.slice(0, MAX_TOLD).map((proxy) => `${isRestored ? 'restored' : 'gone'}: ${tell(proxy)}`);
  const rest = proxies.length > MAX_TOLD ? [`and ${proxies.length - MAX_TOLD} more proxies`] : [];
  return [
    `the proxy API on ${header.api} (pid ${header.process.pid}, since ${since}) was killed while ${was}; ${fate}`,
    ...told,
    ...rest,
  ];
}

function tell({ name, listen, upstream, enabled, toxics = [] }: ProxySpec): string {
  const where = `${listen} → ${upstream}${enabled ? '' : ', disabled'}`;
  const what = toxics.length === 0 ? 'no toxics' : toxics.map(tellToxic).join(', ');
  return `proxy ${JSON.stringify(name)} ${where}: ${what}`;
}

function tellToxic(toxic: Toxic): string {
  const { name, type, stream, toxicity, attributes } = describeToxic(toxic);
  const share = toxicity === 1 ? '' : ` toxicity ${toxicity}`;
  return `${name} (${type} ${stream}${share} ${formatGoJson(attributes)})`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
