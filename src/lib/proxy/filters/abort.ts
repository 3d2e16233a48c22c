import { z } from 'zod';
import { percentSchema } from '../../wire/quantities.ts';
import { defineFilter } from '../filter.ts';
import { isChosen } from './chosen.ts';
import { compileMatch, describeMatch, matchMisfit, matchSchema } from './match.ts';

const params = z.strictObject({
  percent: percentSchema.prefault('100%'),
  match: matchSchema.optional(),
});

/** HTTP: the connection of a chosen request is reset when its head is read. Raw TCP: a chosen connection is reset at once. */
export const abortFilter = defineFilter({
  kind: 'abort',
  summary: 'chosen requests or connections are cut off by a TCP reset (RST)',
  protocols: ['http', 'tcp'],
  params,
  misfit: ({ match }, protocol) => matchMisfit(match, protocol),
  requested: ({ percent, match }) => ({ percent, ...describeMatch(match) }),
  create({ percent, match }) {
    const matches = compileMatch(match);
    return {
      ...(matches === undefined ? {} : { matches }),
      onRequest: (_request, dice) => (isChosen(percent, dice) ? { do: 'reset' } : undefined),
      onConnection: (dice) => (isChosen(percent, dice) ? { do: 'reset' } : undefined),
    };
  },
});
