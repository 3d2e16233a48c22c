import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandProbe } from '../../../../src/lib/probes/kinds/command.ts';
import type { ProbeHost, ProbeOutcome } from '../../../../src/lib/probes/probe.ts';
import { realClock } from '../../../../src/lib/runtime/clock.ts';
import { findMarked } from '../../../../src/lib/runtime/processes.ts';

const directory = mkdtempSync(join(tmpdir(), 'faultline-command-'));
const RUN = `command-${process.pid}`;
const host: ProbeHost = { clock: realClock, servicePids: () => undefined, directory, run: RUN };

function probe(params: object, expected: object = {}, timeoutMs = 10_000): Promise<ProbeOutcome & { tookMs: number }> {
  return commandProbe.bind(params, expected)(host, timeoutMs);
}

/** Every process of this file's commands is gone, within a second. */
async function expectNoneLeft(): Promise<void> {
  await expect.poll(() => findMarked('FAULTLINE_RUN', RUN), { timeout: 1_000, interval: 10 }).toEqual([]);
}

// The first run loads the library that starts processes; timings below are about the commands.
beforeAll(() => probe({ command: 'true' }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('a command probe', () => {
  it.each([
    ['a list', ['sh', '-c', 'exit 0'], {}, undefined],
    ['a text for the shell', 'exit 0 | true', {}, undefined],
    ['an exit code', 'echo one >&2; echo two >&2; exit 3', {}, 'exit code 3, expected 0: two'],
    ['an exit code that was asked for', 'exit 3', { exitCode: [1, 3] }, undefined],
    ['an exit code that was not', 'exit 2', { exitCode: [1, 3] }, 'exit code 2, expected one of 1, 3'],
    ['a signal', 'kill -TERM $$', {}, 'ended by SIGTERM, expected 0'],
    ['output', 'echo all is well', { stdout: { contains: 'well', matches: '^all' } }, undefined],
    ['other output', 'echo no', { stdout: { contains: 'well' } }, 'output does not contain "well"'],
    [
      'a JSON value',
      `echo '{"lag":7}'`,
      { stdout: { jsonpath: { path: '$.lag', max: 5 } } },
      '$.lag is 7, more than 5',
    ],
    ['a number within', 'echo " 12.5"', { stdout: { number: { min: 12, max: 13 } } }, undefined],
    ['a number above', 'echo 12', { stdout: { number: { max: 10 } } }, 'output is 12, more than 10'],
    ['no number', 'echo twelve', { stdout: { number: { max: 10 } } }, 'output "twelve" is not a number'],
    ['no output', 'true', { stdout: { number: {} } }, 'output "" is not a number'],
    ['a missing program', ['no-such-program'], {}, 'cannot run no-such-program: spawn no-such-program ENOENT'],
  ])('judges %s', async (_name, command, expected, reason) => {
    expect(await probe({ command }, expected)).toMatchObject({ ok: reason === undefined, ...(reason && { reason }) });
  });

  it('runs in the folder and environment that were asked for', async () => {
    writeFileSync(join(directory, 'here'), '');
    const outcome = await probe(
      { command: 'ls; echo $GREETING', env: { GREETING: 'hello' } },
      { stdout: { matches: '^here\\nhello$' } },
    );
    expect(outcome.reason).toBe('output does not match ^here\\nhello$');
    expect(
      await probe(
        { command: 'ls; printf $GREETING', env: { GREETING: 'hello' } },
        { stdout: { matches: '^here\\nhello$' } },
      ),
    ).toMatchObject({
      ok: true,
    });
    expect((await probe({ command: 'ls', cwd: 'nowhere' })).ok).toBe(false);
  });

  it('judges how long it took', async () => {
    expect((await probe({ command: 'sleep 0.1' }, { latency: '20ms' })).reason).toMatch(
      /^took 1\d\dms, more than 20ms$/,
    );
  });

  it('is a timeout when it hangs, and the whole group is killed', async () => {
    const outcome = await probe({ command: 'echo begun; sleep 60 & sleep 60' }, {}, 200);
    expect(outcome.reason).toBe('timed out after 200ms while the command ran (6B of output)');
    expect(outcome.tookMs).toBeLessThan(5_000);
    await expectNoneLeft();
  });

  it('is a timeout when it ignores signals', async () => {
    const outcome = await probe({ command: `trap '' TERM INT HUP; while :; do sleep 0.05; done` }, {}, 200);
    expect(outcome.tookMs).toBeLessThan(5_000);
    await expectNoneLeft();
  });

  it('does not wait for what it left in the background, and kills that', async () => {
    const outcome = await probe({ command: 'sleep 60 & echo done' }, { stdout: { contains: 'done' } });
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.tookMs).toBeLessThan(5_000);
    await expectNoneLeft();
  });

  it('keeps a bounded part of a large output', async () => {
    const outcome = await probe(
      { command: 'head -c 3000000 /dev/zero | tr "\\0" x; echo end' },
      { stdout: { contains: 'end' } },
    );
    expect(outcome.reason).toBe('the first 1MiB of the output does not contain "end"');
  });
});
