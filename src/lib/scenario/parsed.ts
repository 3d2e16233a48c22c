/** What a text was read as, or what is wrong with it. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `problem` says what would be right; `index` is the character of the text that is meant. */
  | { readonly ok: false; readonly problem: string; readonly index: number };
