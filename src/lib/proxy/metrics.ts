import { MetricsText } from '../wire/prometheus-text.ts';
import { HTTP_DURATION_BOUNDS_SECONDS } from '../wire/fixed-histogram.ts';
import { SPOKEN, type Counters } from './counters.ts';
import { DELAY_BOUNDS_SECONDS } from './delay-meter.ts';
import type { InstalledFilter } from './installed-filter.ts';
import { addProtection } from './protection-metrics.ts';
import type { ServiceListener } from './listener.ts';

export { CONTENT_TYPE as METRICS_CONTENT_TYPE } from '../wire/prometheus-text.ts';

/** A service as the metrics name it. */
export interface MeasuredService {
  readonly service: string;
  readonly address: string;
  readonly upstream: string;
  readonly listener: ServiceListener;
}

type Labels = Record<string, string>;
type Samples = [Labels, number][];

/**
 * Everything that listeners and faults have counted, in the Prometheus text format: rate, errors and duration of each listener, and what each
 * fault saw, chose, hurt and delivered. The two `toxiproxy_` names are those that Toxiproxy's users have in their dashboards.
 */
export function formatProxyMetrics(services: readonly MeasuredService[], nowMs: number): string {
  const text = new MetricsText();
  addConnections(text, services);
  addRequests(text, services);
  addFaults(text, services);
  const guarded = services.flatMap(({ service, listener: { guard } }) =>
    guard === undefined ? [] : [{ service, guard }],
  );
  if (guarded.length > 0) addProtection(text, guarded, nowMs);
  addBytes(text, services);
  return text.toString();
}

function addConnections(text: MetricsText, services: readonly MeasuredService[]): void {
  const of = (read: (counters: Counters) => number): Samples =>
    services.map(({ service, listener }) => [{ listener: service }, read(listener.counters)]);
  text.counter(
    'faultline_proxy_connections_total',
    'Connections accepted; for UDP, flows.',
    of((c) => c.connections),
  );
  text.gauge(
    'faultline_proxy_open_connections',
    'Connections that are open.',
    of((c) => c.openConnections),
  );
  text.counter(
    'faultline_proxy_spoken_total',
    'Connections by what they turned out to speak.',
    services.flatMap(({ service, listener }) =>
      SPOKEN.map((spoken): [Labels, number] => [{ listener: service, spoken }, listener.counters.spoken[spoken]]),
    ),
  );
  text.counter(
    'faultline_proxy_fallbacks_total',
    'Connections passed on as raw bytes because they could not be read.',
    of((c) => c.fallbacks),
  );
  text.counter(
    'faultline_proxy_dial_failures_total',
    'Connections to the service that failed.',
    of((c) => c.dialFailures),
  );
  text.counter(
    'faultline_proxy_tls_failures_total',
    'TLS handshakes with clients that failed.',
    of((c) => c.tlsFailures),
  );
  text.counter(
    'faultline_proxy_errors_total',
    'Requests with a status of 500 and above or without a complete answer; raw connections that ended by an error.',
    of((c) => c.errors),
  );
  text.counter(
    'faultline_proxy_datagrams_total',
    'Datagrams.',
    services.flatMap(({ service, listener: { counters } }): Samples => [
      [{ listener: service, direction: 'upstream' }, counters.datagramsIn],
      [{ listener: service, direction: 'downstream' }, counters.datagramsOut],
    ]),
  );
}

function addRequests(text: MetricsText, services: readonly MeasuredService[]): void {
  text.gauge(
    'faultline_proxy_requests_in_flight',
    'Requests without a complete answer.',
    services.map(({ service, listener }) => [{ listener: service }, listener.counters.inFlight]),
  );
  const measured = services.flatMap(({ service, listener }) =>
    [...listener.metrics.byProtocol].map(([protocol, metrics]) => ({
      labels: { listener: service, protocol },
      metrics,
    })),
  );
  text.counter(
    'faultline_proxy_requests_total',
    'Requests by their result: an HTTP status, a gRPC status, or why there is no answer.',
    measured.flatMap(({ labels, metrics }) =>
      [...metrics.results].map(([result, count]): [Labels, number] => [{ ...labels, result }, count]),
    ),
  );
  text.histogram(
    'faultline_proxy_request_duration_seconds',
    'From the head of a request to the end of its answer.',
    { boundsSeconds: HTTP_DURATION_BOUNDS_SECONDS },
    measured.map(({ labels, metrics }): [Labels, typeof metrics.durationSeconds] => [labels, metrics.durationSeconds]),
  );
}

function addFaults(text: MetricsText, services: readonly MeasuredService[]): void {
  const faults = services.flatMap(({ service, listener }) =>
    listener.chain.all.map((filter) => ({
      labels: { listener: service, fault: filter.id, kind: filter.kind },
      filter,
    })),
  );
  const of = (read: (filter: InstalledFilter) => number): Samples =>
    faults.map(({ labels, filter }) => [labels, read(filter)]);
  text.counter(
    'faultline_fault_seen_total',
    'What a fault in force is meant for.',
    of(({ account }) => account.seen),
  );
  text.counter(
    'faultline_fault_hit_total',
    'What it has chosen.',
    of(({ account }) => account.hit),
  );
  text.counter(
    'faultline_fault_touched_total',
    'What it has hurt.',
    of(({ account }) => account.touched),
  );
  text.counter(
    'faultline_fault_deeds_total',
    'What it has done, by kind of deed.',
    faults.flatMap(({ labels, filter }) =>
      [...filter.account.deeds].map(([deed, count]): [Labels, number] => [{ ...labels, deed }, count]),
    ),
  );
  text.histogram(
    'faultline_fault_delay_seconds',
    'The delays that it has delivered.',
    { boundsSeconds: DELAY_BOUNDS_SECONDS },
    faults.flatMap(({ labels, filter }) =>
      filter.account.delays === undefined ? [] : [[labels, filter.account.delays.histogram]],
    ),
  );
}

function addBytes(text: MetricsText, services: readonly MeasuredService[]): void {
  const of = (read: (counters: Counters) => readonly [up: number, down: number]): Samples =>
    services.flatMap(({ service, address, upstream, listener }): Samples => {
      const [up, down] = read(listener.counters);
      const labels = { proxy: service, listener: address, upstream };
      return [
        [{ direction: 'upstream', ...labels }, up],
        [{ direction: 'downstream', ...labels }, down],
      ];
    });
  const received = of(({ bytesIn, bytesOut }) => [bytesIn, bytesOut]);
  text.counter('faultline_proxy_bytes_total', 'Bytes that came in, before any fault.', received);
  text.counter('toxiproxy_proxy_received_bytes_total', 'Bytes that came in, before any fault.', received);
  text.counter(
    'toxiproxy_proxy_sent_bytes_total',
    'Bytes that went on, by connections that have ended.',
    of(({ sentUp, sentDown }) => [sentUp, sentDown]),
  );
}
