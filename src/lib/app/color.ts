import type { Environment } from '../runtime/environment.ts';

export const COLOR_MODES = ['auto', 'always', 'never'] as const;
export type ColorMode = (typeof COLOR_MODES)[number];

/**
 * Whether to colour what goes to a stream. `--color` wins; then NO_COLOR (no-color.org: set and not empty), then FORCE_COLOR
 * (set and not 0); else colour is for terminals that understand it.
 */
export function wantsColor(mode: ColorMode, env: Environment, stream: { readonly isTTY?: boolean }): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The colour mode asked for among raw arguments, for what is printed before they are parsed; `auto` when none is given. */
export function colorModeOf(argv: readonly string[]): ColorMode {
  for (const [index, word] of argv.entries()) {
    if (word === '--') break;
    const value = word === '--color' ? argv[index + 1] : word.startsWith('--color=') ? word.slice(8) : undefined;
    const mode = COLOR_MODES.find((known) => known === value);
    if (mode) return mode;
  }
  return 'auto';
}
