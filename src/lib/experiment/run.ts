import { AppError } from '../errors/app-error.ts';
import type { ExitName } from '../errors/exit-codes.ts';
import { createEventBus } from '../events/bus.ts';
import type { OperatorEventBody } from '../events/operator-events.ts';
import type { ProxyEvent } from '../events/proxy-events.ts';
import type { GateRow, RunEvent, RunEventBody, Verdict } from '../events/run-events.ts';
import { lookupWatchedService } from './watched-service.ts';
import { WatchedServices } from './watched-services.ts';
import { openProxy, type Proxy } from '../proxy/proxy.ts';
import { bootId, selfRef } from '../runtime/processes.ts';
import { openJournal } from '../store/journal.ts';
import { RunStopped, type Ending } from './ending.ts';
import { createMeasuring, type Measurements } from './measurements.ts';
import { createPatience, stopRun, type RunContext, type RunOptions } from './run-context.ts';
import { recordCounts } from './record-counts.ts';
import { createRunLog } from './run-log.ts';
import { runPhases, type OpenParts } from './run-phases.ts';
import { Saga } from './saga.ts';

/** How a run ended; what `judge` made of it. */
export interface RunResult {
  readonly verdict: Verdict;
  readonly exitName: ExitName;
  readonly exitCode: number;
  readonly reasons: readonly string[];
  readonly gate: readonly GateRow[];
}

export interface Judging {
  readonly ending: Ending;
  readonly measurements: Measurements;
  /** What could not be taken back. */
  readonly stuck: readonly string[];
}

/** Turns what was measured into a verdict; reports live above this room, so it is handed in. */
export type Judge = (file: Judging) => RunResult;

/** A run that goes on. */
export interface RunHandle {
  /** Ends the run early: the first call reverts everything in order, a second one also cuts every grace short. */
  interrupt(signal: string): void;
  /** Ends the run because of a mistake of ours somewhere in this process; everything is reverted. */
  fail(error: Error): void;
  /** Never rejects: whatever happens becomes a verdict. */
  readonly finished: Promise<RunResult>;
}

/**
 * Starts a run: journal first, then everything else. Throws AppError when the journal cannot be opened; then nothing was started at all.
 */
export async function startRun(options: RunOptions, judge: Judge): Promise<RunHandle> {
  const { clock } = options;
  const stop = new AbortController();
  const patience = createPatience();
  const warnings: string[] = [];
  const journal = await openJournal(options.stateDirectory, (message) => warnings.push(message), clock);
  const fail = (error: unknown): void =>
    stopRun({ stop }, { kind: 'bug', error: error instanceof Error ? error : new Error(String(error)) });
  const bus = createEventBus<RunEvent>(fail);
  const measuring = createMeasuring();
  bus.subscribe((event) => measuring.onEvent(event));
  bus.subscribe(options.onEvent);
  const log = createRunLog({
    run: options.run,
    clock,
    journal,
    bus,
    redact: options.redact,
    onJournalFailure: (error) => stopRun({ stop }, { kind: 'not-injected', reasons: [error.message] }),
  });
  const proxy = openProxy({
    clock,
    tracer: options.proxyTracer,
    // What it opens and injects is recorded by those who ask for it.
    onEvent: (event) => {
      if (event.type === 'proxy.note') log.record({ type: 'note', level: event.level, text: event.text });
      if (isOfProtection(event)) log.record(bodyOf(event));
    },
  });
  const open: OpenParts = {};
  const watched = new WatchedServices(clock, ({ unixMs: _unixMs, ...body }) => log.record(body), { checks: 'later' });
  const context: RunContext = {
    ...options,
    watched,
    lookupService: (service) => lookupWatchedService(proxy, watched, service),
    log,
    stop,
    patience,
    saga: new Saga(log, clock, patience.retry),
    host: { clock, proxy, cgroupRoot: options.cgroupRoot },
  };
  let interrupts = 0;

  const execute = async (): Promise<RunResult> => {
    const reached = await conduct(context, proxy, open, warnings);
    await takeBack(context, proxy, open, reached);
    // What went wrong while the run was taken back counts as well.
    const ending = reached.kind === 'completed' && stop.signal.aborted ? endingOf(stop.signal.reason) : reached;
    const judged = judge({ ending, measurements: measuring.current(), stuck: context.saga.stuck });
    const isWritten = await writeEnd(context, judged);
    await journal.close();
    if (isWritten) {
      open.guardian?.release();
      return judged;
    }
    // Without an end in the journal the guardian is not released: when this process is gone it looks once more, and writes the end.
    if (judged.exitCode !== 0) return judged;
    const reasons = [log.failure?.message ?? 'the end of the run could not be written'];
    return judge({ ending: { kind: 'not-injected', reasons }, measurements: measuring.current(), stuck: [] });
  };

  return {
    interrupt(signal) {
      interrupts++;
      patience.hurried ||= interrupts > 1;
      log.record({ type: 'run.interrupted', signal, times: interrupts });
      stopRun(context, { kind: 'interrupted', signal });
    },
    fail,
    finished: execute(),
  };
}

