import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../src/lib/events/json.ts';
import { flattenAttributes } from '../../../../src/lib/telemetry/run-trace/attributes.ts';

describe('flattening', () => {
  it.each<[name: string, data: Json, attributes: object]>([
    ['a plain value', 5, { x: 5 }],
    ['nested values', { a: 1, b: { c: 'two', d: { e: true } } }, { 'x.a': 1, 'x.b.c': 'two', 'x.b.d.e': true }],
    ['a list, as text', { status: [500, 503] }, { 'x.status': '[500,503]' }],
    ['nothing for null', { a: null, b: 1 }, { 'x.b': 1 }],
    ['nothing for an empty object', {}, {}],
  ])('gives %s', (_name, data, attributes) => {
    expect(flattenAttributes('x', data)).toEqual(attributes);
  });

  it('stops at a bound however much there is', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key${index}`, index]));
    expect(Object.keys(flattenAttributes('x', many))).toHaveLength(40);
  });
});
