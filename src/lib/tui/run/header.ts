import type { Verdict } from '../../events/run-events.ts';
import type { Progress } from '../../experiment/progress.ts';
import { span, spansWidth, spread, type Span } from '../text/line.ts';
import { formatClock } from '../text/time.ts';
import { cutToWidth, displayWidth } from '../text/width.ts';
import type { Glyphs, Theme, Tone } from '../theme.ts';

/** `● during  0:17 of 0:31  checkout survives slow payments            run 20261123-…  seed 42`; the expected total is an estimate. */
export function formatHeader(
  progress: Progress,
  { nowMs, endMs }: { readonly nowMs: number; readonly endMs: number },
  width: number,
  theme: Theme,
): readonly Span[] {
  const { mark, word, tone } = standing(progress, theme.glyphs);
  const clock = progress.ended ? formatClock(nowMs) : `${formatClock(nowMs)} of ${formatClock(endMs)}`;
  const head = [span(`${mark} ${word}`, tone), span(`  ${clock}  `)];
  const name = theme.clean(progress.name);
  const room = width - spansWidth(head);
  const identity = chooseIdentity(progress, displayWidth(name), room, theme);
  const nameRoom = identity === '' ? room : room - displayWidth(identity) - IDENTITY_GAP;
  const left = [...head, span(cutToWidth(name, nameRoom, theme.glyphs.ellipsis), 'strong')];
  return spread(left, identity === '' ? [] : [span(identity, 'dim')], width);
}

const IDENTITY_GAP = 2;
/** A name cut to less than this says too little. */
const MIN_NAME_CELLS = 24;

/** The run's id and seed, as much of them as leaves the name its room: the report repeats them. */
function chooseIdentity({ run, seed }: Progress, nameCells: number, room: number, { clean }: Theme): string {
  const whole = [`run ${clean(run)}  seed ${seed}`, `run ${clean(run)}`];
  const fits = (cells: number) => (identity: string) => displayWidth(identity) + IDENTITY_GAP + cells <= room;
  return whole.find(fits(nameCells)) ?? whole.slice(1).find(fits(MIN_NAME_CELLS)) ?? '';
}

function standing(
  { phase, ended }: Progress,
  { idle, active, ok, bad, warn }: Glyphs,
): { readonly mark: string; readonly word: string; readonly tone: Tone } {
  if (ended) {
    const marks = { passed: ok, failed: bad, dirty: bad, invalid: warn, aborted: warn };
    return { mark: marks[ended.verdict], word: ended.verdict.toUpperCase(), tone: VERDICT_TONES[ended.verdict] };
  }
  return phase === 'during'
    ? { mark: active, word: phase, tone: 'warn' }
    : { mark: idle, word: phase ?? 'setup', tone: 'accent' };
}

const VERDICT_TONES: Readonly<Record<Verdict, Tone>> = {
  passed: 'good',
  failed: 'bad',
  invalid: 'warn',
  aborted: 'warn',
  dirty: 'bad',
};
