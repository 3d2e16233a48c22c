import { describe, expect, it } from 'vitest';
import { mistakesOf, scenarioText, takeMarks, type MistakeRow } from './support.ts';

const service = (rest: string) => ({ services: `services:\n  payments: { listen: 127.0.0.1:7313, ${rest} }` });

const HEAD: readonly MistakeRow[] = [
  [
    'a number as a text',
    { name: 'name: ▸2024' },
    ['2024 is not a valid "name": expected a name of letters, digits, " ", ".", "-" and "_"; in quotes it is a text'],
  ],
  ['no version', { version: undefined, name: '▸name: checkout' }, ['"version" is missing in the scenario: expected 1']],
  ['another version', { version: 'version: ▸2' }, ['2 is not a valid "version": expected 1']],
  ['an empty name', { name: '▸name:' }, ['"name" is empty: expected a name of letters, digits, " ", ".", "-" and "_"']],
  ['tags that are no list', { tags: 'tags: ▸demo' }, ['"demo" is not a valid "tags": expected a list']],
  [
    'a tag with a space',
    { tags: 'tags: [a, ▸b c]' },
    ['"b c" is not a valid item of "tags": expected a name of letters, digits, "-" and "_", at most 63 long'],
  ],
  ['a negative seed', { seed: 'seed: ▸-1' }, ['-1 is not a valid "seed": expected a whole number of at least 0']],
  ['a seed with a fraction', { seed: 'seed: ▸1.5' }, ['1.5 is not a valid "seed": expected a whole number']],
  [
    'a variable with a bad name',
    { variables: 'variables: { ▸1A: {} }' },
    ['"1A" cannot be a key here: expected a name of letters, digits and "_"'],
  ],
  [
    'a declaration that is no mapping',
    { variables: 'variables: { A: ▸x }' },
    ['"x" is not a valid "A": expected a mapping'],
  ],
  [
    'a declaration with a misspelt key',
    { variables: 'variables: { A: { ▸secert: true } }' },
    ['unknown key "secert" in variable A; did you mean "secret"?'],
  ],
  [
    'timing with a misspelt key',
    { timing: 'timing: { ▸befor: 3s }' },
    ['unknown key "befor" in "timing"; did you mean "before"?'],
  ],
  [
    'a duration that is too long',
    { timing: 'timing: { after: ▸1000h }' },
    ['"1000h" is not a valid "after": expected a duration of at most 168h'],
  ],
  ['a key that is a list', { extra: '? ▸[a]\n: 1' }, ['a key must be a text, not a mapping or a list']],
  ['a duplicate key', { again: '▸name: other' }, ['duplicate key "name"; line 2 has it already']],
  ['the key __proto__', { extra: '▸__proto__: { a: 1 }' }, ['the key "__proto__" is not allowed']],
];

const SERVICES: readonly MistakeRow[] = [
  [
    'a name with a dot',
    { services: 'services: { payments: { endpoints: a:1, listen: b:2 }, ▸a.b: { endpoints: c:3 } }' },
    ['"a.b" cannot be a key here: expected a name of letters, digits, "-" and "_", at most 63 long'],
  ],
  [
    'no endpoints',
    { services: 'services:\n  ▸payments: { listen: 127.0.0.1:7313 }' },
    [
      '"endpoints" is missing in service payments: expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303 or a list',
    ],
  ],
  [
    'an unknown protocol',
    service('endpoints: a:1, protocol: ▸htp'),
    ['"htp" is not a valid "protocol": expected auto, http, tcp or udp; did you mean "http"?'],
  ],
  [
    'an endpoint without a port',
    service('endpoints: ▸payments'),
    [
      '"payments" is not a valid "endpoints": expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
    ],
  ],
  [
    'one bad endpoint of two',
    service('endpoints: [a:1, ▸b:99999]'),
    [
      '"b:99999" is not a valid item of "endpoints": expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
    ],
  ],
  [
    'an endpoint with a path',
    service('endpoints: ▸http://a:1/x'),
    [
      '"http://a:1/x" is not a valid "endpoints": expected http://host:port, https://host:port or host:port, such as http://127.0.0.1:7303',
    ],
  ],
  [
    'an HTTP endpoint of a TCP service',
    service('endpoints: ▸http://a:1, protocol: tcp'),
    ['service payments has "protocol: tcp": write a:1, or leave the protocol out'],
  ],
  [
    'a listener on port 0',
    { services: 'services:\n  payments: { endpoints: a:1, listen: ▸127.0.0.1:0 }' },
    ['"127.0.0.1:0" is not a valid "listen": expected host:port, such as 127.0.0.1:7313'],
  ],
  [
    'a proxy that calls itself',
    service('endpoints: ▸localhost:7313'),
    ['the proxy of payments listens here itself ("listen"): it would call itself without end'],
  ],
  [
    'a proxy on all addresses that calls itself',
    { services: 'services:\n  payments: { endpoints: ["a:80", ▸127.0.0.1:80], listen: 0.0.0.0:80 }' },
    ['the proxy of payments listens here itself ("listen"): it would call itself without end'],
  ],
  [
    'two listeners on one address',
    {
      services:
        'services:\n  payments: { endpoints: a:1, listen: 127.0.0.1:7313 }\n  cart: { endpoints: a:2, listen: ▸0.0.0.0:7313 }',
    },
    ['service payments listens there already (line 4)'],
  ],
  [
    'a run without a command',
    service('endpoints: a:1, ▸run: { cwd: x }'),
    [
      '"command" is missing in "run" of service payments: expected a line for /bin/sh, or a list of the program and its arguments',
    ],
  ],
  [
    'a misspelt command',
    service('endpoints: a:1, run: { ▸comand: x }'),
    ['unknown key "comand" in "run" of service payments; did you mean "command"?'],
  ],
  [
    'an empty list for a command',
    service('endpoints: a:1, run: { command: ▸[] }'),
    ['"command" is not valid: expected at least 1 item'],
  ],
  [
    'a list in an environment',
    service('endpoints: a:1, run: { command: x, env: { A: ▸[1] } }'),
    ['"A" cannot be a list: expected a text'],
  ],
  [
    'an unknown ready probe',
    service('endpoints: a:1, run: { command: x, ready: { probe: ▸htp } }'),
    ['unknown probe kind "htp"; did you mean "http"?'],
  ],
  [
    'a ready probe without its parameters',
    service('endpoints: a:1, run: { command: x, ▸ready: { probe: http } }'),
    ['"url" is missing in "with" of probe http: expected a text'],
  ],
];

