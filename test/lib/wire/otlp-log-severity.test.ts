import { describe, expect, it } from 'vitest';
import { createLogKernel } from '../../../src/lib/wire/otlp-log-kernel.ts';
import { createSmallKernel, type DecodedRecord, ship } from './log-kernel-input.ts';

const FILE = { path: '/var/log/app/server.log', id: '00fd01-1a2b3c' };

/** A line, then severity number and text; undefined where it has none. */
const LINES: readonly (readonly [line: string, number?: number, text?: string])[] = [
  ['2026/12/01 10:00:00 [error] 12#0: *5 open() failed', 17, 'error'],
  ['[Tue Dec 01 10:00:00.123456 2026] [core:warn] [pid 42] AH00094', 13, 'warn'],
  ['[proxy_http:crit] AH1', 18, 'crit'],
  ['[NOTICE] started', 10, 'NOTICE'],
  ['[main] INFO  com.example.App - started', 9, 'INFO'],
  ['time=2026-12-01T10:00:00Z level=info msg="listening"', 9, 'info'],
  ['level=warning msg=x', 13, 'warning'],
  ['ts=1 lvl=eror lvl=err', 17, 'err'],
  ['level="fatal" msg="ERROR in it"', 21, 'fatal'],
  ['severity=DEBUG', 5, 'DEBUG'],
  ['{"level":"error","msg":"x"}', 17, 'error'],
  ['{"time":"t","level": "Warn", "msg":"x"}', 13, 'Warn'],
  ['{"msg":"ERROR [error] is a word here","severity":"INFO"}', 9, 'INFO'],
  ['{"msg":"ERROR is a word here"}'],
  ['{"log.level":"trace"}', 1, 'trace'],
  ['{"log_level" : "critical"}', 18, 'critical'],
  ['{"level":30,"time":1,"msg":"pino"}', 9],
  ['{"level":60}', 21],
  ['{"level":70}'],
  ['{"level":3}'],
  ['{"level":"unknown"}'],
  ['Dec  1 10:00:00 web app[12]: ERROR disk full', 17, 'ERROR'],
  ['Dec  1 10:00:00 web app[12]: an error occurred'],
  ['2026-12-01 10:00:00,123 WARNING root: x', 13, 'WARNING'],
  ['2026-12-01 10:00:00 SEVERE: x', 17, 'SEVERE'],
  ['INFO:root:x', 9, 'INFO'],
  ['FATAL', 21, 'FATAL'],
  ['ERR', 17, 'ERR'],
  ['x|DEBUG|y', 5, 'DEBUG'],
  ['(TRACE) y', 1, 'TRACE'],
  ['PANIC: x', 21, 'PANIC'],
  ['ALERT x', 19, 'ALERT'],
  ['EMERG x', 21, 'EMERG'],
  ['ERRORS are many'],
  ['GET /ERROR HTTP/1.1'],
  ['Info is no capital word'],
  ['INFORMATION'],
  ['an INFO.txt'],
  ['toplevel=error'],
  ['level error'],
  ['level='],
  ['<34>Oct 11 22:14:15 mymachine su: x', 18],
  ['<165>1 2003-10-11T22:14:15.003Z host x', 10],
  ['<0>kernel panic', 21],
  ['<191>debug', 5],
  ['<192>INFO beyond', 9, 'INFO'],
  ['<>INFO x', 9, 'INFO'],
  ['<1234>x'],
  ['[]'],
  ['['],
  [''],
  [`${'a'.repeat(490)} ERROR`, 17, 'ERROR'],
  [`${'a'.repeat(56)} ERROR`, 17, 'ERROR'],
  [`${'a'.repeat(61)} ERROR`, 17, 'ERROR'],
  [`${'a'.repeat(62)} ERROR`, 17, 'ERROR'],
  [`${'a'.repeat(63)} ERROR`, 17, 'ERROR'],
  [`${'a'.repeat(600)} ERROR is too far behind`],
  [`ERROR ${'x'.repeat(900)}`, 17, 'ERROR'],
];

const kernel = createSmallKernel({ severity: true });

