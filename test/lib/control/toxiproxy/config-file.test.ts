import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../../src/lib/control/toxiproxy/config-file.ts';
import { Rules } from '../../../../src/lib/control/toxiproxy/rules.ts';

const rules = new Rules(false, () => undefined);

describe('a configuration file', () => {
  it('takes toxics within its proxies, also leniently', () => {
    const text = '[{"name":"a","upstream":"h:1","toxics":[{"type":"latency","attributes":{"latency":5}}]}]\n';
    for (const lenient of [true, false]) {
      expect(readConfig('t.json', text, new Rules(lenient, () => undefined))).toMatchObject([
        { name: 'a', toxics: [{}] },
      ]);
    }
  });

  it.each([
    ['', 't.json:1:1: EOF'],
    [
      '[{"name": "a",\n  "upstream": "h:1",\n}]',
      "t.json:3:1: invalid character '}' looking for beginning of object key string",
    ],
    ['[]\n[]', 't.json:2:1: there is something behind the list'],
    ['[{"name":"a"}]', 't.json: missing required field: upstream at proxy 1'],
    [
      '[{"name":"a","upstream":"h:1","toxics":[{"type":"latency","attributes":{"latencyy":5}}]}]',
      't.json: proxy 1 ("a"): toxics[0]: unknown attribute "latencyy", did you mean "latency"?',
    ],
  ])('%j is refused: %s', (text, message) => {
    expect(() => readConfig('t.json', text, rules)).toThrow(expect.objectContaining({ exitName: 'usage', message }));
  });
});
