/** Where the call under way stands. */
export class Cursor {
  /** The next byte to frame, and the end of the input, where a newline is while the call lasts. */
  static input: usize = 0;
  static inputEnd: usize = 0;
  /** Where the next record goes, and where the records of the batch have to end. */
  static output: usize = 0;
  static outputLimit: usize = 0;
  /** The offset after the last line framed. */
  static framedTo: f64 = 0;
  static options: u32 = 0;
  static lines: u32 = 0;
  static replaced: u32 = 0;
  static cut: u32 = 0;
  static severities: u32 = 0;
}
