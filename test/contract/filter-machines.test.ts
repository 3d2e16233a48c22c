import { describe, expect, it } from 'vitest';
import type { DatagramMachine, FilterKind, StreamMachine } from '../../src/lib/proxy/filter.ts';
import { FILTER_KINDS } from '../../src/lib/proxy/filter-registry.ts';
import type { Direction } from '../../src/lib/proxy/views.ts';
import { hashFraction } from '../../src/lib/runtime/chance.ts';
import { DatagramDriver, diceOf, StreamDriver } from '../lib/proxy/filters/machine-driver.ts';
import { requestView } from '../lib/proxy/requests.ts';
import { exampleParams } from './filter-examples.ts';

/** What the machines of every kind must hold to: they run on a driver that does what they ask for, and that counts. */

/** What a kind may do to the bytes of a stream; the others keep all of them, in order. */
const MAY: Readonly<Record<string, 'lose' | 'change' | 'cut'>> = {
  packet_loss: 'lose',
  corrupt: 'change',
  timeout: 'cut',
  reset_peer: 'cut',
  limit_data: 'cut',
  abort: 'cut',
};

interface Row {
  readonly name: string;
  readonly may: 'lose' | 'change' | 'cut' | undefined;
  readonly params: object;
  readonly open: (carried?: unknown) => StreamMachine;
}

/** Every stream machine there is, with every example, in every direction that it has. */
const STREAMS: readonly Row[] = FILTER_KINDS.flatMap((kind) =>
  exampleParams(kind.kind).flatMap((params) =>
    (['upstream', 'downstream'] as const).flatMap((direction): Row[] => {
      const open = opener(kind, params, direction);
      const name = `${kind.kind} ${direction}`;
      return open === undefined ? [] : [{ name, may: MAY[kind.kind], params, open }];
    }),
  ),
);

function opener(
  kind: FilterKind,
  params: object,
  direction: Direction,
): ((carried?: unknown) => StreamMachine) | undefined {
  const { stream, request } = kind.bind(params).filter;
  const action = request?.onRequest(requestView('GET', '/'), diceOf(0));
  if (action?.do === 'pace') return action.direction === direction ? action.open : undefined;
  if (stream?.open(direction, diceOf(0), undefined) === undefined) return undefined;
  return (carried) => stream.open(direction, diceOf(0), carried)!;
}

const random = (...salt: readonly (string | number)[]): number => hashFraction('machines', ...salt);

/** Chunks of 0 to 70,000 bytes, small ones as often as large ones. */
function chunksOf(run: number): Buffer[] {
  return Array.from({ length: 40 }, (_, i) => {
    const size = Math.floor(70_001 ** random(run, i, 'size')) - 1;
    return Buffer.alloc(size, `${run}.${i};`);
  });
}

/** Longer than any of the examples takes: 17 bytes a second for 40 chunks, and ten minutes. */
const FOR_EVER_MS = 200_000_000;

