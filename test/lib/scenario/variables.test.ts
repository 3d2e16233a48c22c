import { describe, expect, it } from 'vitest';
import { mistakesOf, parse, refusalOf, scenarioText } from './support.ts';

const described = (text: string, options: Parameters<typeof parse>[1] = {}) =>
  parse(scenarioText({ description: `description: ${text}` }), options).description;
const HOW_TO_GIVE = 'give it with --var, in a --var-file, in the environment, or a default under "variables"';
const HOW_TO_WRITE = 'write ${NAME} or ${NAME:-default}, and $${ for a plain ${';

describe('variables', () => {
  it.each([
    ['alone', '${A}', 'one'],
    ['in the middle of a text', 'x ${A} y ${B}', 'x one y two'],
    ['side by side', '${A}${B}', 'onetwo'],
    ['in single quotes', "'${A}'", 'one'],
    ['in double quotes', '"${A}\\n"', 'one\n'],
    ['in a block', '|\n  ${A}\n  ${B}\n', 'one\ntwo\n'],
    ['with a default that is not needed', '${A:-x}', 'one'],
    ['with a default that is', '${NONE:-x y}', 'x y'],
    ['with an empty default', 'a${NONE:-}b', 'ab'],
    ['with a default for an empty value', '${EMPTY:-x}', 'x'],
    ['empty, and no default', 'a${EMPTY}b', 'ab'],
    ['with a default that is a variable', '${NONE:-${B}}', 'two'],
    ['with a default in braces', '${NONE:-{"a":1}}', '{"a":1}'],
    ['with a default that holds colons', '${NONE:-http://127.0.0.1:80/}', 'http://127.0.0.1:80/'],
    ['escaped', '$${A} and ${A}', '${A} and one'],
    ['escaped after another', '${A}$${A}', 'one${A}'],
    ['not at all: a lone dollar', 'costs $5, {A}', 'costs $5, {A}'],
  ])('are filled in %s', (_, written, filled) => {
    expect(described(written, { env: { A: 'one', B: 'two', EMPTY: '' } })).toBe(filled);
  });

  it('stand without quotes inside of braces and brackets, where YAML alone would end the text', () => {
    const scenario = parse(
      scenarioText({
        tags: 'tags: [${A}, ${NONE:-b}]',
        load: 'load: { url: http://${HOST:-127.0.0.1}/, rate: ${RATE} }',
      }),
      { vars: { A: 'a', RATE: '7/s' } },
    );
    expect([scenario.tags, scenario.load?.url, scenario.load?.ratePerSecond]).toEqual([
      ['a', 'b'],
      'http://127.0.0.1/',
      7,
    ]);
  });

  it('are not filled in where they are no value: keys, comments', () => {
    expect(mistakesOf(scenarioText({ extra: '${A}: 1 # ${B}' }), { env: { A: 'name' } })).toEqual([
      expect.stringMatching(/^7:1 {2}unknown key "\$\{A\}" in the scenario/),
    ]);
  });

  it.each([
    ['--var before all', { vars: { V: 'flag' }, varFiles: [{ V: 'file' }], env: { V: 'env' } }, 'flag'],
    ['the first var file given', { varFiles: [{ V: 'last' }, { V: 'first' }], env: { V: 'env' } }, 'last'],
    ['the environment', { env: { V: 'env' } }, 'env'],
    ['the declared default', {}, 'declared'],
  ])('come from %s', (_, options, value) => {
    const text = scenarioText({
      variables: 'variables: { V: { default: declared } }',
      description: 'description: ${V:-x}',
    });
    expect(parse(text, options).description).toBe(value);
  });

  it('take nothing that an environment merely inherits', () => {
    expect(described('${constructor:-x}-${toString:-y}', { env: {} })).toBe('x-y');
  });

  it.each([
    ['a number', 'seed: ${S}', '42', 42],
    ['a number in hexadecimal', 'seed: ${S}', '0x10', 16],
    ['nothing', 'seed: ${S}', '', undefined],
    ['a number by default', 'seed: ${NONE:-7}', '42', 7],
  ])('become %s where they are all of an unquoted value', (_, line, value, seed) => {
    expect(parse(scenarioText({ seed: line }), { env: { S: value } }).seed).toBe(seed);
  });

  it('stay texts in quotes, and where a text is wanted', () => {
    expect(mistakesOf(scenarioText({ seed: 'seed: "${S}"' }), { vars: { S: '42' } })).toEqual([
      '7:7  "42" is not a valid "seed": expected a whole number',
    ]);
    const run = 'run: { command: x, env: { V: ${V} } }';
    const services = `services: { payments: { endpoints: a:1, listen: b:2, ${run} } }`;
    expect(parse(scenarioText({ services }), { vars: { V: '1.10' } }).services.payments?.run?.env).toEqual({
      V: '1.10',
    });
  });
});

