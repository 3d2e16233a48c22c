import { z } from 'zod';

/** No call or socket of a run has more messages; a slip of the keyboard is found. */
const MAX_MESSAGES = 1_000_000_000;

/** How many messages still pass. */
export const afterSchema = z.int().min(0).max(MAX_MESSAGES).default(0);
