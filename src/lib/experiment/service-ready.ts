import { AppError } from '../errors/app-error.ts';
import type { ProbeHost } from '../probes/probe.ts';
import { findProbeKind } from '../probes/registry.ts';
import type { ProbeSpec, RunSpec, ServiceSpec } from '../scenario/scenario.ts';
import type { StartedService } from '../services/start-service.ts';
import { formatDurationMs } from '../wire/quantities.ts';

/** A service that the run starts. */
export type OwnServiceSpec = ServiceSpec & { readonly run: RunSpec };

/** How often a service that starts is asked whether it is ready. */
const READY_LOOK_MS = 50;

/**
 * Asks the service's `ready` probe, or else what its protocol allows, until it says yes. Throws AppError `unhealthy` when it exits before, or is
 * not ready in time; the signal's reason when that is aborted.
 */
export async function untilReady(
  service: OwnServiceSpec,
  started: StartedService,
  host: ProbeHost,
  stop: AbortSignal,
): Promise<void> {
  const { clock } = host;
  const { name, run } = service;
  const spec = run.ready ?? defaultReady(service);
  const deadlineMs = clock.monotonicMs() + run.readyWithinMs;
  const watched = { ended: false };
  void started.ended.then(() => (watched.ended = true));
  const measure = spec && findProbeKind(spec.kind).bind(spec.params, spec.expect);
  if (!spec || !measure) return;
  for (;;) {
    stop.throwIfAborted();
    if (watched.ended) throw await exitedEarly(service, started);
    const outcome = await measure(host, Math.min(spec.timeoutMs, Math.max(1, deadlineMs - clock.monotonicMs())), stop);
    if (outcome.ok) return;
    if (clock.monotonicMs() >= deadlineMs) {
      const why = outcome.reason ?? outcome.value;
      throw new AppError(
        'unhealthy',
        `service ${name} is not ready after ${formatDurationMs(run.readyWithinMs)}: ${why}`,
        {
          details: outputLines(started.lastOutput()),
          hint: 'raise readyWithin, or look at what it printed',
        },
      );
    }
    await clock.sleep(READY_LOOK_MS, stop);
  }
}

/** A connection to its first endpoint; datagrams have none, so that its process must do. */
function defaultReady({ name, protocol, endpoints }: OwnServiceSpec): ProbeSpec | undefined {
  if (protocol === 'udp') return { kind: 'process', params: { service: name }, expect: {}, timeoutMs: 1_000 };
  const [first] = endpoints;
  return first && { kind: 'tcp', params: { host: first.host, port: first.port }, expect: {}, timeoutMs: 1_000 };
}

async function exitedEarly({ name, run }: OwnServiceSpec, started: StartedService): Promise<AppError> {
  const { exitCode, signal, lastOutput, failure } = await started.ended;
  const how = failure ?? (signal ? `it was ended by ${signal}` : `it exited with code ${exitCode ?? '?'}`);
  return new AppError('unhealthy', `service ${name} did not start: ${how}`, {
    details: outputLines(lastOutput),
    hint: `it was started as: ${run.command.join(' ')}`,
  });
}

function outputLines(text: string): string[] {
  return text === '' ? [] : text.split('\n').map((line) => `  ${line}`);
}
