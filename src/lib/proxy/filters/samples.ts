import { parseDurationMs } from '../../wire/quantities.ts';
import { MAX_DELAY_MS } from './distribution.ts';

/** More are no better: a quantile of a million samples is off by less than a thousandth of its probability. In memory they are 8 MB. */
export const MAX_SAMPLES = 1_000_000;
/** A distribution needs two ends. */
const MIN_SAMPLES = 2;

/** The delays in ascending order, in ms; or what is wrong, and on which line of the text. */
export type SamplesResult =
  | { readonly ok: true; readonly sortedMs: Float64Array }
  | { readonly ok: false; readonly line: number; readonly problem: string };

/**
 * Delays as somebody measured them: numbers are ms, durations have a unit; a `#` begins a comment.
 *
 *     # p50 of last week          or a JSON array:      [12.5, 14, "1.2s"]
 *     12.5
 *     1.2s
 */
export function parseSamples(text: string): SamplesResult {
  return text.trimStart().startsWith('[') ? parseArray(text) : parseLines(text);
}

function parseLines(text: string): SamplesResult {
  const values: number[] = [];
  let line = 0;
  for (const raw of text.split('\n')) {
    line++;
    const [written = ''] = raw.split('#', 1);
    const sample = written.trim();
    if (sample === '') continue;
    const problem = take(values, sample);
    if (problem !== undefined) return { ok: false, line, problem };
  }
  return sorted(values, line);
}

function parseArray(text: string): SamplesResult {
  let elements: unknown;
  try {
    elements = JSON.parse(text);
  } catch (error) {
    const [, line = '1'] = /\(line (\d+)/.exec(String(error)) ?? [];
    return { ok: false, line: Number(line), problem: 'this is no JSON array' };
  }
  const values: number[] = [];
  for (const [index, element] of (elements as unknown[]).entries()) {
    const problem = take(values, element);
    if (problem !== undefined) return { ok: false, line: lineOfElement(text, index), problem };
  }
  return sorted(values, 1);
}

/** What is wrong with the sample, if anything is. */
function take(values: number[], sample: unknown): string | undefined {
  const ms = parseSample(sample);
  const wanted = `expected a number of ms or a duration from 0 to 10m, such as 12.5 or 1.2s`;
  if (ms === undefined || !(ms >= 0 && ms <= MAX_DELAY_MS)) return `${wanted}, got ${quote(sample)}`;
  if (values.length >= MAX_SAMPLES) return `expected at most ${MAX_SAMPLES} samples`;
  values.push(ms);
  return undefined;
}

function parseSample(sample: unknown): number | undefined {
  if (typeof sample === 'number') return sample;
  if (typeof sample !== 'string') return undefined;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(sample) ? Number(sample) : parseDurationMs(sample);
}

function sorted(values: readonly number[], line: number): SamplesResult {
  if (values.length < MIN_SAMPLES) return { ok: false, line, problem: `expected at least ${MIN_SAMPLES} samples` };
  return { ok: true, sortedMs: Float64Array.from(values).sort() };
}

/** Those before it are right: numbers and durations, none of which has a comma in it. */
function lineOfElement(text: string, index: number): number {
  let at = text.indexOf('[') + 1;
  for (let i = 0; i < index; i++) at = text.indexOf(',', at) + 1;
  while (/\s/.test(text.charAt(at))) at++;
  return text.slice(0, at).split('\n').length;
}

/** Short enough for a message. */
function quote(sample: unknown): string {
  const text = JSON.stringify(sample);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
