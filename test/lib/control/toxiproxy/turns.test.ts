import { describe, expect, it } from 'vitest';
import { Turns } from '../../../../src/lib/control/toxiproxy/turns.ts';

describe('turns', () => {
  it('are taken one after another for a name, and do not wait for other names', async () => {
    const turns = new Turns();
    const first = Promise.withResolvers<undefined>();
    const done: string[] = [];
    const work = (text: string) => () => void done.push(text);
    const all = [
      turns.take('a', async () => {
        await first.promise;
        done.push('a1');
      }),
      turns.take('a', work('a2')),
      turns.take('b', work('b1')),
      turns.take('a', work('a3')),
    ];
    await all[2];
    expect(done).toEqual(['b1']);
    first.resolve(undefined);
    await Promise.all(all);
    expect(done).toEqual(['b1', 'a1', 'a2', 'a3']);
  });

  it('go on after one that failed, which hears of it alone', async () => {
    const turns = new Turns();
    const failing = turns.take('a', () => Promise.reject(new Error('no')));
    const next = turns.take('a', () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });
});
