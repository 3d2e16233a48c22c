import type { MetricsText, Sample } from '../wire/prometheus-text.ts';
import type { Destination } from './protection.ts';
import type { Guard } from './protection/guard.ts';

/** A service that is protected or watched, as the metrics name it. */
export interface GuardedService {
  readonly service: string;
  readonly guard: Guard;
}

const BREAKER_STATES = ['closed', 'open', 'half-open'] as const;

/** What protects services, and their endpoints as the balancer sees them. */
export function addProtection(text: MetricsText, services: readonly GuardedService[], nowMs: number): void {
  const views = services.map(({ service, guard }) => ({ listener: service, guard, view: guard.view(nowMs) }));
  const ofEndpoints = (read: (endpoint: Destination) => number): Sample[] =>
    views.flatMap(({ listener, guard }) =>
      guard.destinations.list.map((endpoint): Sample => [{ listener, endpoint: endpoint.id }, read(endpoint)]),
    );
  text.gauge(
    'faultline_endpoint_healthy',
    '1: it gets requests; 0: its checks fail.',
    ofEndpoints((e) => (e.isHealthy ? 1 : 0)),
  );
  text.gauge(
    'faultline_endpoint_weight',
    'Its share beside the others; 0 while drained.',
    ofEndpoints((e) => e.weight),
  );
  text.gauge(
    'faultline_endpoint_in_flight',
    'Requests and tunnels under way at it.',
    ofEndpoints((e) => e.inFlight),
  );
  text.counter(
    'faultline_endpoint_requests_total',
    'Requests sent to it that have ended; cancelled: by the one who asked.',
    views.flatMap(({ listener, guard }) => guard.destinations.list.flatMap((one) => resultsOf(listener, one))),
  );
  const breakers = views.flatMap(({ listener, view }) =>
    view.breakers.map((breaker) => ({
      labels: {
        listener,
        endpoint: breaker.endpoint ?? '',
        ...(breaker.route === undefined ? {} : { route: breaker.route }),
      },
      breaker,
    })),
  );
  text.gauge(
    'faultline_breaker_state',
    '1 for the state that the breaker is in; without an endpoint, the breaker of the service.',
    breakers.flatMap(({ labels, breaker }) =>
      BREAKER_STATES.map((state): Sample => [{ ...labels, state }, breaker.state === state ? 1 : 0]),
    ),
  );
  text.counter(
    'faultline_breaker_rejected_total',
    'Requests that the breaker has not let through.',
    breakers.map(({ labels, breaker }): Sample => [labels, breaker.counts.rejected]),
  );
  text.counter(
    'faultline_limit_decisions_total',
    'Requests by what the rate limit decided; in shadow mode, would have.',
    views.flatMap(({ listener, view }) =>
      view.limits.flatMap(({ name, admitted, refused }): Sample[] => [
        [{ listener, limit: name, decision: 'admitted' }, admitted],
        [{ listener, limit: name, decision: 'refused' }, refused],
      ]),
    ),
  );
  text.counter(
    'faultline_retries_total',
    'Requests that were sent again.',
    views.map(({ listener, view }): Sample => [{ listener }, view.retries]),
  );
  text.counter(
    'faultline_fallbacks_total',
    'Answers given in the place of the service.',
    views.map(({ listener, view }): Sample => [{ listener }, view.fallbacks]),
  );
}

function resultsOf(listener: string, { id: endpoint, traffic }: Destination): Sample[] {
  if (traffic === undefined) return [];
  const { requests, failures, cancelled } = traffic;
  return [
    [{ listener, endpoint, result: 'ok' }, requests - failures - cancelled],
    [{ listener, endpoint, result: 'failed' }, failures],
    [{ listener, endpoint, result: 'cancelled' }, cancelled],
  ];
}