const LOAD: readonly MistakeRow[] = [
  [
    'a URL without a scheme',
    { load: 'load: { url: ▸localhost, rate: 1/s }' },
    ['"localhost" is not a valid "url": expected a URL such as http://127.0.0.1:7311/checkout'],
  ],
  [
    'no rate',
    { load: '▸load: { url: http://a/ }' },
    ['"rate" is missing in "load": expected a rate such as 200/s or 90/m'],
  ],
  [
    'a rate of nothing',
    { load: 'load: { url: http://a/, rate: ▸0/s }' },
    ['"0/s" is not a valid "rate": expected a rate above zero and at most 100000/s'],
  ],
  ['a rate in words', { load: 'load: { url: http://a/, rate: ▸5 rps }' }, ['"5 rps" is not understood; write 5/s']],
  [
    'a method in small letters',
    { load: 'load: { url: http://a/, rate: 1/s, method: ▸get }' },
    ['"get" is not a valid "method": expected a method in capitals, such as GET'],
  ],
  [
    'a bad name of a header',
    { load: 'load: { url: http://a/, rate: 1/s, headers: { ▸"a b": c } }' },
    ['"a b" cannot be a key here: expected the name of a header'],
  ],
  [
    'a status that is none',
    { load: 'load: { url: http://a/, rate: 1/s, ok: ▸99 }' },
    ['99 is not a valid "ok": expected a status such as 200, a range such as 200-399, or a list of them'],
  ],
  [
    'a backward range of statuses',
    { load: 'load: { url: http://a/, rate: 1/s, ok: [200, ▸399-200] }' },
    [
      '"399-200" is not a valid item of "ok": expected a status such as 200, a range such as 200-399, or a list of them',
    ],
  ],
  [
    'no request at all in flight',
    { load: 'load: { url: http://a/, rate: 1/s, maxInFlight: ▸0 }' },
    ['0 is not a valid "maxInFlight": expected at least 1'],
  ],
];

describe.each([
  ['the head of a scenario', HEAD],
  ['services', SERVICES],
  ['the load', LOAD],
])('mistakes in %s', (_, rows) => {
  it.each(rows)('%s', (_, changes, lines) => {
    const { text, places } = takeMarks(scenarioText(changes));
    expect(mistakesOf(text)).toEqual(lines.map((line, index) => `${places[index]}  ${line}`));
  });
});

describe('what is not YAML', () => {
  it.each([
    ['a tab', 'a:\n\tb: 1', '2:1  a tab cannot indent in YAML; use spaces'],
    [
      'a bracket that is not closed',
      'a: [1, 2',
      '1:9  not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a quote that is not closed', 'a: "b', '1:6  not YAML: Missing closing "quote'],
    ['two documents', 'a: 1\n---\nb: 2', '2:1  a second document begins here ("---"); a file holds only one'],
    [
      'a text with a colon in it',
      'a: b: c',
      '1:4  a mapping cannot begin here; a text with ": " in it must stand in quotes',
    ],
    ['a list that becomes a mapping', '- a\nb: 1', '2:1  not YAML: Unexpected scalar at node end'],
    ['an unknown tag', 'a: !env HOME', '1:4  unknown tag: Unresolved tag: !env'],
    ['a key without a colon', 'a: 1\nb\nc: 2', '2:1  not YAML: Implicit map keys need to be followed by map values'],
  ])('%s is refused with its place', (_, text, line) => {
    expect(mistakesOf(text)).toEqual([line]);
  });

  it.each([
    ['a text', 'hello', '1:1  the file holds the text "hello": expected a mapping'],
    ['a list', '- a', '1:1  the file holds a list: expected a mapping'],
    ['a number', '7', '1:1  the file holds the text "7": expected a mapping'],
  ])('a file that is only %s is refused', (_, text, line) => {
    expect(mistakesOf(text)).toEqual([line]);
  });
});
