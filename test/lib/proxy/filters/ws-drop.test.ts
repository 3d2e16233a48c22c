import { expect, it } from 'vitest';
import { wsDropFilter } from '../../../../src/lib/proxy/filters/ws-drop.ts';
import { diceOf } from './machine-driver.ts';

it('ws_drop loses messages of WebSockets, in the direction that is asked for', () => {
  const { filter, requested } = wsDropFilter.bind({ stream: 'upstream' });
  expect([filter.message?.on, filter.message?.direction]).toEqual(['websocket', 'upstream']);
  const message = { direction: 'upstream', ordinal: 0, kind: 'binary' } as const;
  expect(filter.message?.onMessage(message, diceOf(0))).toEqual({ do: 'drop' });
  expect(requested).toEqual({ stream: 'upstream', percent: 100 });
  expect(wsDropFilter.misfit({}, 'tcp')).toBeDefined();
});
