import { describe, expect, it } from 'vitest';
import { chooseView, reflowsLines, wantsAscii } from '../../../src/lib/tui/choose-view.ts';

const TERMINAL = { isTty: true, env: { TERM: 'xterm-256color' }, plain: false, json: false };

describe('how a run is shown', () => {
  it.each([
    ['a terminal', {}, 'live'],
    ['a terminal of somebody who says it is no CI', { env: { TERM: 'xterm', CI: 'false' } }, 'live'],
    ['a pipe', { isTty: false }, 'plain'],
    ['--plain', { plain: true }, 'plain'],
    ['--json', { json: true }, 'plain'],
    ['CI', { env: { TERM: 'xterm', CI: 'true' } }, 'plain'],
    ['CI with a number', { env: { TERM: 'xterm', CI: '1' } }, 'plain'],
    ['a dumb terminal', { env: { TERM: 'dumb' } }, 'plain'],
    ['a terminal that nobody knows', { env: {} }, 'plain'],
    ['a screen reader', { env: { TERM: 'xterm', INK_SCREEN_READER: 'true' } }, 'plain'],
  ] as const)('%s', (_, change, view) => {
    expect(chooseView({ ...TERMINAL, ...change })).toBe(view);
  });
});

describe('which characters are drawn', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8' }, false],
    [{ LANG: 'C.utf8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8' }, false],
    [{ LANG: 'en_US.ISO-8859-1' }, true],
    [{ LANG: 'C.UTF-8', LC_ALL: 'C' }, true],
    [{ LANG: 'C.UTF-8', LC_CTYPE: 'POSIX' }, true],
    [{}, true],
    [{ LANG: 'C.UTF-8', TERM: 'linux' }, true],
    [{ LANG: 'C.UTF-8', TERM: 'vt220' }, true],
    [{ LANG: 'C.UTF-8', TERM: 'dumb' }, true],
    [{ LANG: 'C.UTF-8', TERM: 'xterm' }, false],
  ])('with %j ASCII only: %s', (env, ascii) => {
    expect(wantsAscii(env)).toBe(ascii);
  });

  it.each([
    [{ TERM: 'xterm-256color' }, true],
    [{ TERM: 'tmux-256color', TMUX: 'x' }, true],
    [{ TERM: 'xterm', XTERM_VERSION: 'XTerm(390)' }, false],
    [{ TERM: 'screen', STY: '1.pts' }, false],
    [{ TERM: 'linux' }, false],
  ])('a terminal with %j breaks lines anew: %s', (env, reflows) => {
    expect(reflowsLines(env)).toBe(reflows);
  });
});
