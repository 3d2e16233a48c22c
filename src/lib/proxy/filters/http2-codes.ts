import { z } from 'zod';
import { HTTP2_ERROR } from '../../wire/http2-frames.ts';

const CODES: Readonly<Record<string, number>> = HTTP2_ERROR;
const EXPECTED = `expected an HTTP/2 error: ${Object.keys(CODES).join(', ')}, or a number of 32 bits`;

/** An HTTP/2 error by its name (RFC 9113 section 7) or number; comes out as the number. */
export const http2CodeSchema = z
  .union([z.enum(Object.keys(CODES)), z.int().min(0, EXPECTED).max(0xffff_ffff, EXPECTED)], { error: EXPECTED })
  .transform((code) => (typeof code === 'number' ? code : (CODES[code] ?? 0)));
