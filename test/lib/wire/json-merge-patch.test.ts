import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/lib/events/json.ts';
import { MAX_PATCH_DEPTH, mergePatch } from '../../../src/lib/wire/json-merge-patch.ts';

const parse = (text: string): Json => JSON.parse(text) as Json;
const nested = (depth: number, leaf: string): string => `${'{"a":'.repeat(depth)}${leaf}${'}'.repeat(depth)}`;

describe('a merge patch', () => {
  /** RFC 7396, Appendix A. */
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('%s with %s is %s', (target, patch, result) => {
    expect(JSON.stringify(mergePatch(parse(target), parse(patch)))).toBe(result);
  });

  /** The example of section 3. */
  it('changes a document as a person would', () => {
    const target = parse(
      '{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}',
    );
    const patch = parse(
      '{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}',
    );
    expect(mergePatch(target, patch)).toEqual({
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['example'],
      content: 'This will be unchanged',
      phoneNumber: '+01-123-456-7890',
    });
  });

  it.each([
    ['{}', '{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
    ['{"__proto__":{"a":1,"b":2}}', '{"__proto__":{"a":null}}', '{"__proto__":{"b":2}}'],
    ['{"__proto__":1,"x":2}', '{"__proto__":null}', '{"x":2}'],
    ['{}', '{"constructor":{"prototype":{"a":1}}}', '{"constructor":{"prototype":{"a":1}}}'],
    ['{}', '{"toString":null,"hasOwnProperty":{"a":null}}', '{"hasOwnProperty":{}}'],
  ])('takes names of prototypes as plain data: %s with %s is %s', (target, patch, result) => {
    const merged = mergePatch(parse(target), parse(patch));
    expect(JSON.stringify(merged)).toBe(result);
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  it('changes neither argument, and leaves what it does not name as the same value', () => {
    const [target, patch] = [parse('{"a":{"b":1},"c":{"d":2}}'), parse('{"a":{"b":3}}')];
    const merged = mergePatch(target, patch);
    expect(merged).toEqual({ a: { b: 3 }, c: { d: 2 } });
    expect([target, patch]).toEqual([{ a: { b: 1 }, c: { d: 2 } }, { a: { b: 3 } }]);
    expect((merged as { c: Json }).c).toBe((target as { c: Json }).c);
  });

  it('may be as deep as the limit, and no deeper', () => {
    const deepest = parse(nested(MAX_PATCH_DEPTH, '1'));
    expect(mergePatch({}, deepest)).toEqual(deepest);
    expect(() => mergePatch({}, parse(nested(MAX_PATCH_DEPTH + 1, '1')))).toThrow('nested more than 256 deep');
    expect(() => mergePatch({}, parse(nested(100_000, '1')))).toThrow('nested more than 256 deep');
  });

  it('does not mind how deep the target or a list in the patch is', () => {
    const deep = parse(`{"x":${nested(100_000, '1')},"y":0}`) as { x: Json };
    const merged = mergePatch(deep, { y: 1 }) as { x: Json; y: Json };
    expect(merged.x === deep.x && merged.y === 1).toBe(true);
    const list = parse(`${'['.repeat(10_000)}${']'.repeat(10_000)}`);
    expect(mergePatch(deep, list) === list).toBe(true);
  });
});
