import { describe, expect, it } from 'vitest';
import { mistakesOf, scenarioText, takeMarks, type MistakeRow } from './support.ts';

const step = (rest: string) => ({
  method: `method:\n  - { fault: cpu, target: host, with: { load: 1% }, for: 1s }\n  - ${rest}`,
});
const PROBES: readonly MistakeRow[] = [
  [
    'a probe without a kind',
    { steadyState: 'steadyState: [▸{ name: x }]' },
    ['"probe" needs a kind: expected http or process'],
  ],
  [
    'a probe that is no mapping',
    { steadyState: 'steadyState: [▸http]' },
    ['expected a mapping with "probe": http or process'],
  ],
  [
    'a tolerance of the wrong type',
    { steadyState: 'steadyState: [{ probe: http, with: { url: u }, expect: { status: ▸ok } }]' },
    ['"ok" is not a valid "status": expected a whole number or a list'],
  ],
  [
    'a list with one bad item',
    { steadyState: 'steadyState: [{ probe: http, with: { url: u }, expect: { status: [200, ▸ok] } }]' },
    ['"ok" is not a valid item of "status": expected a whole number'],
  ],
  [
    'a tolerance that fits no shape',
    { steadyState: 'steadyState: [{ probe: http, with: { url: u }, expect: { body: { ▸contans: x } } }]' },
    ['unknown key "contans" in "expect.body" of probe http; did you mean "contains"?'],
  ],
  [
    'an unknown phase',
    { steadyState: 'steadyState: [{ probe: process, when: [▸befor] }]' },
    ['"befor" is not a valid item of "when": expected before, during or after; did you mean "before"?'],
  ],
  [
    'a measurement without a pause',
    { steadyState: 'steadyState: [{ probe: process, every: ▸0s }]' },
    ['"0s" is not a valid "every": expected a duration above zero, such as 300ms'],
  ],
  [
    'a name with an operator in it',
    { steadyState: 'steadyState: [{ probe: process, name: ▸"a < b" }]' },
    ['"a < b" is not a valid "name": expected a name of at most 100 characters without < > = and quotes'],
  ],
  [
    'two probes of one name',
    { steadyState: 'steadyState:\n  - { probe: process, name: a }\n  - { probe: process, name: ▸a }' },
    ['duplicate name "a"; line 6 has it already'],
  ],
  [
    'a step that has the name of a probe',
    { steadyState: 'steadyState: [{ probe: process, name: a }]', ...step('{ probe: process, name: ▸a }') },
    ['duplicate name "a"; line 5 has it already'],
  ],
];

const COMPARISONS: readonly MistakeRow[] = [
  ['a gate that is no list', { gate: 'gate: ▸errors < 1%' }, ['"errors < 1%" is not a valid "gate": expected a list']],
  ['an unknown metric', { gate: 'gate: [▸htp.p99 < 1s]' }, ['unknown metric "htp.p99"; did you mean "http.p99"?']],
  [
    'a threshold without a unit',
    { gate: 'gate:\n  - http.p99 during < ▸800' },
    ['800 has no unit; write 800ms: http.p99 is a duration'],
  ],
  [
    'a threshold in quotes',
    { gate: 'gate: ["errors < ▸1s"]' },
    ['"1s" is not a percentage from 0% to 100%: errors is a percentage, write e.g. < 1%'],
  ],
  [
    'a phase that makes no sense',
    { gate: 'gate: [recovery ▸during < 3s]' },
    ['recovery is measured once in a run and has no phase: leave out "during"'],
  ],
  [
    'a probe that does not exist',
    { gate: 'gate: [▸probe.gateway answer < 1%]' },
    ['the probe "gateway answer" is not in "steadyState"; did you mean "gateway answers"?'],
  ],
  [
    'a probe that is a step',
    { gate: 'gate: [▸probe.process 1 < 1%]', ...step('probe: process') },
    ['the probe "process 1" is a step of the method, and measured once: expected "gateway answers"'],
  ],
  [
    'a fault that does not exist',
    { gate: 'gate: [▸touched.latency-2 > 0]' },
    ['the fault "latency-2" is not in "method"; did you mean "latency-1"?'],
  ],
  [
    'a measurement of a load that is not there',
    { load: undefined, gate: 'gate: [▸http.p99 < 1s]' },
    ['http.p99 is measured by the "load", and there is none'],
  ],
  [
    'recovery without a steady state',
    { steadyState: undefined, gate: 'gate: [▸recovery < 1s]' },
    ['recovery is measured by the probes of "steadyState", and there are none'],
  ],
  [
    'a guard without a condition',
    { guards: 'guards: [▸{ for: 3s }]' },
    ['"when" is missing in "guards[0]": expected a condition such as "errors > 60%" or "probe NAME fails"'],
  ],
  [
    'a guard with a phase',
    { guards: 'guards: [{ when: errors ▸during > 60% }]' },
    ['a guard watches the last seconds, whatever the phase: leave out "during"'],
  ],
  [
    'a guard on recovery',
    { guards: 'guards: [{ when: ▸recovery > 3s }]' },
    ['recovery is known only when the faults are over: it can stand in "gate", not in a guard'],
  ],
  [
    'a guard on an unknown probe',
    { guards: 'guards: [{ when: ▸probe gateway fails }]' },
    ['the probe "gateway" is not in "steadyState": expected "gateway answers"'],
  ],
];

describe.each([
  ['probes', PROBES],
  ['thresholds and guards', COMPARISONS],
])('mistakes in %s', (_, rows) => {
  it.each(rows)('%s', (_, changes, lines) => {
    const { text, places } = takeMarks(scenarioText(changes));
    expect(mistakesOf(text)).toEqual(lines.map((line, index) => `${places[index]}  ${line}`));
  });
});
