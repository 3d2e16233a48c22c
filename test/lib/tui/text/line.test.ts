import { describe, expect, it } from 'vitest';
import { formatLine, joinFacts, span, spread } from '../../../../src/lib/tui/text/line.ts';
import { COLOURED, UNICODE } from '../support/themes.ts';

const text = (spans: Parameters<typeof formatLine>[0]): string => formatLine(spans, 200, UNICODE);

describe('a line of spans', () => {
  it.each([
    [20, 'one two three'],
    [13, 'one two three'],
    [9, 'one two …'],
    [8, 'one two…'],
    [4, 'one…'],
    [0, ''],
  ])('is cut at %i cells', (width, line) => {
    expect(formatLine([span('one '), span('two '), span('three')], width, UNICODE)).toBe(line);
  });

  it('has no blanks at its end, whatever their tone', () => {
    expect(formatLine([span('one  '), span('   ', 'dim')], 20, UNICODE)).toBe('one');
  });

  it('paints each span on its own and counts no colour as width', () => {
    expect(formatLine([span('bad', 'bad'), span(' good', 'good')], 8, COLOURED)).toBe(
      '\u001b[31mbad\u001b[39m\u001b[32m good\u001b[39m',
    );
  });
});

describe('two sides of a line', () => {
  it('stand at both ends, and the right one goes first', () => {
    expect(text(spread([span('left')], [span('right')], 12))).toBe('left   right');
    expect(text(spread([span('left')], [span('right')], 10))).toBe('left');
  });
});

describe('facts side by side', () => {
  const facts = [
    { worth: 3, spans: [span('state')] },
    { worth: 1, spans: [span('what')] },
    { worth: 2, spans: [span('count')] },
  ];

  it.each([
    [18, 'state  what  count'],
    [17, 'state  count'],
    [12, 'state  count'],
    [11, 'state'],
    [3, 'state'],
  ])('keep the worthiest within %i cells, in their order', (width, joined) => {
    expect(text(joinFacts(facts, width))).toBe(joined);
  });
});
