import { STATE } from './layout.ts';

/** Between two lines; in the rest of a line over the limit; its end is known, and its first bytes are to come again. */
export const IN_LINES: u32 = 0;
export const SKIPPING: u32 = 1;
export const AWAITING_HEAD: u32 = 2;

/**
 * What is remembered about the file at hand. It lives in memory, not in globals: the loader takes it out and puts another file's in.
 * Offsets are those of the file.
 */
export class FileState {
  /** Where the next input has to begin; any other means that the caller went elsewhere, and what follows is forgotten. */
  static get expected(): f64 {
    return load<f64>(STATE, 0);
  }
  static set expected(offset: f64) {
    store<f64>(STATE, offset, 0);
  }

  /** The line over the limit: its first byte, the byte after its last, and where the next line begins. */
  static get longStart(): f64 {
    return load<f64>(STATE, 8);
  }
  static set longStart(offset: f64) {
    store<f64>(STATE, offset, 8);
  }
  static get longEnd(): f64 {
    return load<f64>(STATE, 16);
  }
  static set longEnd(offset: f64) {
    store<f64>(STATE, offset, 16);
  }
  static get afterLong(): f64 {
    return load<f64>(STATE, 24);
  }
  static set afterLong(offset: f64) {
    store<f64>(STATE, offset, 24);
  }

  static get mode(): u32 {
    return load<u32>(STATE, 32);
  }
  static set mode(mode: u32) {
    store<u32>(STATE, mode, 32);
  }

  /** While skipping: the last byte was a carriage return, which is no part of the line if its newline follows. */
  static get endsInReturn(): bool {
    return load<u32>(STATE, 36) != 0;
  }
  static set endsInReturn(value: bool) {
    store<u32>(STATE, value ? 1 : 0, 36);
  }

  /** The beginning of the next line has been flushed already. */
  static get continues(): bool {
    return load<u32>(STATE, 40) != 0;
  }
  static set continues(value: bool) {
    store<u32>(STATE, value ? 1 : 0, 40);
  }

  /** How and where in the line the last severity was found, and how many lines in a row had none. */
  static get levelForm(): u32 {
    return load<u32>(STATE, 44);
  }
  static set levelForm(form: u32) {
    store<u32>(STATE, form, 44);
  }
  static get levelPlace(): u32 {
    return load<u32>(STATE, 48);
  }
  static set levelPlace(place: u32) {
    store<u32>(STATE, place, 48);
  }
  static get levelMisses(): u32 {
    return load<u32>(STATE, 52);
  }
  static set levelMisses(count: u32) {
    store<u32>(STATE, count, 52);
  }

  /** Bytes of the template before the digits of the offset, and how many of them are the file's id and the hyphen after it. */
  static get templateBytes(): u32 {
    return load<u32>(STATE, 64);
  }
  static get idBytes(): u32 {
    return load<u32>(STATE, 68);
  }

  static forget(): void {
    FileState.mode = IN_LINES;
    FileState.continues = false;
  }
}
