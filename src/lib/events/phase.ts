/** What the fault windows decide: before the first fault, while any is planned or in force, after the last. */
export type Phase = 'before' | 'during' | 'after';
