import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth, padToWidth } from '../../../../src/lib/tui/text/width.ts';

describe('the width of text on a terminal', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['é', 1],
    ['e\u0301', 1],
    ['日本語', 6],
    ['ｆｕｌｌ', 8],
    ['ｶﾞ', 2],
    ['한글', 4],
    ['👍', 2],
    ['👍🏽', 2],
    ['👩‍👩‍👧', 2],
    ['🇩🇪', 2],
    ['❤', 1],
    ['a\u200bb', 2],
    ['नमस्ते', 3],
    ['✓ ✗ ░▓┃…▁█', 10],
  ])('%s takes %i cells', (text, cells) => {
    expect(displayWidth(text)).toBe(cells);
  });
});

describe('cutting text to cells', () => {
  it.each([
    ['fits', 4, 'fits'],
    ['does not fit', 8, 'does no…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['日本語', 2, '…'],
    ['👩‍👩‍👧 family', 4, '👩‍👩‍👧 …'],
    ['x', 0, ''],
    ['long', 1, '…'],
  ])('%s to %i cells is %s', (text, width, cut) => {
    expect(cutToWidth(text, width, '…')).toBe(cut);
  });

  it('fills up by cells, not by characters', () => {
    expect(padToWidth('日本', 6, '…')).toBe('日本  ');
    expect(padToWidth('日本語', 4, '…')).toBe('日… ');
  });
});
