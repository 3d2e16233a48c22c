import { ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import type { RunEvent, RunEventBody } from '../../../../src/lib/events/run-events.ts';
import { RunFold } from '../../../../src/lib/telemetry/run-trace/fold.ts';
import { passed, probeResult, runEvents, sampleRun, START_UNIX_MS, started } from '../sample-run.ts';

describe('a run as a trace', () => {
  it('puts services and faults beside the phases and probes inside them, at the times of the events', () => {
    expect(drawTree(foldOf(sampleRun()))).toEqual([
      'run shop 0-3200',
      '  service payments 10-3100',
      '    start 10-200',
      '    stop 3040-3100',
      '  phase before 210-1000',
      '    probe gateway 220-225',
      '  phase during 1000-2005',
      '    probe gateway 1100-1105 ERROR status 503, not 200',
      '    probe gateway 1200-1205 ERROR status 503, not 200',
      '    probe gateway 1300-1305',
      '  fault slow 1001-2004',
      '    inject 1001-1003',
      '    revert 2000-2004',
      '  phase after 2005-3200',
    ]);
  });

  it('gives the same trace again when a journal is replayed', () => {
    expect(drawTree(foldOf(sampleRun()))).toEqual(drawTree(foldOf(sampleRun())));
  });

  it('says on the run what it was and how it ended', () => {
    const events = runEvents([0, started], [100, { ...passed, verdict: 'failed', exitCode: 1, reasons: ['p99: 2s'] }]);
    const run = findSpan(foldOf(events), 'run shop');
    expect(run.attributes).toMatchObject({
      'faultline.run.id': 'run-1',
      'faultline.scenario': 'shop',
      'faultline.seed': 42,
      'faultline.verdict': 'failed',
      'faultline.exit_code': 1,
      'faultline.reasons': ['p99: 2s'],
    });
    expect(run.status).toEqual({ code: 2, message: 'failed; p99: 2s' });
  });

  it('shows on a fault what was asked beside what was delivered', () => {
    expect(findSpan(foldOf(sampleRun()), 'fault slow').attributes).toEqual({
      'faultline.step': 'slow',
      'faultline.step.kind': 'latency',
      'faultline.target': 'service payments',
      'faultline.fault.touched': 90,
      'faultline.fault.requested.delayMs': 300,
      'faultline.fault.requested.percent': 50,
      'faultline.fault.delivered.delayMs.p50': 301.2,
      'faultline.fault.delivered.delayMs.p99': 304.9,
      'faultline.fault.delivered.percent': 49.7,
      'faultline.fault.decisions.seen': 181,
      'faultline.fault.decisions.hit': 90,
      'faultline.fault.decisions.digest': 'abc',
    });
  });

  it('keeps a phase open for its load, which is known only when the next phase has begun', () => {
    const spans = foldOf(sampleRun());
    for (const phase of ['phase before', 'phase during']) {
      expect(findSpan(spans, phase).attributes).toMatchObject({
        'faultline.load.sent': 200,
        'faultline.load.error_ratio': 0.05,
        'faultline.load.p99_ms': 12,
        'faultline.load.errors.http.503': 10,
      });
    }
    expect(findSpan(spans, 'phase after').attributes['faultline.load.sent']).toBeUndefined();
  });

  it('measures recovery on the run', () => {
    expect(findSpan(foldOf(sampleRun()), 'run shop').attributes).toMatchObject({
      'faultline.recovery.broke': true,
      'faultline.recovery.ms': 320,
    });
  });

  it('keeps the greatest lag of the load, not each of them', () => {
    const lags = [3, 8, 5].map((lagMs, index) => [10 + index, { type: 'load.lag', lagMs }] as const);
    const run = findSpan(foldOf(runEvents([0, started], ...lags, [100, passed])), 'run shop');
    expect(run.attributes['faultline.load.max_lag_ms']).toBe(8);
    expect(eventsOf(run)).toEqual([]);
  });

  it('notes a probe on the run when it breaks and when it holds again, not at each result', () => {
    expect(eventsOf(findSpan(foldOf(sampleRun()), 'run shop'))).toEqual([
      ['probe.out_of_tolerance', 1106],
      ['probe.within_tolerance_again', 1306],
    ]);
  });

  it('does not call a probe that is only watched a breach', () => {
    const watched = { ...probeResult(10, false), counts: false };
    const spans = foldOf(runEvents([0, started], [20, watched], [30, passed]));
    expect(findSpan(spans, 'probe gateway').status.code).toBe(0);
    expect(eventsOf(findSpan(spans, 'run shop'))).toEqual([]);
  });

  const slow = { step: 'slow', subject: 'fault' } as const;
  it.each<[name: string, body: RunEventBody, event: string, attributes: object]>([
    [
      'a guard',
      { type: 'guard.tripped', guard: 'errors > 90%', value: '97%', heldMs: 10_000 },
      'guard.tripped',
      { 'faultline.guard': 'errors > 90%', 'faultline.guard.value': '97%' },
    ],
    [
      'a failed step',
      { type: 'step.failed', ...slow, error: 'EPERM', timedOut: false },
      'step.failed',
      { 'faultline.step': 'slow', 'faultline.error': 'EPERM' },
    ],
    [
      'a failed undo',
      { type: 'undo.failed', ...slow, by: 'runner', attempts: 2, error: 'EBUSY', final: false },
      'undo.failed',
      { 'faultline.step': 'slow', 'faultline.error': 'EBUSY', 'faultline.undo.attempts': 2 },
    ],
    [
      'a service that died',
      {
        type: 'service.exited',
        service: 'payments',
        exitCode: null,
        signal: 'SIGKILL',
        expected: false,
        lastOutput: '',
      },
      'service.exited',
      { 'faultline.step': 'payments', 'faultline.error': 'ended by SIGKILL' },
    ],
    [
      'a broken threshold',
      {
        type: 'gate.judged',
        rows: [
          { threshold: 'errors < 1%', held: true, measured: 0, measuredText: '0%', limitText: '1%' },
          {
            threshold: 'http.p99 < 1s',
            held: false,
            measured: 2000,
            measuredText: '2s',
            limitText: '1s',
            detail: 'twice',
          },
        ],
      },
      'gate.broken',
      {
        'faultline.threshold': 'http.p99 < 1s',
        'faultline.threshold.measured': '2s',
        'faultline.threshold.detail': 'twice',
      },
    ],
    [
      'an interruption',
      { type: 'run.interrupted', signal: 'SIGINT', times: 1 },
      'run.interrupted',
      { 'faultline.signal': 'SIGINT' },
    ],
    [
      'a lost guardian',
      { type: 'guardian.lost', pid: 9, reason: 'killed' },
      'guardian.lost',
      { 'faultline.error': 'killed' },
    ],
    [
      'a warning',
      { type: 'note', level: 'warning', text: 'disk is full' },
      'note',
      { 'faultline.note': 'disk is full' },
    ],
  ])('notes %s on the run, once', (_name, body, event, attributes) => {
    const run = findSpan(foldOf(runEvents([0, started], [50, body], [100, passed])), 'run shop');
    expect(eventsOf(run)).toEqual([[event, 50]]);
    expect(run.events[0]!.attributes).toMatchObject(attributes);
  });

  it('marks a fault whose injection failed, and the injection itself', () => {
    const spans = foldOf(
      runEvents(
        [0, started],
        [10, { type: 'step.planned', ...slow, kind: 'latency', target: 'service payments', undo: {} }],
        [20, { type: 'step.failed', ...slow, error: 'timed out', timedOut: true }],
        [30, { type: 'undo.done', ...slow, by: 'runner', attempts: 1, tookMs: 2 }],
        [40, passed],
      ),
    );
    expect(drawTree(spans)).toEqual([
      'run shop 0-40',
      '  fault slow 10-30 ERROR timed out',
      '    inject 10-20 ERROR timed out',
      '    revert 28-30',
    ]);
  });

  it('marks a fault that could not be reverted', () => {
    const spans = foldOf(
      runEvents(
        [0, started],
        [10, { type: 'step.planned', ...slow, kind: 'cpu', target: 'host', undo: {} }],
        [11, { type: 'step.done', ...slow, tookMs: 1 }],
        [30, { type: 'undo.failed', ...slow, by: 'runner', attempts: 1, error: 'EBUSY', final: false }],
        [60, { type: 'undo.failed', ...slow, by: 'runner', attempts: 2, error: 'EBUSY', final: true }],
        [70, { ...passed, verdict: 'dirty', exitCode: 5, reasons: [] }],
      ),
    );
    expect(drawTree(spans)).toEqual([
      'run shop 0-70 ERROR dirty',
      '  fault slow 10-60 ERROR could not be reverted: EBUSY',
      '    inject 10-11',
    ]);
    expect(eventsOf(findSpan(spans, 'fault slow'))).toEqual([
      ['undo.failed', 30],
      ['undo.failed', 60],
    ]);
  });

  it('shows a refused fault as a moment', () => {
    const refused: RunEventBody = { type: 'step.refused', ...slow, kind: 'cpu', target: 'host', error: 'no cgroup' };
    expect(drawTree(foldOf(runEvents([0, started], [10, refused], [20, passed])))).toEqual([
      'run shop 0-20',
      '  fault slow 10-10 ERROR no cgroup',
    ]);
  });

  it('marks a service that died before its time', () => {
    const events = runEvents(
      [0, started],
      [1, { type: 'step.planned', step: 'api', subject: 'service', kind: 'process', target: 'service api', undo: {} }],
      [5, { type: 'step.done', step: 'api', subject: 'service', tookMs: 4 }],
      [50, { type: 'service.exited', service: 'api', exitCode: 3, signal: null, expected: false, lastOutput: '' }],
      [60, { type: 'undo.done', step: 'api', subject: 'service', by: 'runner', attempts: 1, tookMs: 0 }],
      [70, passed],
    );
    expect(findSpan(foldOf(events), 'service api').status.message).toBe('exited with code 3');
  });

  it.each(sampleRun().map((_event, index) => index + 1))(
    'ends every span when the run is cut off after event %i',
    (count) => {
      const events = sampleRun().slice(0, count);
      const spans = foldOf(events);
      expect(spans.filter(({ name }) => name === 'run shop')).toHaveLength(1);
      expect(spans.every(({ ended }) => ended)).toBe(true);
      const orphans = spans.filter(
        ({ parentSpanContext: parent }) => parent && !spans.some((span) => span.spanContext().spanId === parent.spanId),
      );
      expect(orphans).toEqual([]);
      const last = events.at(-1)!;
      expect(findSpan(spans, 'run shop').status.message).toBe(
        last.type === 'run.ended' ? undefined : 'the run was cut off',
      );
    },
  );

  it('takes no notice of what comes before the start or after the end', () => {
    const events = runEvents([0, probeResult(0, false)], [1, started], [9, passed], [10, probeResult(10, false)]);
    expect(foldOf(events).map(({ name }) => name)).toEqual(['run shop']);
  });
});

/** The spans that a run's events become, in the order in which they began. */
function foldOf(events: readonly RunEvent[]): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const fold = new RunFold(provider.getTracer('test'), ROOT_CONTEXT);
  for (const event of events) fold.onEvent(event);
  fold.end();
  return exporter.getFinishedSpans();
}

