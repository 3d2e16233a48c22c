/**
 * The life of one stream of bytes, which is a file from its first byte until it is truncated, or nobody has its name any more:
 *
 *                    grown                     name-lost
 *     held ──▶ waiting ◀──▶ reading ─────────────────────▶ draining ──▶ done
 *         released    end-reached          name-found ◀──      finished
 */
export type TailerState =
  /** May be a copy that a rotation tool is just making of a file that is followed: nothing of it is read until that is known. */
  | { readonly kind: 'held' }
  /** Read to its end. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'reading' }
  /** It has lost its name, or has one that is not asked for: read to its end while somebody writes to it, then left. */
  | { readonly kind: 'draining'; readonly why: LossReason; readonly hasMore: boolean }
  | { readonly kind: 'done'; readonly why: DoneReason };

export type LossReason = 'renamed' | 'deleted';
/** `drained`: acknowledged to its end. `truncated`: its bytes are gone. `dropped`: given up over the limit for deleted files. `closed`: with us. */
export type DoneReason = 'drained' | 'truncated' | 'dropped' | 'vanished' | 'skipped' | 'closed';

export type TailerEvent =
  | { readonly kind: 'grown' }
  | { readonly kind: 'end-reached' }
  | { readonly kind: 'name-lost'; readonly why: LossReason }
  | { readonly kind: 'name-found' }
  | { readonly kind: 'held' }
  | { readonly kind: 'released' }
  | { readonly kind: 'finished'; readonly why: DoneReason };

export function nextState(state: TailerState, event: TailerEvent): TailerState {
  if (state.kind === 'done') return state;
  switch (event.kind) {
    case 'grown':
      if (state.kind === 'draining') return { ...state, hasMore: true };
      return state.kind === 'held' ? state : { kind: 'reading' };
    case 'end-reached':
      if (state.kind === 'draining') return { ...state, hasMore: false };
      return state.kind === 'held' ? state : { kind: 'waiting' };
    case 'name-lost':
      return { kind: 'draining', why: event.why, hasMore: hasMore(state) };
    case 'name-found':
      if (state.kind !== 'draining') return state;
      return { kind: state.hasMore ? 'reading' : 'waiting' };
    case 'held':
      return state.kind === 'waiting' || state.kind === 'reading' ? { kind: 'held' } : state;
    case 'released':
      return state.kind === 'held' ? { kind: 'reading' } : state;
    case 'finished':
      return { kind: 'done', why: event.why };
  }
}

/** Whether there may be bytes that have not been read; what is held has not been. */
export function hasMore(state: TailerState): boolean {
  switch (state.kind) {
    case 'held':
    case 'reading':
      return true;
    case 'draining':
      return state.hasMore;
    case 'waiting':
    case 'done':
      return false;
  }
}