describe('the severity of a line', () => {
  it.each(LINES)('is seen: %.60s', (line, number, text) => {
    for (const end of ['\n', '\r\n', '']) {
      expect(severitiesOf(`${line}${end}`)).toEqual(line === '' && end === '' ? [] : [[number, text]]);
    }
  });

  it('is seen whatever stood before, where the last one was or elsewhere', () => {
    const all = LINES.flatMap((one) => LINES.slice(0, 12).flatMap((other) => [one, other, one]));
    const shown = all.map(([line]) => line).join('\n');
    expect(severitiesOf(shown)).toEqual(all.map(([, number, text]) => [number, text]));
  });

  it('is followed where it moves, as far as it is looked for', () => {
    const places = Array.from({ length: 140 }, (_, i) => 5 * i);
    const text = places.map((place) => `${'a'.repeat(Math.max(0, place - 1))}${place === 0 ? '' : ' '}WARN\n`).join('');
    expect(severitiesOf(text)).toEqual(places.map((place) => (place < 512 ? [13, 'WARN'] : [undefined, undefined])));
  });

  it('is looked for less far in a file that has none, and found again', () => {
    const none = 'nothing to see in this line\n'.repeat(100);
    const far = `${'b'.repeat(100)} ERROR\n`;
    expect(severitiesOf(`${none}WARN x\n`).at(-1)).toEqual([13, 'WARN']);
    expect(severitiesOf(none + far).at(-1)).toEqual([undefined, undefined]);
    expect(severitiesOf(none + far.repeat(64)).at(-1)).toEqual([17, 'ERROR']);
  });

  it('is left alone when nobody asks', () => {
    const plain = createSmallKernel();
    const { records } = ship(plain, plain.addFile(FILE), Buffer.from('[error] x\n'), () => 100);
    expect(severityOf(records[0]!)).toEqual([undefined, undefined]);
  });

  it('is counted', () => {
    const counting = createSmallKernel({ severity: true });
    ship(counting, counting.addFile(FILE), Buffer.from('[error] x\nnone\nINFO y\n'), () => 100);
    expect(counting.statistics().severities).toBe(2);
  });
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

describe('the ids of trace and span', () => {
  const tracing = createLogKernel({ batches: 1, traceIds: true, severity: true });

  it.each([
    [`{"trace_id":"${TRACE}","span_id":"${SPAN}"}`, TRACE, SPAN],
    [`{"traceId": "${TRACE}", "spanId" : "${SPAN}"}`, TRACE, SPAN],
    [`{"trace.id":"${TRACE.toUpperCase()}"}`, TRACE, undefined],
    [`level=info traceID=${TRACE} spanID=${SPAN}`, TRACE, SPAN],
    [`trace_id=${TRACE}`, TRACE, undefined],
    [`msg="a" span_id="${SPAN}"`, undefined, SPAN],
    [`${'x'.repeat(300)} trace_id=${TRACE} span_id=${SPAN}`, TRACE, SPAN],
    ['x'.repeat(17_000), undefined, undefined],
    [`trace_id=${TRACE} ${'x'.repeat(17_000)}`, TRACE, undefined],
    [`{"parent_span_id":"${SPAN}"}`, undefined, undefined],
    [`trace_id=${TRACE}0`, undefined, undefined],
    [`trace_id=${TRACE.slice(1)}`, undefined, undefined],
    [`trace_id=${'0'.repeat(32)} span_id=${'0'.repeat(16)}`, undefined, undefined],
    [`trace_id=${TRACE.slice(1)}g`, undefined, undefined],
    [`trace_id ${TRACE}`, undefined, undefined],
    [`tracer_id=${TRACE} spanner_id=${SPAN}`, undefined, undefined],
    [`trace_id=x trace_id=${TRACE} trace_id=${'1'.repeat(32)}`, TRACE, undefined],
    [`{"msg":"sp tr span trace","trace_id":null}`, undefined, undefined],
  ])('are taken from %.50s', (line, trace, span) => {
    for (const end of ['\n', '\r\n', '']) {
      const { records } = ship(tracing, tracing.addFile(FILE), Buffer.from(`first\n${line}${end}`), () => 1 << 20);
      const [, { traceId, spanId } = {}] = records;
      expect([traceId?.toString('hex') ?? '', spanId?.toString('hex') ?? '']).toEqual([trace ?? '', span ?? '']);
    }
  });
});

function severitiesOf(text: string): unknown[] {
  return ship(kernel, kernel.addFile(FILE), Buffer.from(text), () => 4096).records.map(severityOf);
}

function severityOf({ severityNumber, severityText }: DecodedRecord): unknown[] {
  return [severityNumber, severityText];
}
