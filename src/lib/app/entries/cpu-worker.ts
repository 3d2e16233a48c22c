import { createDutyCycle, type DutyReading } from '../../faults/duty-cycle.ts';
import { answerParent, ownCpuUs, soon } from '../../runtime/child.ts';
import { realClock } from '../../runtime/clock.ts';

// One worker of the fault `cpu` with `load`: takes its share of one core until its parent or its time is gone.
//   node cpu-worker.ts PERCENT LIMIT_MS

const [percent = 0, limitMs = 0] = process.argv.slice(2).map(Number);
const nextSlice = createDutyCycle(percent / 100, read());
let crunched = 1;

answerParent(limitMs);
turn();

function turn(): void {
  const { untilUsedMs, endMs } = nextSlice(read());
  let now = read();
  while (now.usedMs < untilUsedMs && now.nowMs < endMs) {
    crunch();
    now = read();
  }
  // A timer of less than a millisecond lasts a whole one.
  const restMs = endMs - now.nowMs;
  if (restMs < 1) soon(turn);
  else realClock.after(restMs, turn);
}

function read(): DutyReading {
  return { nowMs: realClock.monotonicMs(), usedMs: ownCpuUs() / 1000 };
}

/** About 20 µs of arithmetic: long against reading the clocks (1 µs), short against a slice. */
function crunch(): void {
  for (let i = 0; i < 2000; i++) crunched = Math.sqrt(crunched + i);
}
