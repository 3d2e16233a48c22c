import { describe, expect, it } from 'vitest';
import { reorderFilter } from '../../../../src/lib/proxy/filters/reorder.ts';
import { DatagramDriver, openDatagrams } from './machine-driver.ts';

const open = (params: unknown): DatagramDriver => new DatagramDriver(openDatagrams(reorderFilter, params));

/** `aBc`: b is chosen, a and c are not. */
function send(driver: DatagramDriver, text: string): DatagramDriver {
  for (const letter of text) {
    const isChosen = letter === letter.toUpperCase();
    if (isChosen) driver.push(letter.toLowerCase());
    else driver.pass(letter);
  }
  return driver;
}

describe('reorder', () => {
  it.each([
    [{}, 'aBcd', 'acbd'],
    [{ gap: 3 }, 'aBcdef', 'acdebf'],
    [{ gap: 2 }, 'ABcdef', 'cdabef'],
    [{ gap: 2 }, 'AbCdef', 'bdaecf'],
    [{}, 'ABCDEF', 'badcfe'],
    [{ gap: 2 }, 'ABCDEFGH', 'cdabghef'],
  ])('%j makes of %s (capitals are chosen) %s', (params, sent, received) => {
    expect(send(open(params), sent).text).toBe(received);
  });

  it('lets a datagram go after the delay when nothing overtakes it', () => {
    const driver = send(open({ gap: 5 }), 'aB').advance(10);
    send(driver, 'c').advance(39);
    expect(driver.text).toBe('ac');
    expect(driver.advance(1).text).toBe('acb');
  });

  it('waits for each datagram by itself', () => {
    const driver = send(open({ gap: 5, delay: '50ms' }), 'A').advance(20);
    send(driver, 'B').advance(20);
    send(driver, 'C').advance(100);
    expect(driver.outputs.map(({ bytes, atMs }) => [bytes.toString(), atMs])).toEqual([
      ['a', 50],
      ['b', 70],
      ['c', 90],
    ]);
  });

  it('asks again when a timer is early', () => {
    const machine = openDatagrams(reorderFilter, { delay: '50ms' });
    machine.onDatagram(Buffer.from('a'), 0, { fraction: () => 0 });
    expect(machine.onTimer?.(49.99)).toEqual([{ do: 'wake', atMs: 50 }]);
    expect(machine.onTimer?.(50)).toMatchObject([{ do: 'pass', delayed: true }]);
    expect(machine.onTimer?.(50)).toEqual([]);
  });

  it('keeps no more than its gap', () => {
    const driver = open({ gap: 100, delay: '10m' });
    for (let i = 0; i < 150; i++) driver.push('x');
    expect(driver.outputs).toHaveLength(50);
    for (let i = 0; i < 50; i++) driver.push('x');
    expect(driver.outputs).toHaveLength(200);
  });

  it('gives up what it keeps when it is taken away', () => {
    expect(send(open({ gap: 5 }), 'aBCd').remove().text).toBe('adbc');
  });

  it.each([{ gap: 0 }, { gap: 101 }, { delay: '11m' }, { gap: '1' }])('refuses %j', (params) => {
    expect(reorderFilter.params.safeParse(params).success).toBe(false);
  });
});
