import { describe, expect, it } from 'vitest';
import { ResponseRelay, type RelayStep } from '../../../../../src/lib/proxy/engine/http1/response-relay.ts';

/** What comes out for the pieces, and the last step. */
function relay(method: string, pieces: readonly Buffer[]) {
  const written: Buffer[] = [];
  const tested = new ResponseRelay({
    write: (bytes) => void written.push(bytes),
    writeBody: (bytes) => void written.push(bytes),
    declines: () => false,
    onRecorded: () => undefined,
    onTunnel: (head) => head.bytes.subarray(head.start),
  });
  tested.begin(method);
  let step: RelayStep = 'more';
  for (const piece of pieces) {
    step = tested.take(piece);
    if (step !== 'more') break;
  }
  return { step, text: Buffer.concat(written).toString('latin1'), tested };
}

const RESPONSES: readonly (readonly [string, string, RelayStep])[] = [
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'done'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'done'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 'done'],
  ['GET', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: x\r\n\r\n', 'done'],
  [
    'GET',
    'HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    'done',
  ],
  ['GET', 'HTTP/1.1 200 OK\r\n\r\nuntil close', 'more'],
  ['GET', 'HTTP/1.1 101 Switching\r\n\r\nraw bytes', 'tunnel'],
  ['CONNECT', 'HTTP/1.1 200 OK\r\n\r\nraw bytes', 'tunnel'],
  ['GET', 'ICY 200 OK\r\n\r\n', 'raw'],
];

describe('a response passed on', () => {
  it.each(RESPONSES)('%s answered %.60j ends as %s, wherever it is split', (method, text, end) => {
    const bytes = Buffer.from(text);
    const whole = relay(method, [bytes]);
    expect([whole.text, whole.step]).toEqual([text, end]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { step, text: out } = relay(method, [bytes.subarray(0, cut), bytes.subarray(cut)]);
      expect(step).toBe(end);
      // A tunnel or raw bytes begin where the step says so: what follows is no longer the relay's.
      expect(end === 'tunnel' || end === 'raw' ? text.startsWith(out) : out === text).toBe(true);
    }
  });

  it('says whether the connection goes on', () => {
    const of = (head: string): boolean => relay('GET', [Buffer.from(`${head}\r\n\r\n`)]).tested.keepsAlive;
    expect(of('HTTP/1.1 200 OK\r\nContent-Length: 0')).toBe(true);
    expect(of('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close')).toBe(false);
    expect(of('HTTP/1.0 200 OK\r\nContent-Length: 0')).toBe(false);
    expect(of('HTTP/1.1 200 OK')).toBe(false);
  });

  it('notes 100 Continue, status and bytes behind the end', () => {
    const { tested } = relay('GET', [
      Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\nextra'),
    ]);
    expect([tested.continued, tested.status, tested.surplus, tested.heard]).toEqual([true, 500, true, true]);
    tested.begin('GET');
    expect([tested.continued, tested.status, tested.surplus, tested.heard]).toEqual([false, 0, false, false]);
  });

  it('passes a chunked body that goes bad on as it is', () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
    expect(relay('GET', [Buffer.from(text)])).toMatchObject({ step: 'raw', text });
  });
});
