/**
 * Fixed places in the memory; the loader reads them from the module's exports. What lies behind them is the loader's to lay out.
 *
 *     RESULT   what the last call of `frame` came to
 *     KEYS     keys of attributes that only some records have: a byte of length, then the key
 *     STATE    what is remembered about the file at hand from call to call, then its TEMPLATE: the bytes that all its records begin with
 */
export const RESULT: usize = 1024;
export const KEYS: usize = 1536;
export const STATE: usize = 2048;
export const TEMPLATE: usize = STATE + 128;
/** The first byte that is not fixed. */
export const FIXED_BYTES: usize = 8192;

/** Fields of RESULT: u32, the last two f64. */
export const REST: usize = 0;
export const OUTPUT: usize = 4;
export const LINES: usize = 8;
export const REPLACED: usize = 12;
export const CUT: usize = 16;
export const SEVERITIES: usize = 20;
export const NEXT_OFFSET: usize = 24;
export const FRAMED_TO: usize = 32;

/** Each key of KEYS has so many bytes. */
export const KEY_BYTES: usize = 32;
export const KEY_TRUNCATED: usize = KEYS;
export const KEY_ORIGINAL_LENGTH: usize = KEYS + KEY_BYTES;
export const KEY_PARTIAL: usize = KEYS + 2 * KEY_BYTES;
export const KEY_CONTINUATION: usize = KEYS + 3 * KEY_BYTES;
export const KEY_ORIGINAL: usize = KEYS + 4 * KEY_BYTES;

/** What `frame` is asked to do beside framing. CHECK_LINES: some line may hold invalid UTF-8, so look at each. */
export const DETECT_SEVERITY: u32 = 1;
export const FIND_TRACE: u32 = 2;
export const KEEP_ORIGINAL: u32 = 4;
export const CHECK_LINES: u32 = 8;

/** What the end of the input is: the file goes on; nothing has come for long, so flush what is there of the line; the file ends here. */
export const MORE: u32 = 0;
export const FLUSH: u32 = 1;
export const LAST: u32 = 2;

/** What a call came to: all lines of the input are framed; the batch has no room for the next; the first bytes of a long line are needed again. */
export const DONE: u32 = 0;
export const FULL: u32 = 1;
export const HEAD_NEEDED: u32 = 2;
