import { describe, expect, it } from 'vitest';
import { mistakesOf, scenarioText, takeMarks, type MistakeRow } from './support.ts';

const fault = (rest: string) => ({ method: `method:\n  - { fault: latency, for: 1s, ${rest} }` });
const step = (rest: string) => ({
  method: `method:\n  - { fault: cpu, target: host, with: { load: 1% }, for: 1s }\n  - ${rest}`,
});
const METHOD: readonly MistakeRow[] = [
  [
    'no method',
    { version: '▸version: 1', method: undefined },
    ['"method" is missing in the scenario: expected a list'],
  ],
  [
    'an empty method',
    { method: 'method: ▸[]' },
    ['"method" is not valid: expected steps, at least one of them a fault'],
  ],
  [
    'a method of waits',
    { method: '▸method: [wait: 2s]' },
    ['the method injects no fault: a run that touches nothing proves nothing'],
  ],
  ['a text as a step', step('▸sleep'), ['"sleep" is no step: it needs one of fault, wait, probe, parallel or serial']],
  ['a step that does nothing', step('▸{ at: 1s }'), ['a step needs one of fault, wait, probe, parallel or serial']],
  ['a misspelt step', step('{ ▸waiit: 2s }'), ['unknown key "waiit" in a step; did you mean "wait"?']],
  [
    'two steps in one',
    step('▸{ wait: 2s, fault: cpu }'),
    ['a step does one thing, not fault and wait: make them steps of their own'],
  ],
  ['a wait of a number', step('wait: ▸300'), ['300 has no unit; write 300ms']],
  [
    'a wait of nothing',
    step('wait: ▸0s'),
    ['"0s" is not a valid "wait": expected a duration above zero, such as 300ms'],
  ],
  ['an empty group', step('parallel: ▸[]'), ['"parallel" is not valid: expected at least 1 item']],
  [
    'a mistake deep in groups',
    step('parallel: [{ serial: [{ wait: ▸x }] }]'),
    ['"x" is not a valid "wait": expected a duration such as 300ms, 3.2s or 1m30s'],
  ],
  [
    'an unknown kind of fault, and another mistake in it',
    step('{ fault: ▸latensy, target: host, for: ▸x }'),
    [
      'unknown fault kind "latensy"; did you mean "latency"?',
      '"x" is not a valid "for": expected a duration such as 300ms, 3.2s or 1m30s',
    ],
  ],
  [
    'a fault without a kind',
    step('{ fault: ▸, target: host }'),
    ['"fault" needs a kind: expected latency, cpu or abort'],
  ],
  [
    'no target',
    { method: 'method:\n  - ▸{ fault: latency, with: { delay: 1s }, for: 1s }' },
    ['"target" is missing: expected { service: NAME }'],
  ],
  [
    'a service as a text',
    fault('with: { delay: 1s }, target: ▸payments'),
    ['this is no target: write { service: payments }'],
  ],
  [
    'an unknown service',
    fault('with: { delay: 1s }, target: { service: ▸paymets }'),
    ['unknown service "paymets"; did you mean "payments"?'],
  ],
  [
    'a target of another kind',
    fault('with: { delay: 1s }, target: ▸host'),
    ['fault latency acts on a service, not on the host: expected { service: NAME }'],
  ],
  [
    'a service for a process fault',
    step('{ fault: cpu, target: ▸{ service: payments }, with: { load: 1% }, for: 1s }'),
    ['fault cpu acts on a process or the host, not on a service: expected { process: { service: NAME } } or host'],
  ],
  [
    'a service without a proxy',
    {
      services: 'services: { payments: { endpoints: a:1 } }',
      ...fault('with: { delay: 1s }, target: { service: ▸payments }'),
    },
    ['fault latency acts in a proxy, and there is none in front of payments: give the service a "listen" address'],
  ],
  [
    'an unknown service of a process',
    step('{ fault: cpu, target: { process: { service: ▸cart } }, with: { load: 1% }, for: 1s }'),
    ['unknown service "cart": expected payments'],
  ],
  [
    'a selector of two',
    step('{ fault: cpu, target: { process: ▸{ pid: 1, name: x } }, with: { load: 1% }, for: 1s }'),
    [
      '"process" selects in one way, not by pid and name: expected one of { service: NAME }, { pid: NUMBER } and { name: NAME }',
    ],
  ],
  [
    'a misspelt selector',
    step('{ fault: cpu, target: { process: { ▸nmae: x } }, with: { load: 1% }, for: 1s }'),
    ['unknown key "nmae" in "process"; did you mean "name"?'],
  ],
  [
    'a process as a text',
    step('{ fault: cpu, target: { process: ▸redis }, with: { load: 1% }, for: 1s }'),
    ['this does not select a process: expected one of { service: NAME }, { pid: NUMBER } and { name: NAME }'],
  ],
  [
    'a pid in words',
    step('{ fault: cpu, target: { process: { pid: ▸one } }, with: { load: 1% }, for: 1s }'),
    ['"one" is not a valid "pid": expected a whole number'],
  ],
  [
    'a missing parameter',
    fault('target: { service: payments }, ▸with: { percent: 1% }'),
    ['"delay" is missing in "with" of fault latency: expected a duration such as 300ms, 3.2s or 1m30s'],
  ],
  [
    'no parameters',
    { method: 'method:\n  - ▸{ fault: latency, target: { service: payments }, for: 1s }' },
    ['"delay" is missing in "with" of fault latency: expected a duration such as 300ms, 3.2s or 1m30s'],
  ],
  [
    'a misspelt parameter',
    fault('target: { service: payments }, with: { ▸dealy: 300ms }'),
    ['unknown key "dealy" in "with" of fault latency; did you mean "delay"?'],
  ],
  [
    'an unknown parameter',
    fault('target: { service: payments }, with: { delay: 1s, ▸colour: red }'),
    [
      'unknown key "colour" in "with" of fault latency; expected one of: delay, jitter, percent, distribution, samples, route',
    ],
  ],
  [
    'an unknown parameter in depth',
    fault('target: { service: payments }, with: { delay: 1s, route: { ▸pth: / } }'),
    ['unknown key "pth" in "with.route" of fault latency; did you mean "path"?'],
  ],
  [
    'a parameter without its unit',
    fault('target: { service: payments }, with: { delay: ▸"300", percent: ▸30 }'),
    ['"300" has no unit; write 300ms', '30 has no unit; write 30%'],
  ],
  [
    'a parameter with a space in it',
    fault('target: { service: payments }, with: { delay: ▸300 ms }'),
    ['"300 ms" is not understood; write 300ms'],
  ],
  [
    'an empty parameter',
    fault('target: { service: payments }, with: { ▸delay: }'),
    ['"delay" is empty: expected a duration such as 300ms, 3.2s or 1m30s'],
  ],
  [
    'a percentage above all',
    fault('target: { service: payments }, with: { delay: 1s, percent: ▸130% }'),
    ['"130%" is not a valid "percent": expected a percentage from 0% to 100%, such as 30% or 0.5%'],
  ],
  [
    'a parameter that is one of a few words',
    fault('target: { service: payments }, with: { delay: 1s, distribution: ▸norml }'),
    ['"norml" is not a valid "distribution": expected uniform, normal or pareto; did you mean "normal"?'],
  ],
  [
    'a size without its unit',
    step('{ fault: abort, target: { service: payments }, with: { size: ▸512 }, for: 1s }'),
    ['512 has no unit; write 512B'],
  ],
  [
    'a rate of bytes without its unit',
    step('{ fault: abort, target: { service: payments }, with: { rate: ▸64000 }, for: 1s }'),
    ['64000 has no unit; write 64000B/s'],
  ],
  [
    'a size where a rate of bytes is meant',
    step('{ fault: abort, target: { service: payments }, with: { rate: ▸64KiB }, for: 1s }'),
    ['"64KiB" is not understood; write 64KiB/s'],
  ],
  [
    'at and after together',
    fault('target: { service: payments }, with: { delay: 1s }, at: 1s, ▸after: 2s'),
    ['a step starts "at" a time or "after" a delay; leave one of them out'],
  ],
  [
    'two faults of one id',
    {
      method:
        'method:\n  - { fault: cpu, id: a, target: host, with: { load: 1% }, for: 1s }\n  - { fault: cpu, id: ▸a, target: host, with: { load: 1% }, for: 1s }',
    },
    ['duplicate id "a"; line 7 has it already'],
  ],
  [
    'an id with a space',
    fault('id: ▸a b, target: { service: payments }, with: { delay: 1s }'),
    ['"a b" is not a valid "id": expected an id of letters, digits, ".", "-" and "_", at most 63 long'],
  ],
  [
    'a step that is to start too early',
    step('{ wait: 1s }\n  - { probe: process, at: ▸500ms }'),
    [
      'probe "process 1" is to start at 500ms, but the wait of 1s before it ends at 2s; put steps that overlap under "parallel"',
    ],
  ],
];

describe.each([['the method', METHOD]])('mistakes in %s', (_, rows) => {
  it.each(rows)('%s', (_, changes, lines) => {
    const { text, places } = takeMarks(scenarioText(changes));
    expect(mistakesOf(text)).toEqual(lines.map((line, index) => `${places[index]}  ${line}`));
  });
});
