import { describe, expect, it } from 'vitest';
import { scenarioKinds } from '../../../src/lib/app/open-scenario.ts';
import { AppError } from '../../../src/lib/errors/app-error.ts';
import { parseProxyFile } from '../../../src/lib/scenario/proxy-file.ts';

const mistakesOf = (more: string): readonly string[] => {
  try {
    const text = `version: 1\nservices: { a: { listen: "b:1", endpoints: "c:2", ${more} } }`;
    parseProxyFile(text, { file: 'f.yaml', directory: '/', kinds: scenarioKinds(), env: {}, vars: {} });
    return [];
  } catch (error) {
    if (error instanceof AppError) return error.details;
    throw error;
  }
};

describe('breakers of routes', () => {
  it.each([
    'breaker: { routes: [{ name: x, match: { path: "/x/**" }, open: 5s }] }',
    'breaker: { per: endpoint, routes: [{ name: x, match: { method: POST }, slow: 1s, slowRate: 50% }] }',
  ])('takes %s', (more) => {
    expect(mistakesOf(more)).toEqual([]);
  });

  it.each([
    ['breaker: { routes: [{ match: { path: /x } }] }', '"name" is missing'],
    ['breaker: { routes: [{ name: x }] }', '"match" is missing'],
    [
      'breaker: { routes: [{ name: x, match: { path: /x } }, { name: x, match: { path: /y } }] }',
      'another route is called "x" already',
    ],
    ['breaker: { routes: [{ name: x, match: { path: /x }, per: endpoint }] }', 'unknown key "per"'],
    ['breaker: { routes: [{ name: x, match: { path: /x }, slowRate: 50% }] }', '`slowRate` needs `slow`'],
    ['protocol: tcp, breaker: { per: endpoint, routes: [{ name: x, match: { path: /x } }] }', 'leave "routes" out'],
  ])('refuses %s', (more, mistake) => {
    expect(mistakesOf(more)).toEqual([expect.stringContaining(mistake)]);
  });
});
