import { connect } from 'node:net';
import { z } from 'zod';
import { formatDurationMs, formatSizeBytes } from '../../wire/quantities.ts';
import { latencyFault, latencySchema } from '../expect/latency.ts';
import { textFaults, textShape, type TextExpectation } from '../expect/text.ts';
import { cutReason, judged } from '../measure.ts';
import { defineProbe } from '../probe.ts';
import { socketErrorMessage } from '../sockets/socket-error.ts';

/** How much of an answer is listened to: banners and replies are short, and each piece is searched as it comes. */
const LIMIT_ANSWER_CHARS = 64 * 1024;

const ADDRESS = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/;

const port = z.number().int().min(1).max(65_535);

const params = z
  .strictObject({
    address: z
      .string()
      .regex(ADDRESS, { error: 'expected host:port, such as 127.0.0.1:6379 or [::1]:6379' })
      .optional()
      .describe('Host and port in one; instead of host and port.'),
    host: z.string().min(1).optional().describe('127.0.0.1 by default.'),
    port: port.optional(),
    send: z.string().optional().describe('Text to send once connected.'),
  })
  .superRefine(({ address, host, port: number }, context) => {
    const refuse = (message: string): void => context.addIssue({ code: 'custom', message });
    if (address === undefined && number === undefined) refuse('give an address (host:port), or a port');
    if (address !== undefined && (host !== undefined || number !== undefined))
      refuse('give either address, or host and port');
    if (address !== undefined && Number(ADDRESS.exec(address)?.[3]) > 65_535) refuse('the port is larger than 65535');
  });

const expect = z.strictObject({ ...textShape, latency: latencySchema });

/** A TCP connection; with `contains` or `matches`, until the peer has answered so. */
export const tcpProbe = defineProbe({
  kind: 'tcp',
  summary: 'a TCP connection: it opens, and answers what is expected',
  params,
  expect,
  create(wanted, expected) {
    const place = parsePlace(wanted);
    const wantsAnswer = expected.contains !== undefined || expected.matches !== undefined;
    return async (host, signal) => {
      const startedMs = host.clock.monotonicMs();
      const answer = await converse({ ...place, send: wanted.send, until: wantsAnswer ? expected : undefined }, signal);
      const tookMs = host.clock.monotonicMs() - startedMs;
      const value = `${wantsAnswer ? 'answered' : 'connected'} in ${formatDurationMs(tookMs)}`;
      return judged(value, [...answer, latencyFault(tookMs, expected.latency)]);
    };
  },
});

function parsePlace({ address, host, port: number }: z.output<typeof params>): { host: string; port: number } {
  const [, bracketed, plain, digits] = ADDRESS.exec(address ?? '') ?? [];
  return { host: bracketed ?? plain ?? host ?? '127.0.0.1', port: number ?? Number(digits) };
}

interface Conversation {
  readonly host: string;
  readonly port: number;
  readonly send: string | undefined;
  /** Listens until the answer is so, the peer closes, or too much came; undefined: does not listen. */
  readonly until: TextExpectation | undefined;
}

/** Connects, sends, listens. Resolves with what is wrong with the answer; rejects when the connection fails or is cut. */
function converse({ host, port: number, send, until }: Conversation, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let stage = `connecting to ${host}:${number}`;
    let answer = '';
    const faults = (): string[] => textFaults({ name: 'answer', text: answer, isCut: false }, until ?? {});
    const socket = connect({ host, port: number });
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      finish();
      socket.destroy();
    };
    const onAbort = (): void => settle(() => reject(new Error(`${cutReason(signal)} while ${stage}`)));
    signal.addEventListener('abort', onAbort, { once: true });

    socket.setEncoding('utf8');
    socket.on('error', (error) => settle(() => reject(new Error(socketErrorMessage(error)))));
    socket.on('connect', () => {
      stage = 'waiting for an answer (0B received)';
      if (send !== undefined) socket.write(send);
      if (until) return;
      // What was written is on its way once the stream has ended.
      if (send === undefined) settle(() => resolve([]));
      else socket.end(() => settle(() => resolve([])));
    });
    socket.on('data', (text: string) => {
      answer += text;
      stage = `waiting for the expected answer (${formatSizeBytes(Buffer.byteLength(answer))} received)`;
      if (until && (answer.length > LIMIT_ANSWER_CHARS || faults().length === 0)) settle(() => resolve(faults()));
    });
    socket.on('end', () => {
      const detail = answer === '' ? 'the peer closed without an answer' : 'the peer closed';
      const broken = faults();
      settle(() => resolve(broken.length === 0 ? [] : [`${detail}: ${broken.join('; ')}`]));
    });
  });
}
