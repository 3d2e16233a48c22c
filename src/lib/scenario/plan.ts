import { AppError } from '../errors/app-error.ts';
import { formatDurationMs } from '../wire/quantities.ts';
import { MAX_DURATION_MS } from './file/fields.ts';
import type { Path } from './mistakes/mistake.ts';
import type { PlannedFault, PlannedProbe, Timeline } from './plan-types.ts';
import type { Scenario, StepSpec } from './scenario.ts';

/** More steps than a person can follow; each fault holds listeners, timers and rows of the journal. */
export const MAX_STEPS = 1_000;

export interface Layout {
  readonly timeline: Timeline;
  readonly problems: readonly LayoutProblem[];
}

/** A step that does not fit on the time axis; `path` is its place in the file. */
export interface LayoutProblem {
  readonly path: Path;
  readonly text: string;
}

/** Lays the method on the time axis. Throws AppError `usage` when it does not fit (a scenario that was loaded from a file does). */
export function createTimeline(scenario: Scenario): Timeline {
  const { timeline, problems } = layOut(scenario.method);
  if (problems.length === 0) return timeline;
  throw new AppError('usage', `${scenario.file}: the method does not fit on the time axis`, {
    details: problems.map(({ path, text }) => `${path.join('.')}: ${text}`),
  });
}

/**
 * A serial list runs one step after the other; in a parallel one each counts from the start of the group.
 *
 *   - fault a, for 4s        0 ├─ a ──────┤ 4
 *   - fault b, after 1s                       5 ├─ b ────────┄┄┄┤ 9    no "for": to the end, and nothing waits for it
 *   - parallel:                               5
 *       - fault c, for 2s                     5 ├─ c ─┤ 7
 *       - wait 3s                             5 ········ 8
 *   - wait 1s                                             8 ·· 9
 */
export function layOut(method: readonly StepSpec[]): Layout {
  const layout: Draft = { faults: [], probes: [], problems: [], endMs: 0, steps: 0 };
  placeSerial(layout, method, { endMs: 0, words: 'the method starts' });
  if (layout.steps > MAX_STEPS) {
    layout.problems.push({ path: ['method'], text: `the method has more than ${MAX_STEPS} steps` });
    return { timeline: { faults: [], probes: [], endMs: 0 }, problems: layout.problems };
  }
  const { endMs } = layout;
  if (endMs > MAX_DURATION_MS) {
    const [lasts, limit] = [formatDurationMs(endMs), formatDurationMs(MAX_DURATION_MS)];
    layout.problems.push({ path: ['method'], text: `the method lasts ${lasts}, at most ${limit} are possible` });
  }
  const placed = layout.faults.map(({ fault, path }) => ({ path, fault: { ...fault, endMs: fault.endMs ?? endMs } }));
  for (const { fault, path } of placed) {
    if (fault.endMs <= fault.startMs) layout.problems.push({ path, text: explainNoWindow(fault.id) });
  }
  layout.problems.push(...findOverlaps(placed));
  const faults = placed.map(({ fault }) => fault).sort((a, b) => a.startMs - b.startMs);
  const probes = layout.probes.toSorted((a, b) => a.atMs - b.atMs);
  return { timeline: { faults, probes, endMs }, problems: layout.problems };
}

interface Draft {
  readonly faults: {
    readonly path: Path;
    readonly fault: Omit<PlannedFault, 'endMs'> & { readonly endMs: number | undefined };
  }[];
  readonly probes: PlannedProbe[];
  readonly problems: LayoutProblem[];
  endMs: number;
  steps: number;
}

/** The time that a step must wait for, and what happens then: `fault "a" before it ends`. */
interface Before {
  readonly endMs: number;
  readonly words: string;
}

/** Returns when the last of the steps ends. */
function placeSerial(draft: Draft, steps: readonly StepSpec[], start: Before): number {
  let before = start;
  for (const step of steps) {
    const endMs = placeStep(draft, step, startOf(draft, step, before));
    before = { endMs, words: `${titleOf(step)} before it ends` };
  }
  return before.endMs;
}

/** When a step starts; an `at` that lies before what it must wait for is a problem. */
function startOf(draft: Draft, step: StepSpec, before: Before): number {
  if (step.atMs === undefined) return before.endMs + (step.afterMs ?? 0);
  if (step.atMs >= before.endMs) return step.atMs;
  const [start, end] = [formatDurationMs(step.atMs), formatDurationMs(before.endMs)];
  const text = `${titleOf(step)} is to start at ${start}, but ${before.words} at ${end}; put steps that overlap under "parallel"`;
  draft.problems.push({ path: [...step.path, 'at'], text });
  return before.endMs;
}

/** Puts a step on the axis, and returns when the next one can start. */
function placeStep(draft: Draft, step: StepSpec, startMs: number): number {
  if (++draft.steps > MAX_STEPS) return startMs;
  const endMs = placeBody(draft, step, startMs);
  draft.endMs = Math.max(draft.endMs, endMs);
  return endMs;
}

function placeBody(draft: Draft, step: StepSpec, startMs: number): number {
  switch (step.step) {
    case 'fault': {
      const endMs = step.forMs === undefined ? undefined : startMs + step.forMs;
      const { id, kind, target, params, timeoutMs, path } = step;
      draft.faults.push({ path, fault: { id, kind, target, params, startMs, endMs, timeoutMs } });
      return endMs ?? startMs;
    }
    case 'wait':
      return startMs + step.forMs;
    case 'probe':
      draft.probes.push({ name: step.name, probe: step.probe, atMs: startMs });
      return startMs;
    case 'serial':
      return placeSerial(draft, step.steps, groupStart(step, startMs));
    case 'parallel': {
      const start = groupStart(step, startMs);
      const ends = step.steps.map((member) => placeStep(draft, member, startOf(draft, member, start)));
      return Math.max(startMs, ...ends);
    }
  }
}

function groupStart(step: StepSpec, startMs: number): Before {
  return { endMs: startMs, words: `${titleOf(step)} around it starts` };
}

/** Two equal faults on one process or host would undo each other; on a service the proxy stacks them. */
function findOverlaps(placed: readonly { readonly path: Path; readonly fault: PlannedFault }[]): LayoutProblem[] {
  const earlier = new Map<string, PlannedFault[]>();
  return placed.flatMap(({ fault, path }) => {
    if (fault.target.on === 'service') return [];
    const key = JSON.stringify([fault.kind, fault.target]);
    const others = earlier.get(key) ?? [];
    const other = others.find((one) => one.startMs < fault.endMs && fault.startMs < one.endMs);
    earlier.set(key, [...others, fault]);
    if (other === undefined) return [];
    const both = `fault "${fault.id}" (${formatWindow(fault)}) and fault "${other.id}" (${formatWindow(other)})`;
    return [
      { path, text: `${both} are the same on the same target, and overlap: let one end before the other starts` },
    ];
  });
}

function formatWindow(fault: PlannedFault): string {
  return `${formatDurationMs(fault.startMs)} to ${formatDurationMs(fault.endMs)}`;
}

function explainNoWindow(id: string): string {
  return `fault "${id}" would end as soon as it starts: it has no "for", and nothing comes after it; give it one, or a wait behind it`;
}

function titleOf(step: StepSpec): string {
  switch (step.step) {
    case 'fault':
      return `fault "${step.id}"`;
    case 'wait':
      return `the wait of ${formatDurationMs(step.forMs)}`;
    case 'probe':
      return `probe "${step.name}"`;
    case 'serial':
    case 'parallel':
      return `the ${step.step} group`;
  }
}
