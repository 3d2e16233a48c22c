import type { Attributes, Context, Tracer } from '@opentelemetry/api';
import type { RunEvent, RunEventOf } from '../../events/run-events.ts';
import { failSpan, openSpan, type OpenSpan } from './open-span.ts';
import { PhaseSpans } from './phase-spans.ts';
import { describeExit, StepSpans } from './step-spans.ts';

/**
 * A run's events as one trace. Times are those of the events, so a journal that is replayed gives the same trace.
 *
 *   run checkout                ├────────────────────────────────────────────────────────────┤
 *     service payments          ├───────────────────────────────────────────────────────────┤
 *       start                   ├──┤
 *     phase before                 ├────────┤
 *       probe gateway-answers        ├┤  ├┤
 *     phase during                          ├────────────────────────┤
 *     fault slow-payments                   ├───────────┤
 *     phase after                                                    ├────────────────────┤
 *
 * What went wrong is said twice: as the status of the span that it happened in, and as an event on the run's own span, where one sees all
 * of it in order.
 */
export class RunFold {
  readonly #tracer: Tracer;
  readonly #parent: Context;
  readonly #phases: PhaseSpans;
  readonly #steps: StepSpans;
  /** Probes that were out of tolerance at their last result: only changes are worth an event. */
  readonly #broken = new Set<string>();
  #run: (OpenSpan & { readonly startUnixMs: number }) | undefined;
  #lastUnixMs = 0;
  #maxLagMs = 0;

  constructor(tracer: Tracer, parent: Context) {
    this.#tracer = tracer;
    this.#parent = parent;
    this.#phases = new PhaseSpans(tracer);
    this.#steps = new StepSpans(tracer);
  }

