import type { Candidate } from './candidate.ts';
import type { Survey } from './survey.ts';

/** Why a candidate that could have been taken was not. */
export type PassedOver =
  /** Its turn comes later. */
  | 'later'
  /** Others are less busy for their weight. */
  | 'busier'
  /** It was not among the two that were drawn. */
  | 'not_drawn'
  /** The key belongs to another. */
  | 'other_key';

/**
 * What makes one kind of balancing: it chooses among those that the survey lets through, and moves its own state on. `pick` is only
 * called when at least one can be taken, and allocates nothing as long as candidates and weights stay the same.
 */
export interface Strategy {
  /** The decision's number (see decision.ts) of the latest pick, without the panic bit. */
  readonly decision: number;
  /** The position of the chosen one. */
  pick(survey: Survey, candidates: readonly Candidate[], key: string | undefined): number;
  /** About the latest pick: why not the one at this position, which could have been taken and was not. */
  passedOver(survey: Survey, candidates: readonly Candidate[], position: number): PassedOver;
  /** One in the same state that lives on its own: what it picks does not change this one. */
  copy(): Strategy;
}
