import type { DropReason, Dropped, SkipReason } from '../follow-options.ts';

/** What has happened to files, counted. */
export class FileAccount {
  readonly skippedFiles: Record<SkipReason, number> = { binary: 0, compressed: 0, own: 0 };
  readonly dropped: Record<DropReason, Dropped> = {
    deleted_limit: { bytes: 0, lines: 0 },
    truncated: { bytes: 0, lines: 0 },
    vanished: { bytes: 0, lines: 0 },
  };
  truncations = 0;
  rotations = 0;

  drop(reason: DropReason, { bytes, lines }: Dropped): void {
    const before = this.dropped[reason];
    this.dropped[reason] = { bytes: before.bytes + bytes, lines: before.lines + lines };
  }
}
