/** What a person or a program has changed by the control API; told before it is done. */
export interface OperatorEventBody {
  readonly type: 'operator.acted';
  readonly action: 'drain' | 'undrain' | 'weight' | 'breaker.open' | 'breaker.close' | 'breaker.reset';
  readonly service: string;
  /** Null: the service as a whole. */
  readonly endpoint: string | null;
  /** Whose breaker is meant; absent: not that of a route. */
  readonly route?: string | undefined;
  /** What they say they are, such as `faultline 0.1.0 (pid 4711, uid 0)`. */
  readonly by: string;
  /** The command that takes it back. */
  readonly undo: string;
}
