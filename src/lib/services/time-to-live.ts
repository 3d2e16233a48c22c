/**
 * How long an endpoint stays registered without a word of it. Pure: time is an argument, monotonic.
 *
 *     beat ─────────── ttl ───────────▶│ due     found due twice: expired
 *                                      │
 *     beat ── ttl ──│ our own pause │──────── ttl + one heartbeat ───▶│ due
 *
 * Who is found due gets one more round of the sweep: a heartbeat that already waits in a socket while we were slow is read first.
 */
export class TimeToLive {
  readonly #ttlMs: number;
  readonly #heartbeatMs: number;
  #beatMs: number;
  #dueMs: number;
  #wasDue = false;
  #hasGrace = false;

  constructor(ttlMs: number, heartbeatMs: number, nowMs: number) {
    this.#ttlMs = ttlMs;
    this.#heartbeatMs = heartbeatMs;
    this.#beatMs = nowMs;
    this.#dueMs = nowMs + ttlMs;
  }

  get ttlMs(): number {
    return this.#ttlMs;
  }

  beat(nowMs: number): void {
    this.#beatMs = Math.max(this.#beatMs, nowMs);
    this.#dueMs = this.#beatMs + this.#ttlMs;
    this.#wasDue = false;
    this.#hasGrace = false;
  }

  silentMs(nowMs: number): number {
    return nowMs - this.#beatMs;
  }

  /**
   * Makes up for a pause of our own: its length, and once in each silence a heartbeat more, since the sender may just have missed its
   * turn. Only once, or a machine that stalls again and again would keep the dead for ever.
   */
  extend(pauseMs: number, nowMs: number): void {
    const graceMs = this.#hasGrace ? 0 : this.#heartbeatMs;
    this.#hasGrace = true;
    this.#dueMs = Math.min(this.#dueMs + pauseMs, nowMs + this.#ttlMs) + graceMs;
    this.#wasDue = false;
  }

  /** Called by each sweep; true when it is over. */
  sweep(nowMs: number): boolean {
    if (nowMs < this.#dueMs) return false;
    const isOver = this.#wasDue;
    this.#wasDue = true;
    return isOver;
  }
}
