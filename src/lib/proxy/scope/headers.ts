import { z } from 'zod';

/** A token (RFC 9110 section 5.6.2); header names come out in lower case. */
export const headerNameSchema = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/, 'expected a header name: letters, digits and hyphens');

/** Latin-1 without line breaks and NUL: nothing written here can end the header and begin another. */
export const headerValueSchema = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a header value: one line of Latin-1 characters');
