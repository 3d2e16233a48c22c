/** The way from the root of a file to a value: keys of mappings and indices of lists. */
export type Path = readonly (string | number)[];

/** Something wrong in a file, at an offset in its text. */
export interface Mistake {
  readonly offset: number;
  readonly text: string;
}

export interface MistakeSpot {
  /** Point at the key instead of the value. */
  readonly at?: 'key' | 'value' | undefined;
  /** Which character of a text value is meant. */
  readonly index?: number | undefined;
}

/** Where a check puts what it finds. */
export type Report = (path: Path, text: string, spot?: MistakeSpot) => void;
