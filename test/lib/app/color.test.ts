import { describe, expect, it } from 'vitest';
import { colorModeOf, wantsColor } from '../../../src/lib/app/color.ts';

const terminal = { isTTY: true };
const pipe = {};

describe('colour', () => {
  it.each([
    ['on a terminal', 'auto', {}, terminal, true],
    ['not into a pipe', 'auto', {}, pipe, false],
    ['not on a terminal that cannot', 'auto', { TERM: 'dumb' }, terminal, false],
    ['not with NO_COLOR', 'auto', { NO_COLOR: '1' }, terminal, false],
    ['with NO_COLOR set to nothing', 'auto', { NO_COLOR: '' }, terminal, true],
    ['into a pipe with FORCE_COLOR', 'auto', { FORCE_COLOR: '1' }, pipe, true],
    ['not with FORCE_COLOR=0', 'auto', { FORCE_COLOR: '0' }, terminal, false],
    ['not with both', 'auto', { NO_COLOR: '1', FORCE_COLOR: '1' }, terminal, false],
    ['always when asked, whatever is set', 'always', { NO_COLOR: '1', TERM: 'dumb' }, pipe, true],
    ['never when asked, whatever is set', 'never', { FORCE_COLOR: '1' }, terminal, false],
  ] as const)('comes %s', (_, mode, env, stream, wanted) => expect(wantsColor(mode, env, stream)).toBe(wanted));
});

describe('the colour mode among raw arguments', () => {
  it.each([
    [[], 'auto'],
    [['run', 'a.yaml'], 'auto'],
    [['run', '--color', 'never'], 'never'],
    [['--color=always', 'run'], 'always'],
    [['--color=blue'], 'auto'],
    [['--color'], 'auto'],
    [['--', '--color=never'], 'auto'],
  ] as const)('%j is %s', (argv, mode) => expect(colorModeOf(argv)).toBe(mode));
});
