import { describe, expect, it } from 'vitest';
import { parseJsonPath, selectJson } from '../../../../src/lib/probes/expect/jsonpath.ts';

const STORE = {
  status: 'up',
  items: [{ price: 3, tags: ['a', 'b'] }, { price: 5 }, { name: 'free' }],
  'a key': { "it's": [10, 20, 30] },
  größe: 7,
  nothing: null,
};

describe('selecting with a JSONPath', () => {
  it.each([
    ['$', [STORE]],
    ['$.status', ['up']],
    ['$["status"]', ['up']],
    ['$.items[0].price', [3]],
    ['$.items[-1].name', ['free']],
    ['$.items[*].price', [3, 5]],
    ['$.items[*].tags[*]', ['a', 'b']],
    ["$['a key']['it\\'s'][ 1 ]", [20]],
    ['$["a key"]["it\'s"][-3]', [10]],
    ['$.größe', [7]],
    ['$["gr\\u00f6\\u00dfe"]', [7]],
    ['$.nothing', [null]],
    ['$.nothing.more', []],
    ['$.items[3]', []],
    ['$.items[-4]', []],
    ['$.items.length', []],
    ['$.items["0"]', []],
    ['$.status[0]', []],
    ['$.toString', []],
    ['$.items[0].*', [3, ['a', 'b']]],
  ])('%s', (path, expected) => {
    expect(selectJson(parseJsonPath(path), STORE)).toEqual(expected);
  });
});

describe('a mistake in a JSONPath', () => {
  it.each([
    ['', 'a JSONPath begins with $'],
    ['status', 'a JSONPath begins with $'],
    ['$status', 'expected . or [ at character 2, found "status"'],
    ['$.', "expected a name; write other keys as ['the key'] at character 3, found the end"],
    ['$.0', 'expected a name; write other keys as [\'the key\'] at character 3, found "0"'],
    ['$..price', 'descendants (..) are not supported at character 2'],
    ['$.items[?@.price]', 'filters are not supported at character 9'],
    ['$.items[0:2]', 'slices are not supported at character 9'],
    ['$.items[:2]', 'slices are not supported at character 9'],
    ["$['a','b']", 'several selectors in one [ ] are not supported at character 6'],
    ['$.items[0', 'expected an index, * or a quoted key such as [\'the key\'] at character 9, found "0"'],
    ['$.items[01]', 'expected an index, * or a quoted key such as [\'the key\'] at character 9, found "01]"'],
    ['$.items[price]', 'expected an index, * or a quoted key such as [\'the key\'] at character 9, found "price]"'],
    ["$['open", "the quote ' is not closed at character 3"],
    ["$['a\\x']", 'unknown escape \\x at character 6'],
    ["$['\\u12']", 'expected four hexadecimal digits after \\u at character 5, found "u12\']"'],
    ['$.a b', 'expected . or [ at character 4, found " b"'],
  ])('%s', (path, message) => {
    expect(() => parseJsonPath(path)).toThrow(new SyntaxError(message));
  });

  it('is an error or a path at every cut, never a hang', () => {
    const path = "$.items[*]['a key'][\"it's\"][-3].größe";
    for (let end = 0; end <= path.length; end++) {
      const cut = path.slice(0, end);
      try {
        expect(Array.isArray(parseJsonPath(cut))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
    }
  });
});
