/** The programs of this package. `chaos` and `logship` are those topics of `faultline` under their own names. */
export const BIN_NAMES = ['faultline', 'chaos', 'logship'] as const;
export type BinName = (typeof BIN_NAMES)[number];

export const MAIN_BIN: BinName = 'faultline';

/** What each program says it is for, in one line. */
export const BIN_SUMMARIES: Readonly<Record<BinName, string>> = {
  faultline: 'Break running services on purpose, watch what happens, and prove that they recover.',
  chaos: 'Inject faults into running services, measure, put everything back, judge.',
  logship: 'Follow log files and ship them as OTLP batches.',
};

/** The commands that a program of this name has, under the ids that it knows them by (`chaos:run` is `run` to `chaos`). */
export function commandsWithin<Item extends { readonly id: string }>(bin: BinName, all: readonly Item[]): Item[] {
  if (bin === MAIN_BIN) return [...all];
  return all
    .filter(({ id }) => id.startsWith(`${bin}:`))
    .map((command) => ({ ...command, id: command.id.slice(bin.length + 1) }));
}
