/** Header compression of HTTP/2 (RFC 7541). */
export { HpackDecoder, type HpackLimits, type HpackProblem } from './hpack-decoder.ts';
export { HpackEncoder } from './hpack-encoder.ts';
export type { HeaderField } from './hpack-field.ts';
