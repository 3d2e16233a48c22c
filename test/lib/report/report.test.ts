import { describe, expect, it } from 'vitest';
import type { RunEventBody } from '../../../src/lib/events/run-events.ts';
import { formatReport, formatFacts } from '../../../src/lib/report/formats/text.ts';
import { createPaint } from '../../../src/lib/report/paint.ts';
import { createPlainFormat } from '../../../src/lib/report/plain-events.ts';
import { createReport } from '../../../src/lib/report/run-report.ts';
import { load, runStarted, stamped } from '../../support/run-events.ts';

const RUN: RunEventBody[] = [
  runStarted(),
  { type: 'phase.started', phase: 'before' },
  { type: 'phase.started', phase: 'during' },
  { type: 'step.planned', step: 'slow', subject: 'fault', kind: 'latency', target: 'service a', undo: null },
  { type: 'step.done', step: 'slow', subject: 'fault', tookMs: 0.4 },
  {
    type: 'fault.effect',
    fault: 'slow',
    kind: 'latency',
    target: 'service a',
    startedMs: 3000,
    endedMs: 5000,
    effect: {
      touched: 200,
      requested: { delayMs: 300, percent: 100 },
      delivered: { delayMs: { p50: 300.6, p99: 304.2 }, percent: 100 },
      decisions: { seen: 200, hit: 200, digest: 'abc' },
    },
  },
  { type: 'undo.done', step: 'slow', subject: 'fault', by: 'runner', attempts: 1, tookMs: 0.2 },
  { type: 'phase.started', phase: 'after' },
  { type: 'recovery.measured', broke: true, fromFaultEndMs: 450, fromFaultStartMs: 3450, heldForMs: 2000 },
  { type: 'load.phase', phase: 'during', seconds: 2, summary: load(200, 3, 310), histogram: '' },
  {
    type: 'gate.judged',
    rows: [
      { threshold: 'http.p99 during < 800ms', held: true, measured: 310, measuredText: '310ms', limitText: '< 800ms' },
      {
        threshold: 'errors during < 1%',
        held: false,
        measured: 1.5,
        measuredText: '1.5%',
        limitText: '< 1%',
        detail: '0.5 percentage points over the limit',
      },
    ],
  },
  { type: 'run.ended', verdict: 'failed', exitCode: 1, reasons: ['errors during < 1%: measured 1.5%'], by: 'runner' },
];

describe('report', () => {
  it('holds what --json promises', () => {
    const report = createReport(stamped(RUN));
    expect(report).toMatchObject({ run: 'r1', verdict: 'failed', exitCode: 1, recoveryMs: 450, inForce: [] });
    expect(report.phases.map(({ phase, durationMs }) => [phase, durationMs])).toEqual([
      ['before', 1000],
      ['during', 5000],
      ['after', 4000],
    ]);
    expect(report.faults).toEqual([
      {
        id: 'slow',
        kind: 'latency',
        target: 'service a',
        requested: { delayMs: 300, percent: 100 },
        delivered: { delayMs: { p50: 300.6, p99: 304.2 }, percent: 100 },
        touched: 200,
        decisions: { seen: 200, hit: 200, digest: 'abc' },
        startedMs: 3000,
        endedMs: 5000,
        note: null,
      },
    ]);
    expect(report.gate).toHaveLength(2);
  });

  it('of a run that goes on says so, and what is in force', () => {
    const report = createReport(stamped(RUN.slice(0, 6)));
    expect(report).toMatchObject({ verdict: 'running', exitCode: null, inForce: ['slow (latency on service a)'] });
  });

  it('reads from top to bottom: verdict, why, numbers', () => {
    const text = formatReport(createReport(stamped(RUN)), createPaint(false));
    expect(text).toMatchInlineSnapshot(`
      "✗ FAILED demo (exit 1)
        errors during < 1%: measured 1.5%

        LOAD
                     requests  errors    p50    p90    p99    max  failed by
          during 5s       200    1.5%  310ms  310ms  310ms  310ms  http.503 ×3

        FAULTS
          slow  latency on service a  +3s … +5s
            asked      delay 300ms  percent 100%
            delivered  delay p50 301ms p99 304ms  percent 100%
            touched    200 (200 of 200 chosen, digest abc)

        STEADY STATE
          recovery: 450ms after the last fault ended, 3.45s after the first fault began; held for 2s

        GATE
          ✓ http.p99 during < 800ms  310ms
          ✗ errors during < 1%       1.5%  0.5 percentage points over the limit

        run r1  seed 42  11s  chaos show r1"
    `);
  });

  it('colours nothing when told so', () => {
    const escape = '\u001b';
    expect(formatReport(createReport(stamped(RUN)), createPaint(false))).not.toContain(escape);
    expect(formatReport(createReport(stamped(RUN)), createPaint(true))).toContain(`${escape}[31m✗ FAILED`);
  });

  it.each([
    [{ delayMs: 300, percent: 30 }, 'delay 300ms  percent 30%'],
    [{ delayMs: { p50: 1.5, p99Ms: 20 } }, 'delay p50 1.5ms p99 20ms'],
    [{ status: 503, match: null, cores: [0, 1] }, 'status 503  cores 0,1'],
    [{ percent: 50, cutShort: 3 }, 'percent 50%  cut short 3 (the caller hung up, or the fault ended)'],
    [{}, '–'],
  ])('writes %j as %s', (facts, text) => {
    expect(formatFacts(facts)).toBe(text);
  });
});

describe('plain event lines', () => {
  it('say each thing once: one line an event, none for a probe that stays as it was', () => {
    const probe = (ok: boolean): RunEventBody => ({
      type: 'probe.result',
      probe: 'up',
      kind: 'http',
      phase: 'before',
      counts: true,
      ok,
      value: '200',
      ...(!ok && { reason: 'timed out' }),
      startedMs: 0,
      tookMs: 1,
    });
    const format = createPlainFormat();
    const lines = stamped([
      ...RUN.slice(0, 2),
      probe(true),
      probe(true),
      probe(false),
      probe(false),
      probe(true),
      ...RUN.slice(4),
    ]).map(format);
    expect(lines.filter((line) => line !== undefined)).toMatchInlineSnapshot(`
      [
        "00:00.000 run start name=demo run=r1 seed=42",
        "00:01.000 phase before",
        "00:04.000 probe "up" OUT OF TOLERANCE timed out",
        "00:06.000 probe "up" within tolerance again: 200",
        "00:07.000 fault slow in force after 400us",
        "00:08.000 fault slow effect touched=200 requested={"delayMs":300,"percent":100} delivered={"delayMs":{"p50":300.6,"p99":304.2},"percent":100}",
        "00:09.000 fault slow reverted by=runner took=200us",
        "00:10.000 phase after",
        "00:11.000 recovery 450ms after the last fault",
        "00:12.000 load during in 2.0s requests=200 errors=1.5% p50=310ms p99=310ms max=310ms",
        "00:13.000 gate 1 of 2 held",
        "00:14.000 run end verdict=failed exit=1 by=runner",
      ]
    `);
    for (const line of lines) expect(line ?? '').not.toContain('\n');
  });
});