function findSpan(spans: readonly ReadableSpan[], name: string): ReadableSpan {
  const span = spans.find((candidate) => candidate.name === name);
  if (!span) throw new Error(`no span ${name} among ${spans.map((candidate) => candidate.name).join(', ')}`);
  return span;
}

/** One line a span, children under their parent, in order of their start: `  name start-end ERROR reason`. */
function drawTree(spans: readonly ReadableSpan[], parent?: ReadableSpan, depth = 0): string[] {
  return spans
    .filter((span) => span.parentSpanContext?.spanId === parent?.spanContext().spanId)
    .sort((a, b) => sinceStart(a.startTime) - sinceStart(b.startTime))
    .flatMap((span) => [
      `${'  '.repeat(depth)}${span.name} ${sinceStart(span.startTime)}-${sinceStart(span.endTime)}` +
        (span.status.code === SpanStatusCode.ERROR ? ` ERROR ${span.status.message ?? ''}` : ''),
      ...drawTree(spans, span, depth + 1),
    ]);
}

function eventsOf(span: ReadableSpan): [string, number][] {
  return span.events.map(({ name, time }) => [name, sinceStart(time)]);
}

function sinceStart([seconds, nanos]: [number, number]): number {
  return seconds * 1000 + nanos / 1e6 - START_UNIX_MS;
}
