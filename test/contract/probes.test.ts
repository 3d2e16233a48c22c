import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { findProbeKind, probeKinds } from '../../src/lib/probes/registry.ts';
import type { ProbeHost } from '../../src/lib/probes/probe.ts';
import { AppError } from '../../src/lib/errors/app-error.ts';
import { realClock } from '../../src/lib/runtime/clock.ts';

/** What every kind of probe keeps to. A new kind needs one row here. */
interface Row {
  readonly kind: string;
  /** A target that is well. */
  readonly well: () => { params: object; expect?: object };
  /** A target that is not. */
  readonly broken: () => { params: object; expect?: object };
  /** A target that does not answer in time; undefined: it is read from memory, where nothing can be waited for. */
  readonly stalled: (() => { params: object; expect?: object }) | undefined;
}

let quietPort = 0;
let closedPort = 0;
const sockets = new Set<Socket>();
let quiet: Server;

const rows: readonly Row[] = [
  {
    kind: 'http',
    well: () => ({ params: { url: `http://127.0.0.1:${quietPort}/well` } }),
    broken: () => ({ params: { url: `http://127.0.0.1:${closedPort}/` } }),
    stalled: () => ({ params: { url: `http://127.0.0.1:${quietPort}/stalled-body` } }),
  },
  {
    kind: 'tcp',
    well: () => ({ params: { port: quietPort } }),
    broken: () => ({ params: { port: closedPort } }),
    stalled: () => ({ params: { port: quietPort }, expect: { contains: 'never' } }),
  },
  {
    kind: 'command',
    well: () => ({ params: { command: 'true' } }),
    broken: () => ({ params: { command: ['no-such-program'] } }),
    stalled: () => ({ params: { command: 'sleep 60' } }),
  },
  {
    kind: 'process',
    well: () => ({ params: { pid: process.pid } }),
    broken: () => ({ params: { name: 'no-such-process' } }),
    // Its first sample of CPU use takes 100 ms, longer than the timeout below.
    stalled: () => ({ params: { pid: process.pid }, expect: { cpu: { max: '1000%' } } }),
  },
  {
    kind: 'breaker',
    well: () => ({ params: { service: 'pay' } }),
    broken: () => ({ params: { service: 'pay' }, expect: { state: 'open' } }),
    stalled: undefined,
  },
  {
    kind: 'endpoints',
    well: () => ({ params: { service: 'pay' } }),
    broken: () => ({ params: { service: 'nobody' } }),
    stalled: undefined,
  },
];

const host: ProbeHost = {
  clock: realClock,
  servicePids: () => undefined,
  directory: '/',
  lookupService: (service) =>
    service === 'pay'
      ? { breakers: [{ name: 'pay', state: 'closed' }], endpoints: [{ endpoint: 'pay/a:1', isUsable: true }] }
      : undefined,
};
const slow = rows.flatMap(({ stalled, ...row }) => (stalled === undefined ? [] : [{ ...row, stalled }]));
const STALL_MS = 60;
/** When a measurement is cut short: it is under way by then, and not over. */
const CUT_MS = 20;
/** How much later than asked a measurement may end. */
const TOLERANCE_MS = 100;

/** Rejects when the work is not done before a timer of this length, which a busy machine delays as much as the work. */
function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  const late = realClock.sleep(limitMs).then(() => Promise.reject(new Error(`not within ${limitMs} ms`)));
  late.catch(() => undefined);
  return Promise.race([work, late]);
}

beforeAll(async () => {
  quiet = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const path = /^GET (\S+)/.exec(bytes.toString())?.[1];
      if (path === '/well') socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      if (path === '/stalled-body') socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok');
    });
  });
  const other = createServer();
  for (const server of [quiet, other]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  quietPort = (quiet.address() as AddressInfo).port;
  closedPort = (other.address() as AddressInfo).port;
  await new Promise((resolve) => other.close(resolve));
  // Loads what a kind loads at its first measurement, which is not what is timed below.
  await findProbeKind('command').bind({ command: 'true' }, {})(host, 10_000);
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => quiet.close(resolve));
});

it('has a row for every kind', () => {
  expect(rows.map(({ kind }) => kind)).toEqual(probeKinds.map(({ kind }) => kind));
});

it('names the kinds there are when one is not known', () => {
  expect(() => findProbeKind('htp')).toThrow(
    expect.objectContaining({ exitName: 'usage', hint: expect.stringContaining('http') as string }),
  );
});

const bindOf =
  (kind: string) =>
  ({ params, expect: expected = {} }: { params: object; expect?: object }) =>
    findProbeKind(kind).bind(params, expected);

describe.each(rows)('the probe $kind', ({ kind, well, broken }) => {
  const probe = findProbeKind(kind);
  const bind = bindOf(kind);

  it('has a summary, and a JSON Schema of its parameters and its tolerance that allows nothing else', () => {
    expect(probe.summary).not.toBe('');
    for (const schema of [probe.params, probe.expect]) {
      expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({ type: 'object', additionalProperties: false });
    }
  });

  it('refuses an unknown key by its name', () => {
    const { params, expect: expected = {} } = well();
    for (const [given, wanted] of [
      [{ ...params, timout: 1 }, expected],
      [params, { ...expected, timout: 1 }],
    ] as const) {
      let thrown: unknown;
      try {
        probe.bind(given, wanted);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(AppError);
      expect((thrown as AppError).exitName).toBe('usage');
      expect((thrown as AppError).message).toContain('unknown "timout"');
      expect((thrown as AppError).message).toContain(`probe ${kind}`);
    }
  });

  it('needs no tolerance, and takes a target that is well for well', async () => {
    const outcome = await probe.bind(well().params, undefined)(host, 5_000);
    expect(outcome).toMatchObject({ ok: true, value: expect.stringMatching(/./) as string });
    expect(outcome.reason).toBeUndefined();
    expect(outcome.tookMs).toBeGreaterThanOrEqual(0);
  });

  it('gives a value with a reason for a target that is broken', async () => {
    const outcome = await bind(broken())(host, 5_000);
    expect(outcome.ok).toBe(false);
    expect(outcome.reason).toMatch(/./);
  });

  it('measures again and again', async () => {
    const measure = bind(well());
    for (let i = 0; i < 3; i++) expect(await measure(host, 5_000)).toMatchObject({ ok: true });
  });
});

describe.each(slow)('the probe $kind, where it has to wait', ({ kind, stalled }) => {
  const bind = bindOf(kind);

  it('takes a stall for a timeout, in time', async () => {
    const outcome = await within(STALL_MS + TOLERANCE_MS, bind(stalled())(host, STALL_MS));
    expect(outcome.ok).toBe(false);
    expect(outcome.reason).toMatch(/^timed out after 60ms\b/);
    expect(outcome.tookMs).toBeGreaterThanOrEqual(STALL_MS - 1);
  });

  it('ends at once when it is cut short', async () => {
    const cut = new AbortController();
    const measured = bind(stalled())(host, 60_000, cut.signal);
    await realClock.sleep(CUT_MS);
    cut.abort();
    const outcome = await within(TOLERANCE_MS, measured);
    expect(outcome.ok).toBe(false);
    expect(outcome.reason).toMatch(/^cut short\b/);
  });

  it('does not begin when it was cut before', async () => {
    const outcome = await bind(stalled())(host, 60_000, AbortSignal.abort());
    expect(outcome).toMatchObject({ ok: false, reason: 'cut short', tookMs: 0 });
  });
});
