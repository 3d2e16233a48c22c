import { describe, expect, it } from 'vitest';
import { Reloads } from '../../../../src/lib/app/proxy-run/reloads.ts';

/** Reloads that go on until they are told to end. */
function scene() {
  const open: (() => void)[] = [];
  let begun = 0;
  const reloads = new Reloads(async () => {
    begun++;
    await new Promise<void>((resolve) => open.push(resolve));
  });
  const finishOne = async (): Promise<void> => {
    open.shift()?.();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  return { reloads, finishOne, begun: () => begun };
}

describe('reloads', () => {
  it('begin at once, one at a time', async () => {
    const { reloads, finishOne, begun } = scene();
    reloads.request();
    reloads.request();
    expect(begun()).toBe(1);
    await finishOne();
    expect(begun()).toBe(2);
  });

  it('follow once, however often they were asked for meanwhile', async () => {
    const { reloads, finishOne, begun } = scene();
    for (let count = 0; count < 5; count++) reloads.request();
    await finishOne();
    await finishOne();
    await finishOne();
    expect(begun()).toBe(2);
    reloads.request();
    expect(begun()).toBe(3);
  });

  it('end when the one that goes on has, and no other follows', async () => {
    const { reloads, finishOne, begun } = scene();
    reloads.request();
    reloads.request();
    let isEnded = false;
    const ended = reloads.end().then(() => (isEnded = true));
    await Promise.resolve();
    expect(isEnded).toBe(false);
    await finishOne();
    await ended;
    expect(begun()).toBe(1);
  });

  it('end at once when none goes on', async () => {
    await scene().reloads.end();
  });
});
