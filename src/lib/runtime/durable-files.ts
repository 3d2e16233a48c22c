import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Puts a file of this content in the place of another, so that after a loss of power there is either the old or the new one, whole:
 * written beside it, flushed, renamed, and the directory flushed. Off the main thread. On failure the old one stays and the error (ENOSPC, EIO) is thrown.
 */
export async function replaceDurably(path: string, content: Uint8Array, mode = 0o600): Promise<void> {
  const beside = `${path}.tmp`;
  try {
    const file = await open(beside, 'w', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
