import { runGuardian } from '../../experiment/guardian.ts';
import { realClock } from '../../runtime/clock.ts';
import { ignoreSignals } from '../../runtime/signals.ts';
import { createReverter } from '../reverter.ts';

// The guardian of one run: node guardian.ts STATE_DIRECTORY RUN

/** When the runner was killed its services are not given their full grace: nothing may be left two seconds later. */
const SERVICE_GRACE_MS = 500;

const [stateDirectory, run] = process.argv.slice(2);
if (stateDirectory === undefined || run === undefined) throw new Error('usage: guardian STATE_DIRECTORY RUN');
ignoreSignals();
await runGuardian({
  stateDirectory,
  run,
  clock: realClock,
  revert: createReverter(SERVICE_GRACE_MS),
  input: process.stdin,
  output: process.stdout,
});
