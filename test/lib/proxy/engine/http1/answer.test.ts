import { describe, expect, it } from 'vitest';
import { createFailure, createRefusal, formatAnswer } from '../../../../../src/lib/proxy/engine/http1/answer.ts';
import { Backlog, MAX_BACKLOG_BYTES } from '../../../../../src/lib/proxy/engine/http1/backlog.ts';

describe('an answer of the proxy', () => {
  const answer = { status: 429, headers: [['retry-after', '1']], body: Buffer.from('é'), marker: 'injected' } as const;

  it('says its length in bytes, that it is ours, and whether the connection goes on', () => {
    expect(formatAnswer(answer, true, false).toString()).toBe(
      'HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 2\r\nx-faultline: injected\r\nconnection: keep-alive\r\n\r\né',
    );
  });

  it('to HEAD has the same head and no body', () => {
    const [toGet, toHead] = [false, true].map((isHead) => formatAnswer(answer, false, isHead).toString());
    expect(`${toHead}é`).toBe(toGet);
  });

  it('with a status nobody has named is still well-formed', () => {
    expect(formatAnswer({ ...answer, status: 599 }, true, false).toString()).toMatch(/^HTTP\/1\.1 599 Error\r\n/);
  });

  it.each([
    ['obs-fold', 400],
    ['head-too-large', 431],
    ['too-many-headers', 431],
  ] as const)('to a head with %s is %d', (problem, status) => {
    expect(createRefusal(problem)).toMatchObject({ status, marker: `refused; reason=${problem}` });
  });

  it('about a failure says in words what happened', () => {
    expect(createFailure(502, 'upstream-closed', 'it broke').body.toString()).toBe('faultline: it broke\n');
  });
});

describe('a backlog', () => {
  it('gives bytes back in order, knows how many there are, and when it is full', () => {
    const backlog = new Backlog();
    backlog.push(Buffer.from('one'));
    backlog.push(Buffer.from('two'));
    backlog.unshift(backlog.shift()!.subarray(1));
    expect([backlog.bytes, backlog.isFull]).toEqual([5, false]);
    expect([backlog.shift(), backlog.shift(), backlog.shift()].map((chunk) => chunk?.toString())).toEqual([
      'ne',
      'two',
      undefined,
    ]);
    backlog.push(Buffer.alloc(MAX_BACKLOG_BYTES));
    expect(backlog.isFull).toBe(true);
  });
});
