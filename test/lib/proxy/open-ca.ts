/** Opens the local authorities in the directories that are its arguments, on a word from standard input, and prints their certificates. */
import { openLocalCa } from '../../../src/lib/proxy/local-ca.ts';
import { realClock } from '../../../src/lib/runtime/clock.ts';

process.stdout.write('ready\n');
process.stdin.once('data', () => {
  const [, , ...directories] = process.argv;
  process.stdout.write(directories.map((directory) => openLocalCa(directory, realClock).certificatePem).join(''));
  process.stdin.destroy();
});
