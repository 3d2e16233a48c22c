import type {
  BreakerSummary,
  EndpointView,
  ServicesSnapshot,
  ServiceView,
  TrafficSummary,
} from '../events/service-view.ts';
import { formatDurationMs, formatPercent } from '../wire/quantities.ts';
import type { Paint } from './paint.ts';
import { formatTable } from './table.ts';

const HEAD = ['SERVICE', 'HEALTH', 'BREAKER', 'WEIGHT', 'IN FLIGHT', 'RPS', 'ERRORS', 'P50', 'P99'];
const ALIGN = 'lllrrrrrr';

interface Row {
  readonly cells: readonly string[];
  readonly mood: 'plain' | 'bad' | 'warn';
}

/** A line a service, and one for each of its endpoints below it; services that need a look are told by colour and by words. */
export function formatServices(snapshots: readonly ServicesSnapshot[], paint: Paint): string {
  return snapshots.map((snapshot) => formatSnapshot(snapshot, paint)).join('\n\n');
}

function formatSnapshot({ owner, services }: ServicesSnapshot, paint: Paint): string {
  const title = paint.faint(`${owner.command} ${owner.subject} (pid ${owner.pid})`);
  if (services.length === 0) return `${title}\nno services`;
  const rows = services.flatMap((service) => [
    rowOfService(service),
    ...service.routes.map(rowOfRoute),
    ...service.endpoints.map((endpoint, i) => rowOfEndpoint(endpoint, i === service.endpoints.length - 1)),
  ]);
  const [head = '', ...lines] = formatTable([HEAD, ...rows.map(({ cells }) => cells)], ALIGN);
  return [title, paint.strong(head), ...lines.map((line, i) => paintRow(line, rows[i]?.mood, paint))].join('\n');
}

function paintRow(line: string, mood: Row['mood'] | undefined, paint: Paint): string {
  return mood === 'bad' ? paint.bad(line) : mood === 'warn' ? paint.warn(line) : line;
}

function rowOfService({ service, endpoints, breaker, inFlight, traffic }: ServiceView): Row {
  const well = endpoints.filter(({ health, isDrained }) => health !== 'unhealthy' && !isDrained).length;
  const isAlarming = well === 0 || breaker?.state === 'open';
  const isOdd =
    well < endpoints.length || (breaker !== null && (breaker.state !== 'closed' || breaker.forced !== null));
  return {
    cells: [service, `${well}/${endpoints.length}`, wordsOf(breaker), '', String(inFlight), ...numbersOf(traffic)],
    mood: isAlarming ? 'bad' : isOdd ? 'warn' : 'plain',
  };
}

function rowOfRoute({ route, ...breaker }: ServiceView['routes'][number]): Row {
  const mood =
    breaker.state === 'open' ? 'bad' : breaker.state === 'closed' && breaker.forced === null ? 'plain' : 'warn';
  return { cells: [`│ route ${route}`, '', wordsOf(breaker)], mood };
}

function rowOfEndpoint(view: EndpointView, isLast: boolean): Row {
  const { endpoint, address, health, isDrained, breaker, weight, inFlight, traffic } = view;
  const name = endpoint.endsWith(`/${address}`) ? address : `${endpoint} ${address}`;
  const isAlarming = health === 'unhealthy' || breaker?.state === 'open';
  return {
    cells: [
      `${isLast ? '└' : '├'} ${name}`,
      isDrained ? `${health}, drained` : health,
      wordsOf(breaker),
      String(weight),
      String(inFlight),
      ...numbersOf(traffic),
    ],
    mood: isAlarming ? 'bad' : isDrained ? 'warn' : 'plain',
  };
}

function wordsOf(breaker: BreakerSummary | null): string {
  if (breaker === null) return '-';
  const { state, forced, untilMs, trialsDone, trialsInFlight } = breaker;
  if (forced !== null) return `${forced} (forced)`;
  if (state === 'half-open') return `half-open, ${trialsDone}+${trialsInFlight} trials`;
  return untilMs === null ? state : `${state}, ${formatDurationMs(Math.ceil(untilMs / 1000) * 1000)} left`;
}

function numbersOf({ ratePerSecond, errorRatio, p50Ms, p99Ms }: TrafficSummary): string[] {
  return [
    ratePerSecond >= 10 ? ratePerSecond.toFixed(0) : ratePerSecond.toFixed(1),
    errorRatio === null ? '-' : formatPercent(errorRatio * 100),
    p50Ms === null ? '-' : formatDurationMs(p50Ms),
    p99Ms === null ? '-' : formatDurationMs(p99Ms),
  ];
}

/** What came of draining an endpoint, or of changing its weight. */
export function formatEndpoint({ endpoint, health, isDrained, weight, inFlight }: EndpointView): string {
  const share = isDrained ? `drained, weight ${weight} when it is undrained` : `weight ${weight}`;
  return `${endpoint}: ${share}, ${health}, ${inFlight} in flight`;
}

/** The breakers of a service, a line each. */
export function formatBreakers({ service, breaker, routes, endpoints }: ServiceView): string {
  const own = breaker === null ? [] : [`${service}: ${wordsOf(breaker)}`];
  const ofRoutes = routes.map((one) => `${service}, route ${one.route}: ${wordsOf(one)}`);
  return [
    ...own,
    ...ofRoutes,
    ...endpoints.flatMap((one) => (one.breaker === null ? [] : [`${one.endpoint}: ${wordsOf(one.breaker)}`])),
  ].join('\n');
}
