import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';

export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);

/** The fastest of each: log lines shrink to a fifth by it already, and more costs more than the bytes are worth. */
const GZIP_LEVEL = 1;
const ZSTD_LEVEL = 1;

/** Compresses in the thread pool; the bytes as they are with `none`. */
export async function compress(bytes: Buffer, compression: Compression): Promise<Buffer> {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipAsync(bytes, { level: GZIP_LEVEL });
    case 'zstd':
      return zstdAsync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  }
}
