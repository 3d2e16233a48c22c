import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/lib/runtime/fake-clock.ts';
import { openLiveRun } from '../../../src/lib/tui/live-run.ts';
import { FakeTerminal, showControls } from './support/fake-terminal.ts';
import {
  DURING,
  PLAN,
  ended,
  injected,
  phase,
  plannedFault,
  plannedProbe,
  probed,
  reverted,
  stamp,
  started,
  type Timed,
} from './support/made-up-run.ts';

const UTF8 = { LANG: 'C.UTF-8', TERM: 'xterm-256color' };

/** A clock that can leap, as it does for a process that was stopped and goes on. */
class StoppableClock extends FakeClock {
  #leaptMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.#leaptMs;
  }

  jump(byMs: number): void {
    this.#leaptMs += byMs;
  }
}

async function open(columns: number, rows: number, change: { colour?: boolean; env?: Record<string, string> } = {}) {
  const terminal = new FakeTerminal(columns, rows);
  const clock = new StoppableClock();
  const plain: string[] = [];
  const live = await openLiveRun({
    stdout: terminal,
    colour: false,
    env: UTF8,
    clock,
    onBroken: (event) => plain.push(event.type),
    ...change,
  });
  /** Moves the clock to each event's time, lets it be seen, and ends at `untilMs`. */
  const play = async (bodies: readonly Timed[], untilMs: number): Promise<void> => {
    for (const event of stamp(...bodies)) {
      await clock.advance(Math.max(0, event.sinceStartMs - clock.monotonicMs()));
      live.onEvent(event);
    }
    await clock.advance(untilMs - clock.monotonicMs());
  };
  return { terminal, clock, live, plain, play };
}