type ProtectionEvent = Extract<
  ProxyEvent,
  { type: 'breaker.changed' | 'limit.changed' | 'panic.entered' | 'panic.left' }
>;

function isOfProtection(event: ProxyEvent): event is ProtectionEvent {
  return ['breaker.changed', 'limit.changed', 'panic.entered', 'panic.left'].includes(event.type);
}

/** The journal has its own times. */
function bodyOf({ unixMs: _unixMs, ...body }: ProtectionEvent): RunEventBody {
  return body;
}

/** How long a slow disk may keep the end of a run waiting. */
const END_WAIT_MS = 10_000;

/** Everything up to the end of the after phase, or up to what stopped the run. */
async function conduct(
  context: RunContext,
  proxy: Proxy,
  open: OpenParts,
  warnings: readonly string[],
): Promise<Ending> {
  const { log, clock, scenario, timeoutMs } = context;
  const cancelTimeout =
    timeoutMs === undefined
      ? undefined
      : clock.after(timeoutMs, () =>
          stopRun(context, { kind: 'guard', guard: `--timeout ${timeoutMs}ms`, reason: 'the run took longer' }),
        );
  try {
    const { name, file } = scenario;
    const { seed, version, plan } = context;
    await log.recordDurably({ type: 'run.started', name, file, seed, version, ...selfRef(), bootId: bootId(), plan });
    const warn = (text: string): void => log.record({ type: 'note', level: 'warning', text });
    for (const text of warnings) warn(text);
    const record = (action: OperatorEventBody): Promise<void> => log.recordDurably(action);
    open.control = await context.openControl({ proxy, watched: context.watched, record, onNote: warn });
    await runPhases(context, proxy, open);
    return { kind: 'completed' };
  } catch (error) {
    const ending = endingOf(context.stop.signal.aborted ? context.stop.signal.reason : error);
    if (ending.kind === 'bug' || ending.kind === 'error') {
      log.record({ type: 'run.error', error: ending.error.message, bug: ending.kind === 'bug' });
    }
    return ending;
  } finally {
    cancelTimeout?.();
  }
}

/** Faults first, the last completed first; then the load, the probes, the services, the proxies. Nothing here may keep the rest from it. */
async function takeBack(
  { saga, log, stop, watched }: RunContext,
  proxy: Proxy,
  open: OpenParts,
  ending: Ending,
): Promise<void> {
  open.stopGuards?.();
  // What a fault keeps down is not started only to be stopped.
  open.services?.endRestarts();
  await saga.compensateAll('fault', 'reverse');
  open.services?.expectExits();
  for (const close of [
    // Services that we stop ourselves are not found ill.
    () =>
      endLoad(open.load, ending, stop.signal).finally(() => {
        recordCounts(log, proxy);
        watched.close();
      }),
    () => open.watch?.stop(),
    () => saga.compensateAll('service', 'together'),
    () => proxy.close(),
    () => open.control?.close(),
  ]) {
    try {
      await close();
    } catch (error) {
      log.record({ type: 'note', level: 'warning', text: `while ending the run: ${String(error)}` });
    }
  }
}

/** Waits for the requests that are open, unless the run was or is cut short. */
async function endLoad(load: OpenParts['load'], ending: Ending, stop: AbortSignal): Promise<void> {
  const drop = (): void => void load?.stop('drop');
  stop.addEventListener('abort', drop, { once: true });
  await load?.stop(ending.kind === 'completed' ? 'drain' : 'drop');
  stop.removeEventListener('abort', drop);
}

/** Whether the end of the run is on disk. */
async function writeEnd({ log, clock }: RunContext, { gate, verdict, exitCode, reasons }: RunResult): Promise<boolean> {
  log.record({ type: 'gate.judged', rows: gate });
  const written = log.recordDurably({ type: 'run.ended', verdict, exitCode, reasons, by: 'runner' }).then(
    () => true,
    () => false,
  );
  const { promise: late, resolve: giveUp } = Promise.withResolvers<boolean>();
  const cancel = clock.after(END_WAIT_MS, () => giveUp(false));
  const isWritten = await Promise.race([written, late]);
  cancel();
  return isWritten;
}

function endingOf(error: unknown): Ending {
  if (error instanceof RunStopped) return error.ending;
  if (error instanceof AppError) return { kind: 'error', error };
  return { kind: 'bug', error: error instanceof Error ? error : new Error(String(error)) };
}
