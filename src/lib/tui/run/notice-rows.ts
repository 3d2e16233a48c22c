import type { Progress, ServiceProgress } from '../../experiment/progress.ts';
import { joinFacts, span, type Span } from '../text/line.ts';
import { formatClock } from '../text/time.ts';
import type { Theme, Tone } from '../theme.ts';

type Notice = Progress['notices'][number];

/** `0:12 ! guard tripped: errors > 50%` */
export function formatNotice({ atMs, level, text }: Notice, theme: Theme): readonly Span[] {
  const { warn, info } = theme.glyphs;
  const tone: Tone = level === 'warning' ? 'warn' : 'plain';
  return [
    span(`${formatClock(atMs)} `, 'dim'),
    span(`${level === 'warning' ? warn : info} ${theme.clean(text)}`, tone),
  ];
}

/** Why a run ended as it did, the first reason only: the report below has them all. */
export function formatReason(
  { reasons, verdict }: NonNullable<Progress['ended']>,
  theme: Theme,
): readonly Span[] | undefined {
  const [first] = reasons;
  if (first === undefined) return undefined;
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  return [span(`${theme.glyphs.bad} ${theme.clean(first)}${more}`, verdict === 'aborted' ? 'warn' : 'bad')];
}

/** `services  ✓ gateway ready  ○ checkout starting`; undefined where there is nothing to say: no services, or all of them up. */
export function formatServices(
  { services, phase, ended }: Progress,
  width: number,
  theme: Theme,
): readonly Span[] | undefined {
  const shown = [...services].filter(
    ([, { state }]) => state === 'failed' || (phase === undefined && ended === undefined),
  );
  if (shown.length === 0) return undefined;
  const facts = shown.map(([name, { state }]) => ({ worth: WORTH[state], spans: [formatService(name, state, theme)] }));
  return joinFacts([{ worth: 9, spans: [span('services', 'dim')] }, ...facts], width);
}

const WORTH: Readonly<Record<ServiceProgress['state'], number>> = { failed: 4, starting: 3, ready: 2, stopped: 1 };

function formatService(name: string, state: ServiceProgress['state'], { glyphs, clean }: Theme): Span {
  const [mark, tone]: readonly [string, Tone] = {
    starting: [glyphs.idle, 'accent'] as const,
    ready: [glyphs.ok, 'good'] as const,
    stopped: [glyphs.idle, 'dim'] as const,
    failed: [glyphs.bad, 'bad'] as const,
  }[state];
  return span(`${mark} ${clean(name)} ${state}`, tone);
}