describe.each(STREAMS)('the machine of $name with $params', ({ open, may, params }) => {
  const isEndless = 'rate' in params && params.rate === '0B/s';

  it.each([1, 2, 3])('keeps the order, loses no byte and passes the end on (run %d)', (run) => {
    const chunks = chunksOf(run);
    const sent = Buffer.concat(chunks);
    const driver = new StreamDriver(open());
    for (const [i, chunk] of chunks.entries()) driver.push(chunk).advance(random(run, i, 'pause') * 50);
    driver.end().advance(FOR_EVER_MS);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    if (isEndless) driver.remove();
    if (may !== 'cut') expect(driver.ending?.what).toBe('end');
    else expect(driver.ending).toBeDefined();
    expect(driver.outputs.at(-1)).toBe(driver.ending);
    expect(driver.passed.length + driver.droppedBytes + driver.waitingBytes).toBe(sent.length);
    if (may === undefined) expect(driver.passed.equals(sent)).toBe(true);
    if (may === 'change') expect(driver.passed).toHaveLength(sent.length);
    if (may === 'cut') expect(driver.passed.equals(sent.subarray(0, driver.passed.length))).toBe(true);
  });

  it.each([4, 5, 6])('lets everything go when it is taken away in the middle (run %d)', (run) => {
    const chunks = chunksOf(run);
    const driver = new StreamDriver(open());
    const cut = Math.floor(random(run, 'cut') * chunks.length);
    for (const [i, chunk] of chunks.entries()) {
      if (i === cut) driver.remove();
      driver.push(chunk).advance(1);
    }
    if (run === 6) driver.end().remove();
    const sent = Buffer.concat(chunks);
    if (driver.ending !== undefined && driver.ending.what !== 'end') return;
    expect(driver.waitingBytes).toBe(0);
    expect(driver.passed.length + driver.droppedBytes).toBe(sent.length);
    if (may === undefined) expect(driver.passed.equals(sent)).toBe(true);
  });

  it('lets the end go when it is taken away behind it', () => {
    const driver = new StreamDriver(open()).push(Buffer.alloc(5000)).end().remove();
    expect(driver.ending).toBeDefined();
    expect(driver.waitingBytes).toBe(may === 'cut' ? driver.waitingBytes : 0);
  });

  it.each([7, 8])('goes on from what it carries when its parameters change (run %d)', (run) => {
    const chunks = chunksOf(run);
    const driver = new StreamDriver(open());
    for (const [i, chunk] of chunks.entries()) {
      if (i % 7 === 3) driver.retune(open);
      driver.push(chunk).advance(random(run, i) * 20);
    }
    driver.end().advance(FOR_EVER_MS);
    if (isEndless) driver.remove();
    expect(driver.ending).toBeDefined();
    const sent = Buffer.concat(chunks);
    expect(driver.passed.length + driver.droppedBytes + driver.waitingBytes).toBe(sent.length);
    if (may === undefined) expect(driver.passed.equals(sent)).toBe(true);
  });

  it.each([null, 0, -1, 'x', {}, true])('takes %j for what was carried, and still ends', (carried) => {
    const driver = new StreamDriver(open(carried)).push(10).end().advance(FOR_EVER_MS);
    expect(isEndless ? driver.remove().ending : driver.ending).toBeDefined();
  });
});

const DATAGRAMS = FILTER_KINDS.flatMap((kind) =>
  exampleParams(kind.kind).flatMap((params) =>
    (['upstream', 'downstream'] as const).flatMap((direction) => {
      const { datagram } = kind.bind(params).filter;
      const open = (): DatagramMachine | undefined => datagram?.open(direction, diceOf(0), undefined);
      return open() === undefined ? [] : [{ name: `${kind.kind} ${direction}`, params, open }];
    }),
  ),
);

describe.each(DATAGRAMS)('the machine of $name for datagrams, with $params', ({ open }) => {
  /** A datagram says by its length and its first byte which one it is. */
  const sizes = Array.from({ length: 200 }, (_, i) => Math.floor(random('datagram', i) * 1400));

  it.each([true, false])(
    'passes each once and whole, or drops it; nothing stays behind (removed early: %s)',
    (early) => {
      const driver = new DatagramDriver(open()!);
      for (const [i, size] of sizes.entries()) {
        driver.push(Buffer.alloc(size, i));
        if (i % 5 === 0) driver.pass(`other ${i}`);
        driver.advance(random('pause', i) * 30);
      }
      if (early) driver.remove();
      driver.advance(FOR_EVER_MS);
      const others = sizes.length / 5;
      const originals = driver.outputs.filter(({ copy }) => !copy);
      expect(originals.length + driver.dropped).toBe(sizes.length + others);
      const received = originals.map(({ bytes }) => bytes).filter((bytes) => !bytes.toString().startsWith('other'));
      const possible = [...sizes];
      for (const { length } of received) {
        const place = possible.indexOf(length);
        expect(place).toBeGreaterThanOrEqual(0);
        possible.splice(place, 1);
      }
    },
  );
});