describe('the live view of a run', () => {
  it('shows what is going to happen before the first fault', async () => {
    const { terminal, live, play } = await open(80, 24);
    await play([started(), phase(2_000, 'before'), probed(2_100, 'home answers')], 3_000);
    expect(await terminal.screen()).toMatchInlineSnapshot(`
      [
        " ○ before  0:03 of 0:20  checkout survives slow paym…  run 20261123-031647-k3f9",
        "",
        "                0:00           0:05            0:10            0:15",
        "                ├setup┼ before ┼ during ───────────────────────┼ after ───────┤",
        " slow-payments           ┃     ░░░░░░░░░░░░░░░░",
        "                ○ waiting, in 2s  latency on payments",
        " flaky                   ┃               ░░░░░░░░░░░░░░░░░░░░░░",
        "                ○ waiting, in 5s  error on checkout",
        " p99                     ┃",
        "                no request has been answered yet",
        "",
        " ✓ holds  home answers                      ·  200 in 12ms",
        " ○ waits  checkout is fast",
      ]
    `);
    await live.close();
  });

  it('shows a run in the middle of its faults', async () => {
    const { terminal, live, play } = await open(80, 24);
    await play(DURING, 8_500);
    expect(await terminal.screen()).toMatchInlineSnapshot(`
      [
        " ● during  0:08 of 0:20  checkout survives slow paym…  run 20261123-031647-k3f9",
        "",
        "                0:00           0:05            0:10            0:15",
        "                ├setup┼ before ┼ during ──┃────────────────────┼ after ───────┤",
        " slow-payments                 ▓▓▓▓▓▓▓▓▓▓▓┃░░░░",
        "                ● in force 3.5s of 5s  touched 212  p50 401ms asked 400ms",
        " flaky                                   ▓┃░░░░░░░░░░░░░░░░░░░░",
        "                ● in force 0.5s of 7s  error on checkout",
        " p99                  ▁▁▁▁▁▁▁▁▁███████████┃",
        "                50/s  errors 10%  p50 200ms  p99 400ms  mostly http.503",
        "",
        " ✓ holds  home answers                     ··  200 in 12ms",
        " ✗ fails  checkout is fast                 ·✗  status is 503, not 200",
      ]
    `);
    await live.close();
  });

  it('sets the facts beside the bars where there is room', async () => {
    const { terminal, live, play } = await open(120, 36);
    await play(DURING, 8_500);
    expect(await terminal.screen()).toMatchInlineSnapshot(`
      [
        " ● during  0:08 of 0:20  checkout survives slow payments                              run 20261123-031647-k3f9  seed 42",
        "",
        "                0:00      0:05      0:10      0:15",
        "                ├───┼─────┼ during ───────────┼ after ──┤",
        " slow-payments            ▓▓▓▓▓▓▓┃░░                       ● in force 3.5s of 5s  touched 212  p50 401ms asked 400ms",
        " flaky                          ▓┃░░░░░░░░░░░░             ● in force 0.5s of 7s  error on checkout",
        " p99                ▁▁▁▁▁▁███████┃                         50/s  errors 10%  p50 200ms  p99 400ms  mostly http.503",
        "",
        " ✓ holds  home answers                                  ··  200 in 12ms",
        " ✗ fails  checkout is fast                              ·✗  status is 503, not 200",
      ]
    `);
    await live.close();
  });

  it('draws ASCII only where the locale has no more', async () => {
    const { terminal, live, play } = await open(80, 24, { env: { LANG: 'C', TERM: 'xterm' } });
    await play(DURING, 8_500);
    expect(await terminal.screen()).toMatchInlineSnapshot(`
      [
        " * during  0:08 of 0:20  checkout survives slow paym~  run 20261123-031647-k3f9",
        "",
        "                0:00           0:05            0:10            0:15",
        "                +setup+ before + during --|--------------------+ after -------+",
        " slow-payments                 ###########|....",
        "                * in force 3.5s of 5s  touched 212  p50 401ms asked 400ms",
        " flaky                                   #|....................",
        "                * in force 0.5s of 7s  error on checkout",
        " p99                  _________###########|",
        "                50/s  errors 10%  p50 200ms  p99 400ms  mostly http.503",
        "",
        " ok holds  home answers                    ..  200 in 12ms",
        " x  fails  checkout is fast                .x  status is 503, not 200",
      ]
    `);
    expect(showControls(terminal.pieces.join(''))).toMatch(/^[␛\n -~]*$/);
    await live.close();
  });

  it('leaves the last state on the screen and the cursor below it', async () => {
    const { terminal, live, play } = await open(80, 24);
    await play(
      [...DURING, reverted(10_000, 'slow-payments'), reverted(15_000, 'flaky'), phase(15_000, 'after'), ended(20_000)],
      20_000,
    );
    await live.close();
    terminal.write('the report\n');
    const screen = await terminal.screen();
    expect(screen[0]).toContain('✓ PASSED  0:20');
    expect(screen.at(-1)).toBe('the report');
    expect(screen.join('\n')).toContain('✓ reverted after 5.0s');
    expect(screen.join('\n')).not.toContain('┃');
  });

  it('says why a run was aborted, and what never happened', async () => {
    const { terminal, live, play } = await open(80, 24);
    const abort = [
      [6_000, { type: 'run.interrupted', signal: 'SIGINT', times: 1 }] as const,
      reverted(6_100, 'slow-payments'),
      ended(6_200, { verdict: 'aborted', exitCode: 130, reasons: ['interrupted by SIGINT'] }),
    ];
    await play(
      [started(), phase(2_000, 'before'), phase(5_000, 'during'), ...injected(5_000, 'slow-payments'), ...abort],
      6_200,
    );
    await live.close();
    const text = (await terminal.screen()).join('\n');
    for (const part of [
      '! ABORTED  0:06',
      '✓ reverted after 1.1s',
      '○ never injected',
      '0:06 ! SIGINT: reverting',
      '✗ interrupted by SIGINT',
    ])
      expect(text).toContain(part);
  });

  it('says loudly what is still in force', async () => {
    const { terminal, live, play } = await open(80, 24);
    const error = 'cpu.max: EROFS';
    const stuck = [
      [
        10_000,
        {
          type: 'undo.failed',
          step: 'slow-payments',
          subject: 'fault',
          by: 'runner',
          attempts: 10,
          error,
          final: true,
        },
      ] as const,
      ended(20_000, { verdict: 'dirty', exitCode: 5, reasons: ['slow-payments is still in force'] }),
    ];
    await play([...DURING, ...stuck], 20_000);
    await live.close();
    const screen = await terminal.screen();
    expect(screen[0]).toContain('✗ DIRTY');
    const lane = screen.findIndex((line) => line.startsWith(' slow-payments'));
    expect(screen[lane]).toMatch(/▓{40,}$/);
    expect(screen[lane + 1]).toContain('✗ NOT REVERTED');
    expect(screen.at(-1)).toContain('✗ slow-payments is still in force');
  });

  it('shows the same words with and without colours', async () => {
    const [plain, coloured] = [await open(80, 24), await open(80, 24, { colour: true })];
    for (const { play } of [plain, coloured]) await play(DURING, 8_500);
    expect(await coloured.terminal.screen()).toEqual(await plain.terminal.screen());
    expect(await plain.terminal.colouredCells()).toBe(0);
    expect(await coloured.terminal.colouredCells()).toBeGreaterThan(100);
    await Promise.all([plain.live.close(), coloured.live.close()]);
  });

  it('draws at most four times a second, however many events arrive', async () => {
    const { terminal, live, play } = await open(80, 24);
    const busy = Array.from({ length: 1_000 }, (_, at) => probed(2_000 + at * 3, 'home answers'));
    await play([started(), phase(2_000, 'before'), ...busy], 5_000);
    expect(terminal.pieces.length).toBeGreaterThan(10);
    expect(terminal.pieces.length).toBeLessThanOrEqual(20);
    await live.close();
  });

  it('leaves the cursor visible after every piece it writes, and never takes the whole screen', async () => {
    const { terminal, live, play } = await open(80, 24);
    await play(DURING, 8_500);
    await live.close();
    const cursor = (piece: string): string | undefined =>
      showControls(piece)
        .match(/␛\[\?25[hl]/g)
        ?.at(-1);
    expect(terminal.pieces.map(cursor).every((last) => last === '␛[?25h')).toBe(true);
    expect(showControls(terminal.pieces.join(''))).not.toMatch(/\?1049|\?47h|␛\[[23]J/);
  });

  it('prints a line above the block', async () => {
    const { terminal, live, play } = await open(80, 24);
    await play(DURING, 8_500);
    live.print('a warning\u001b[31m from elsewhere');
    const screen = await terminal.screen();
    expect(screen[0]).toBe('a warning from elsewhere');
    expect(screen[1]).toContain('● during');
    await live.close();
  });
});

describe('the live view on a terminal that changes its size', () => {
  it.each([
    ['narrower', 120, 30, 80, 30],
    ['wider', 80, 30, 140, 30],
    ['narrower and lower', 120, 30, 70, 16],
    ['higher', 80, 20, 80, 40],
  ])('stays one block when it gets %s', async (_, columns, rows, newColumns, newRows) => {
    const { terminal, clock, live, play } = await open(columns, rows);
    terminal.write('what was there before\n');
    await play(DURING, 8_500);
    await terminal.resize(newColumns, newRows);
    await clock.advance(1_000);
    const screen = await terminal.screen();
    expect(screen.filter((line) => line.includes('● during'))).toHaveLength(1);
    expect(screen.filter((line) => line.startsWith(' p99 '))).toHaveLength(1);
    expect(Math.max(...screen.map((line) => line.length))).toBeLessThan(newColumns);
    expect((await terminal.everything())[0]).toBe('what was there before');
    await live.close();
  });

  it('takes nothing from above the block on a terminal that cuts lines instead of breaking them', async () => {
    const { terminal, clock, live, play } = await open(120, 30, { env: { ...UTF8, XTERM_VERSION: 'XTerm(390)' } });
    await play(DURING, 8_500);
    const block = await terminal.screen();
    const before = terminal.pieces.length;
    await terminal.resize(60, 30);
    await clock.advance(250);
    // The lines of the block are erased, and the one that the cursor is on.
    expect(terminal.pieces[before]?.split('\u001b[2K')).toHaveLength(block.length + 1 + 1);
    await live.close();
  });

  it('begins a new block below what a shell has written while the process was stopped', async () => {
    const { terminal, clock, live, play } = await open(80, 24);
    await play(DURING, 8_500);
    terminal.write('[1]+  Stopped\n$ fg\n');
    clock.jump(5_000);
    await clock.advance(1_000);
    const text = (await terminal.everything()).join('\n');
    expect(text.match(/● during/g)).toHaveLength(2);
    expect(text).toMatch(/Stopped\n\$ fg\n ● during {2}0:1\d/);
    await live.close();
  });
});

describe('the live view with more than a screen can hold', () => {
  const many = {
    ...PLAN,
    faults: Array.from({ length: 50 }, (_, at) =>
      plannedFault({ id: `fault-${at}`, startMs: at * 100, endMs: at * 100 + 2_000 }),
    ),
    probes: Array.from({ length: 50 }, (_, at) => plannedProbe(`probe ${at}`)),
  };

  it.each([
    [80, 24],
    [120, 36],
    [60, 12],
    [200, 60],
    [40, 8],
  ])('keeps 50 faults and 50 probes within %i columns and %i rows', async (columns, rows) => {
    const { terminal, live, play } = await open(columns, rows);
    const failing = probed(5_500, 'probe 47', { ok: false, phase: 'during', reason: 'refused' });
    await play(
      [started(many), phase(2_000, 'before'), phase(5_000, 'during'), ...injected(9_000, 'fault-40'), failing],
      9_500,
    );
    const everything = await terminal.everything();
    expect(everything.length).toBeLessThanOrEqual(Math.min(22, rows - 2));
    expect(everything[0]).toContain('● during');
    expect((await terminal.cursor()).y).toBe(everything.length);
    if (rows >= 24) {
      const text = everything.join('\n');
      expect(text).toMatch(/\+4\d more faults: 4\d waiting/);
      expect(text).toMatch(/\+4\d more probes: 4\d waiting/);
      expect(text).toContain('fault-40');
      expect(text).toContain('✗ fails  probe 47');
    }
    await live.close();
  });

  it('cuts long names by the cells they take', async () => {
    const plan = {
      ...PLAN,
      name: '決済サービスが遅くても注文は通る '.repeat(5),
      faults: [plannedFault({ id: '決済サービスの遅延'.repeat(3) })],
      probes: [plannedProbe('a very long name of a probe that says everything there is to say about it')],
    };
    const { terminal, live, play } = await open(60, 24);
    await play([started(plan), phase(2_000, 'before')], 3_000);
    const screen = await terminal.screen();
    expect(screen).toMatchInlineSnapshot(`
      [
        " ○ before  0:03 of 0:15  決済サービスが遅くても注文は通る …",
        "",
        "               0:00          0:05           0:10",
        "               ├────┼ before ┼──┼ after ──────────────────┤",
        " 決済サービ…           ┃     ░░░",
        "               ○ waiting, in 2s  latency on payments",
        " p99                   ┃",
        "               no request has been answered yet",
        "",
        " ○ waits  a very long name o…",
      ]
    `);
    await live.close();
  });

  it('lets no text from outside reach the terminal as a control', async () => {
    const evil = '\u001b]0;title\u0007\u001b[2Jname\u009b31m\r\n\u202eabc';
    const plan = { ...PLAN, name: evil, faults: [plannedFault({ id: evil })], probes: [plannedProbe(evil)] };
    const { terminal, live, play } = await open(80, 24);
    await play(
      [started(plan), [1_000, { type: 'note', level: 'warning', text: evil }], probed(2_100, evil, { value: evil })],
      3_000,
    );
    await live.close();
    expect(showControls(terminal.pieces.join(''))).not.toMatch(/␛\]|␛\[2J|<..>|\u202e/);
    expect((await terminal.screen()).filter((line) => line.includes('name')).length).toBeGreaterThanOrEqual(3);
  });
});

describe('the live view when something goes wrong', () => {
  const badPlan = JSON.parse('{"name": "bad", "faults": null, "probes": []}') as typeof PLAN;

  it('hands the events on to the plain lines after an error of its own, and leaves the last good frame', async () => {
    const { terminal, live, plain, play } = await open(80, 24);
    await play(DURING, 8_500);
    const good = await terminal.screen();
    await play([[8_600, { type: 'note', level: 'info', text: 'before' }]], 8_600);
    await play([started(badPlan)], 9_500);
    await play([[9_500, { type: 'note', level: 'info', text: 'after' }], ended(9_600)], 9_600);
    expect(plain).toEqual(['run.started', 'note', 'run.ended']);
    expect((await terminal.screen())[0]?.slice(0, 9)).toBe(good[0]?.slice(0, 9));
    await live.close();
  });

  it('does the same when the error is Ink’s', async () => {
    const { terminal, live, plain, play } = await open(80, 24);
    await play(DURING, 8_500);
    const good = await terminal.screen();
    const probe = { ...plannedProbe('x'), name: JSON.parse('null') as string };
    await play([started({ ...PLAN, probes: [probe] })], 9_500);
    await play([ended(9_600)], 9_600);
    expect(plain).toContain('run.ended');
    expect(await terminal.screen()).toEqual(good);
    await live.close();
  });

  it('does not throw when the terminal does, and bothers nobody with events any more', async () => {
    const { terminal, live, plain, play } = await open(80, 24);
    await play(DURING.slice(0, 4), 3_000);
    terminal.write = () => {
      throw Object.assign(new Error('write EIO'), { code: 'EIO' });
    };
    await play(DURING.slice(4), 8_500);
    live.print('a line');
    await live.close();
    expect(plain).toEqual([]);
  });

  it('does not throw when the stream says that its reader is gone', async () => {
    const { terminal, live, plain, play } = await open(80, 24);
    await play(DURING.slice(0, 4), 3_000);
    const written = terminal.pieces.length;
    terminal.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await play(DURING.slice(4), 8_500);
    await live.close();
    expect(terminal.pieces).toHaveLength(written);
    expect(plain).toEqual([]);
  });

  it('leaves nothing behind once it is closed, however often and whenever that is', async () => {
    const signals = process.listenerCount('SIGINT');
    const environment = process.env.NODE_ENV;
    for (const events of [[], DURING]) {
      const { terminal, clock, live, play } = await open(80, 24);
      await play(events, 9_000);
      await Promise.all([live.close(), live.close()]);
      await live.close();
      const written = terminal.pieces.length;
      live.onEvent(stamp(ended(9_500))[0]!);
      await clock.advance(2_000);
      expect(terminal.pieces).toHaveLength(written);
      expect(terminal.eventNames()).toEqual([]);
      expect(clock.pending).toBe(0);
    }
    expect(process.listenerCount('SIGINT')).toBe(signals);
    expect(process.env.NODE_ENV).toBe(environment);
  });
});
