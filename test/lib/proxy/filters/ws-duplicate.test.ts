import { expect, it } from 'vitest';
import { wsDuplicateFilter } from '../../../../src/lib/proxy/filters/ws-duplicate.ts';
import { diceOf } from './machine-driver.ts';

it('ws_duplicate makes messages of WebSockets arrive twice, in the direction that is asked for', () => {
  const { filter, requested } = wsDuplicateFilter.bind({});
  expect([filter.message?.on, filter.message?.direction]).toEqual(['websocket', 'downstream']);
  const message = { direction: 'downstream', ordinal: 0, kind: 'text' } as const;
  expect(filter.message?.onMessage(message, diceOf(0))).toEqual({ do: 'duplicate' });
  expect(requested).toEqual({ stream: 'downstream', percent: 100 });
});
