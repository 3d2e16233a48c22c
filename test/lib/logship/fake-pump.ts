import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FollowNote, FollowOptions } from '../../../src/lib/logship/follow-options.ts';
import { type Follower, openFollower } from '../../../src/lib/logship/follow.ts';
import { type Clock, realClock } from '../../../src/lib/runtime/clock.ts';
import { watchDirectory, type WatchDirectory } from '../../../src/lib/runtime/file-watch.ts';

/** A line as a sink gets it. */
export interface Line {
  readonly id: string;
  readonly source: string;
  readonly offset: number;
  readonly text: string;
}

export interface RigOptions extends Partial<FollowOptions> {
  readonly clock?: Clock;
  readonly watch?: WatchDirectory;
  readonly fileSystemType?: (path: string) => number | undefined;
  /** How much a turn may read; small, so that turns are many. */
  readonly limitBytes?: number;
  /** Whether the sink answers; if not, what it got waits in `inFlight`. */
  readonly acks?: boolean;
}

export interface Rig {
  readonly follower: Follower;
  readonly lines: Line[];
  readonly notes: FollowNote[];
  readonly inFlight: (() => void)[];
  readonly errors: unknown[];
  texts(source?: string): string[];
  /** Reads all that there is. */
  pump(): void;
  /** Ends as after SIGKILL: without a last checkpoint. */
  close(): Promise<boolean>;
}

const NEWLINE = 0x0a;

/** A follower with a pump that splits into lines and a sink that keeps them: what kernel and exporters will be. */
export function startRig(directory: string, options: RigOptions = {}): Rig {
  const { clock = realClock, watch = watchDirectory, limitBytes = 16_384, acks = true, ...rest } = options;
  const lines: Line[] = [];
  const notes: FollowNote[] = [];
  const inFlight: (() => void)[] = [];
  const errors: unknown[] = [];
  const target = Buffer.alloc(limitBytes);
  let isScheduled = false;

  const frame = (chunk: Buffer, at: { id: string; source: string; offset: number }, flush: boolean): number => {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      lines.push({ id: at.id, source: at.source, offset: at.offset + from, text: chunk.toString('utf8', from, end) });
      from = end + 1;
    }
    if (!flush || from === chunk.length) return from;
    lines.push({ id: at.id, source: at.source, offset: at.offset + from, text: chunk.toString('utf8', from) });
    return chunk.length;
  };
  const pump = (): void => {
    for (let tailer = follower.next(); tailer; tailer = follower.next()) {
      const one = tailer;
      const got = one.readInto(target, limitBytes);
      if (got.kind !== 'bytes') continue;
      const { offset, lengthBytes, flush } = got;
      const to = offset + frame(target.subarray(0, lengthBytes), { id: one.id, source: one.source, offset }, flush);
      one.framed(to);
      one.unread();
      if (acks) one.acked(offset, to);
      else inFlight.push(() => one.acked(offset, to));
    }
  };
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      try {
        pump();
      } catch (error) {
        errors.push(error);
      }
    });
  };
  const follower: Follower = openFollower(
    { include: [join(directory, '*.log')], workingDirectory: '/', ...rest },
    {
      clock,
      watch,
      tell: (note) => notes.push(note),
      onReady: schedule,
      ...(options.fileSystemType ? { fileSystemType: options.fileSystemType } : {}),
    },
  );
  schedule();
  let closing: Promise<boolean> | undefined;
  const close = (): Promise<boolean> => (closing ??= follower.close());
  onTestFinished(async () => {
    await close();
    if (errors.length > 0) throw errors[0];
  });
  const texts = (source?: string): string[] =>
    lines.filter((line) => source === undefined || line.source === source).map(({ text }) => text);
  return { follower, lines, notes, inFlight, errors, texts, pump, close };
}

/** `seq=1;` to `seq=100;`, a line each. */
export function numbered(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => `seq=${from + index};\n`).join('');
}

export function numbers(from: number, to: number): string[] {
  return numbered(from, to).split('\n').slice(0, -1);
}
