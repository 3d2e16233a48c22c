import { describe, expect, it } from 'vitest';
import { requires, skipReason, type Circumstances, type Need } from './requires.ts';

const MET: Need = { met: true, missing: 'root' };
const MISSING: Need = { met: false, missing: 'root (these tests run as uid 1000)' };
const elsewhere: Circumstances = { isRoot: false, isDebian: true, allowSkips: false };

describe('requires', () => {
  it('runs tests whose needs are met', () => {
    expect(skipReason([MET, MET], elsewhere)).toBeUndefined();
  });

  it('skips with every reason in the name', () => {
    const nginx: Need = { met: false, missing: 'the package nginx' };
    expect(skipReason([MET, MISSING, nginx], elsewhere)).toBe(
      'root (these tests run as uid 1000) and the package nginx',
    );
  });

  it.each([
    ['root on Debian', { isRoot: true, isDebian: true, allowSkips: false }, true],
    ['root on Debian, skips allowed', { isRoot: true, isDebian: true, allowSkips: true }, false],
    ['a user on Debian', { isRoot: false, isDebian: true, allowSkips: false }, false],
    ['root elsewhere', { isRoot: true, isDebian: false, allowSkips: false }, false],
  ])('as %s a missing need throws: %#', (_, circumstances, throws) => {
    const decide = () => skipReason([MISSING], circumstances);
    if (throws) expect(decide).toThrow('no test is skipped');
    else expect(decide()).toContain('uid 1000');
  });

  it('knows packages by their programs', () => {
    expect(requires.package('dash', 'sh').met).toBe(true);
    expect(requires.package('no-such-package-here')).toEqual({
      met: false,
      missing: 'the package no-such-package-here (apt-get install no-such-package-here)',
    });
  });
});