  onEvent(event: RunEvent): void {
    this.#lastUnixMs = event.unixMs;
    if (event.type === 'run.started') this.#start(event);
    else if (this.#run) this.#onRunEvent(event, this.#run);
  }

  /** Ends all that is open, for a run that was cut off: at its last event. */
  end(): void {
    if (!this.#run) return;
    failSpan(this.#run, 'the run was cut off');
    this.#endAll(this.#run, this.#lastUnixMs);
  }

  #start(event: RunEventOf<'run.started'>): void {
    const startUnixMs = event.unixMs - event.sinceStartMs;
    const span = openSpan(this.#tracer, this.#parent, `run ${event.name}`, startUnixMs, {
      'faultline.run.id': event.run,
      'faultline.scenario': event.name,
      'faultline.scenario.file': event.file,
      'faultline.seed': event.seed,
    });
    this.#run = { ...span, startUnixMs };
  }

  #onRunEvent(event: Exclude<RunEvent, { type: 'run.started' }>, run: OpenSpan & { startUnixMs: number }): void {
    const say = (attributes: Attributes): void => void run.span.addEvent(event.type, attributes, event.unixMs);
    switch (event.type) {
      case 'phase.started':
        this.#phases.onStarted(event, run.context);
        break;
      case 'load.phase':
        this.#phases.onLoad(event);
        break;
      case 'probe.result':
        this.#phases.onProbe(event, run.context, run.startUnixMs);
        this.#noteProbe(event, run);
        break;
      case 'probe.step':
        say(probeAttributes(event));
        break;
      case 'step.planned':
        this.#steps.onPlanned(event, run.context);
        break;
      case 'step.done':
        this.#steps.onDone(event);
        break;
      case 'step.failed':
        this.#steps.onFailed(event);
        say({
          'faultline.step': event.step,
          'faultline.error': event.error,
          'faultline.step.timed_out': event.timedOut,
        });
        break;
      case 'step.refused':
        this.#steps.onRefused(event, run.context);
        say({ 'faultline.step': event.step, 'faultline.error': event.error });
        break;
      case 'fault.effect':
        this.#steps.onEffect(event);
        break;
      case 'undo.done':
        this.#steps.onUndoDone(event);
        break;
      case 'undo.failed':
        this.#steps.onUndoFailed(event);
        say({
          'faultline.step': event.step,
          'faultline.error': event.error,
          'faultline.undo.attempts': event.attempts,
          'faultline.undo.final': event.final,
        });
        break;
      case 'service.exited':
        this.#steps.onServiceExited(event);
        if (!event.expected) say({ 'faultline.step': event.service, 'faultline.error': describeExit(event) });
        break;
      case 'guard.tripped':
        say({ 'faultline.guard': event.guard, 'faultline.guard.value': event.value });
        break;
      case 'guardian.lost':
        say({ 'faultline.error': event.reason });
        break;
      case 'run.interrupted':
        say({ 'faultline.signal': event.signal });
        break;
      case 'run.error':
        say({ 'faultline.error': event.error });
        break;
      case 'load.lag':
        this.#maxLagMs = Math.max(this.#maxLagMs, event.lagMs);
        run.span.setAttribute('faultline.load.max_lag_ms', this.#maxLagMs);
        break;
      case 'recovery.measured':
        run.span.setAttribute('faultline.recovery.broke', event.broke);
        if (event.fromFaultEndMs !== null) run.span.setAttribute('faultline.recovery.ms', event.fromFaultEndMs);
        break;
      case 'gate.judged':
        for (const row of event.rows) if (!row.held) this.#noteThreshold(row, run, event.unixMs);
        break;
      case 'run.ended':
        this.#onEnded(event, run);
        break;
      case 'note':
        if (event.level === 'warning') say({ 'faultline.note': event.text });
        break;
      case 'breaker.changed':
        say({
          'faultline.service': event.service,
          ...(event.route === undefined ? {} : { 'faultline.route': event.route }),
          'faultline.breaker.state': event.to,
          'faultline.reason': event.reason,
        });
        break;
      case 'limit.changed':
        say({
          'faultline.service': event.service,
          'faultline.limit': event.limit,
          'faultline.limit.refuses': event.refuses,
        });
        break;
      case 'operator.acted':
        say({ 'faultline.service': event.service, 'faultline.action': event.action, 'faultline.by': event.by });
        break;
      case 'endpoint.healthy':
      case 'endpoint.unhealthy':
        say({
          'faultline.service': event.service,
          'faultline.endpoint': event.address,
          'faultline.reason': event.reason,
        });
        break;
      case 'protection.counted':
      case 'endpoint.registered':
      case 'endpoint.expired':
      case 'endpoint.deregistered':
      case 'endpoint.drained':
      case 'endpoint.undrained':
      case 'panic.entered':
      case 'panic.left':
      case 'guardian.started':
      case 'service.ready':
      case 'proxy.listening':
      case 'load.second':
        break;
    }
  }

  #noteProbe(event: RunEventOf<'probe.result'>, { span }: OpenSpan): void {
    if (!event.counts || event.ok !== this.#broken.has(event.probe)) return;
    if (event.ok) this.#broken.delete(event.probe);
    else this.#broken.add(event.probe);
    span.addEvent(
      event.ok ? 'probe.within_tolerance_again' : 'probe.out_of_tolerance',
      { ...probeAttributes(event), 'faultline.phase': event.phase },
      event.unixMs,
    );
  }

  #noteThreshold(row: RunEventOf<'gate.judged'>['rows'][number], { span }: OpenSpan, unixMs: number): void {
    span.addEvent(
      'gate.broken',
      {
        'faultline.threshold': row.threshold,
        'faultline.threshold.measured': row.measuredText,
        ...(row.detail === undefined ? {} : { 'faultline.threshold.detail': row.detail }),
      },
      unixMs,
    );
  }

  #onEnded(event: RunEventOf<'run.ended'>, run: OpenSpan): void {
    run.span.setAttributes({ 'faultline.verdict': event.verdict, 'faultline.reasons': [...event.reasons] });
    if (event.exitCode !== null) run.span.setAttribute('faultline.exit_code', event.exitCode);
    if (event.verdict !== 'passed') failSpan(run, [event.verdict, ...event.reasons].join('; '));
    this.#endAll(run, event.unixMs);
  }

  #endAll(run: OpenSpan, unixMs: number): void {
    this.#steps.endAll(unixMs);
    this.#phases.endAll(unixMs);
    run.span.end(unixMs);
    this.#run = undefined;
  }
}

function probeAttributes(event: RunEventOf<'probe.result'> | RunEventOf<'probe.step'>): Attributes {
  return {
    'faultline.probe': event.probe,
    'faultline.probe.ok': event.ok,
    'faultline.probe.value': event.value,
    ...(event.reason === undefined ? {} : { 'faultline.probe.reason': event.reason }),
  };
}
