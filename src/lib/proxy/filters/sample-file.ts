import { AppError, messageOf } from '../../errors/app-error.ts';
import { lookupSize, readText } from '../../runtime/files.ts';
import { MAX_SAMPLES, parseSamples } from './samples.ts';

/** A million samples of thirty characters: what is larger is another file, and is not read. */
const MAX_FILE_BYTES = 32 * MAX_SAMPLES;

const HINT = 'Give a text file with one number of ms or one duration on each line, or a JSON array of them.';

/** The samples of a file, in ascending order, in ms. Throws AppError, with file and line, when they cannot be used. */
export function loadSamples(path: string): Float64Array {
  const result = parseSamples(readSamples(path));
  if (result.ok) return result.sortedMs;
  throw new AppError('usage', `${path}:${result.line}: ${result.problem}`, { hint: HINT });
}

function readSamples(path: string): string {
  const bytes = lookupSize(path);
  if (bytes === undefined) throw new AppError('usage', `there is no file ${path} to take samples from`, { hint: HINT });
  if (bytes > MAX_FILE_BYTES) {
    throw new AppError('usage', `${path} has ${bytes} bytes; samples are at most ${MAX_FILE_BYTES}`, { hint: HINT });
  }
  try {
    return readText(path);
  } catch (cause) {
    throw new AppError('usage', `the samples of ${path} cannot be read: ${messageOf(cause)}`, { hint: HINT, cause });
  }
}