describe('a mistake with a variable', () => {
  it.each([
    ['no value', 'a ${NOPE} b', '7:16', `no value for the variable NOPE; ${HOW_TO_GIVE}`],
    ['a misspelt name', '${DELYA}', '7:14', `no value for the variable DELYA; did you mean "DELAY"?; ${HOW_TO_GIVE}`],
    ['no value within a default', '${A:-x${NOPE}}', '7:20', `no value for the variable NOPE; ${HOW_TO_GIVE}`],
    ['the second of two', '$${NOPE} ${NOPE}', '7:23', `no value for the variable NOPE; ${HOW_TO_GIVE}`],
    ['a name that cannot be', '${1A}', '7:14', `this is not a variable: ${HOW_TO_WRITE}`],
    ['another form of the shell', '${A%.*}', '7:14', `this is not a variable: ${HOW_TO_WRITE}`],
    ['no end', '${A', '7:14', `this is not a variable: ${HOW_TO_WRITE}`],
    ['defaults without end', '${A:-'.repeat(10) + '}'.repeat(10), '7:54', 'variables are nested too deeply'],
  ])('is told with its place: %s', (_, written, place, line) => {
    const text = scenarioText({ description: `description: ${written}` });
    expect(mistakesOf(text, { varFiles: [{ DELAY: '1s' }] })).toEqual([`${place}  ${line}`]);
  });

  it('is found on its line of a block', () => {
    const text = scenarioText({ description: 'description: |\n  first\n  ${NOPE}' });
    expect(mistakesOf(text)).toEqual([`9:3  no value for the variable NOPE; ${HOW_TO_GIVE}`]);
  });

  it('is a --var that the scenario does not use, unless it is one of ours', () => {
    const options = { vars: { DELYA: '1s', A: '', FAULTLINE_NODE: '/usr/bin/node' } };
    const text = scenarioText({ description: 'description: ${DELAY:-${A}}', variables: 'variables: { B: {} }' });
    expect(mistakesOf(text, options)).toEqual([
      '--var DELYA: the scenario has no variable of this name; did you mean "DELAY"?',
    ]);
    expect(mistakesOf(text, { vars: { A: '', B: 'declared is enough' } })).toEqual([]);
  });

  it('is a variable among declarations, which are taken as they are', () => {
    expect(
      mistakesOf(scenarioText({ variables: 'variables: { A: { default: "${B}", description: "for ${C}" } }' })),
    ).toEqual(['7:29  a default under "variables" is taken as it is: it cannot use other variables']);
  });
});

describe('a secret', () => {
  const SECRET = 'tr0ub4dor&3';
  const declare = (rest: string) =>
    scenarioText({ variables: 'variables: { KEY: { secret: true } }', ...{ seed: rest } });

  it.each([
    ['--var', { vars: { KEY: SECRET } }],
    ['a var file', { varFiles: [{ KEY: SECRET }] }],
    ['the environment', { env: { KEY: SECRET } }],
  ])('is known by its value from %s, also where no text uses it', (_, options) => {
    expect(parse(declare(''), options).secrets).toEqual([SECRET]);
  });

  it('is a declared default, and one written beside its use', () => {
    const declared = scenarioText({ variables: `variables: { KEY: { secret: true, default: "${SECRET}" } }` });
    expect(parse(declared).secrets).toEqual([SECRET]);
    expect(parse(declare(`description: "\${KEY:-${SECRET}}"`)).secrets).toEqual([SECRET]);
  });

  it('counts as none while it is empty', () => {
    expect(parse(declare(''), { vars: { KEY: '' } }).secrets).toEqual([]);
    expect(parse(declare('')).secrets).toEqual([]);
  });

  it('is never shown in a mistake, nor what it was put into', () => {
    const text = declare('seed: ${KEY}\ntags: ["${KEY} x"]\n"extra": ${KEY}\ntiming: { before: "3${KEY}" }');
    const lines = mistakesOf(text, { vars: { KEY: SECRET } });
    expect(lines).toContain('8:7  "***" is not a valid "seed": expected a whole number');
    expect(lines).toContain(
      '9:8  "*** x" is not a valid item of "tags": expected a name of letters, digits, "-" and "_", at most 63 long',
    );
    expect(lines.length).toBe(4);
    expect(lines.join('\n')).not.toContain(SECRET);
  });

  it('does not blot out the place of a mistake', () => {
    expect(mistakesOf(declare('seed: 8.5'), { vars: { KEY: '8' } })).toEqual([
      '8:7  ***.5 is not a valid "seed": expected a whole number',
    ]);
  });

  it('is kept where "secret" is anything but a plain false', () => {
    const text = (secret: string) =>
      scenarioText({ variables: `variables: { KEY: { secret: ${secret} } }`, seed: 'seed: ${KEY}' });
    const shown = (secret: string): string => {
      try {
        parse(text(secret), { vars: { KEY: SECRET } });
        return '';
      } catch (error) {
        return refusalOf(error).details.join('\n');
      }
    };
    expect(shown('maybe')).toContain('"maybe" is not a valid "secret": expected true or false');
    expect(shown('maybe')).not.toContain(SECRET);
    expect(shown('false')).toContain(SECRET);
  });
});
