import { posix } from 'node:path';

/** What rotation tools make of a name: `app.log` → `app.log.1`, `app.log.2.gz`, `app.log-20261201`, `app-2026-12-01.log`. */

const COMPRESSED = /\.(?:gz|tgz|zst|xz|bz2|lz4|Z|zip)$/;
const NUMBER = /\.(\d{1,4})$/;
/** `-20261201`, `.2026-12-01`, `-20261201-1764547200`, `.20261201T130000`, also before the extension. */
const DATE = /[.\-_]\d{4}-?\d{2}-?\d{2}(?:[-T_.]?\d{2,10}(?:[-:.]?\d{2}){0,2})?(?=\.[a-z]\w*$|$)/i;

export interface RotatedName {
  /** The path that all generations have in common: that of the file being written. */
  readonly family: string;
  /** The number of the generation, the higher the older; 0 for the file being written and for dates. */
  readonly generation: number;
  readonly isCompressed: boolean;
}

export function parseRotatedName(path: string): RotatedName {
  const directory = posix.dirname(path);
  const name = posix.basename(path);
  const plain = name.replace(COMPRESSED, '');
  const number = NUMBER.exec(plain)?.[1];
  const base = plain.replace(NUMBER, '').replace(DATE, '');
  return {
    // A name that is nothing but a date is a name.
    family: posix.join(directory, base === '' ? plain : base),
    generation: number === undefined ? 0 : Number(number),
    isCompressed: plain !== name,
  };
}

/** Whether the one is what rotation would call an older generation of the other. */
export function isRotationOf(older: string, newer: string): boolean {
  return older !== newer && parseRotatedName(older).family === newer;
}
