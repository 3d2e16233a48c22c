import type { IncomingMessage } from 'node:http';
import { ApiError } from './api-error.ts';

/** A configuration of hundreds of proxies has a tenth of it. */
const MAX_BODY_BYTES = 1_048_576;
/** So much more is read and thrown away, so that the client hears why; who sends yet more is cut off. */
const MAX_WASTE_BYTES = 16 * MAX_BODY_BYTES;

/** The body as text. Throws ApiError 413 when it is too large. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > MAX_WASTE_BYTES) break;
  }
  if (bytes > MAX_BODY_BYTES) throw new ApiError(413, `request body too large: ${MAX_BODY_BYTES} bytes at most`);
  return Buffer.concat(chunks).toString('utf8');
}
