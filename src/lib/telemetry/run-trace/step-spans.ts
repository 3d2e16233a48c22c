import type { Context, Tracer } from '@opentelemetry/api';
import type { RunEventOf, StepRef } from '../../events/run-events.ts';
import { effectAttributes } from './attributes.ts';
import { failSpan, openSpan, type OpenSpan } from './open-span.ts';

interface StepSpan {
  readonly whole: OpenSpan;
  /** Undefined once the action has ended. */
  action: OpenSpan | undefined;
}

/**
 * The spans of faults and of services that the run starts: one from the intent to the undo, with the two things that were done inside it.
 *
 *   fault slow-payments  ├──────────────────────────────────┤     service payments  ├───────────────────┤
 *     inject             ├─┤                                        start           ├──┤
 *     revert                                              ├─┤       stop                              ├─┤
 */
export class StepSpans {
  readonly #tracer: Tracer;
  readonly #open = new Map<string, StepSpan>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  onPlanned(event: RunEventOf<'step.planned'>, parent: Context): void {
    const whole = openSpan(this.#tracer, parent, nameOf(event), event.unixMs, {
      'faultline.step': event.step,
      'faultline.step.kind': event.kind,
      'faultline.target': event.target,
    });
    const action = openSpan(this.#tracer, whole.context, ACTIONS[event.subject].forward, event.unixMs, {});
    this.#open.set(nameOf(event), { whole, action });
  }

  onDone(event: RunEventOf<'step.done'>): void {
    this.#endAction(this.#open.get(nameOf(event)), event.unixMs);
  }

  onFailed(event: RunEventOf<'step.failed'>): void {
    const step = this.#open.get(nameOf(event));
    if (!step) return;
    if (step.action) failSpan(step.action, event.error);
    this.#endAction(step, event.unixMs);
    failSpan(step.whole, event.error);
  }

  /** A step that cannot work here never began: its span has no length. */
  onRefused(event: RunEventOf<'step.refused'>, parent: Context): void {
    const span = openSpan(this.#tracer, parent, nameOf(event), event.unixMs, {
      'faultline.step': event.step,
      'faultline.step.kind': event.kind,
      'faultline.target': event.target,
    });
    failSpan(span, event.error);
    span.span.end(event.unixMs);
  }

  onEffect(event: RunEventOf<'fault.effect'>): void {
    this.#open
      .get(nameOf({ step: event.fault, subject: 'fault' }))
      ?.whole.span.setAttributes(effectAttributes(event.effect));
  }

  onUndoDone(event: RunEventOf<'undo.done'>): void {
    const step = this.#open.get(nameOf(event));
    if (!step) return;
    const { whole } = step;
    const undo = openSpan(this.#tracer, whole.context, ACTIONS[event.subject].back, event.unixMs - event.tookMs, {
      'faultline.undo.attempts': event.attempts,
      'faultline.undo.by': event.by,
    });
    undo.span.end(event.unixMs);
    this.#end(nameOf(event), step, event.unixMs);
  }

  onUndoFailed(event: RunEventOf<'undo.failed'>): void {
    const step = this.#open.get(nameOf(event));
    if (!step) return;
    step.whole.span.addEvent(
      'undo.failed',
      { 'faultline.undo.attempts': event.attempts, 'faultline.error': event.error },
      event.unixMs,
    );
    if (!event.final) return;
    failSpan(step.whole, `could not be reverted: ${event.error}`);
    this.#end(nameOf(event), step, event.unixMs);
  }

  onServiceExited(event: RunEventOf<'service.exited'>): void {
    const step = this.#open.get(nameOf({ step: event.service, subject: 'service' }));
    if (step && !event.expected) failSpan(step.whole, describeExit(event));
  }

  /** Ends what is still open; nobody has said how it ended. */
  endAll(unixMs: number): void {
    for (const [name, step] of this.#open) {
      step.whole.span.setAttribute('faultline.unfinished', true);
      this.#end(name, step, unixMs);
    }
  }

  #endAction(step: StepSpan | undefined, unixMs: number): void {
    step?.action?.span.end(unixMs);
    if (step) step.action = undefined;
  }

  #end(name: string, step: StepSpan, unixMs: number): void {
    this.#endAction(step, unixMs);
    step.whole.span.end(unixMs);
    this.#open.delete(name);
  }
}

/** What is done for a step, and what takes it back, in a word. */
const ACTIONS = {
  fault: { forward: 'inject', back: 'revert' },
  service: { forward: 'start', back: 'stop' },
} as const;

/** `exited with code 1`, `ended by SIGKILL`. */
export function describeExit({ exitCode, signal }: RunEventOf<'service.exited'>): string {
  return signal === null ? `exited with code ${exitCode ?? 'unknown'}` : `ended by ${signal}`;
}

function nameOf({ subject, step }: StepRef): string {
  return `${subject} ${step}`;
}
