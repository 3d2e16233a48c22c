import { describe, expect, it } from 'vitest';
import {
  BALANCER_KINDS,
  type Balancer,
  type Candidate,
  createBalancer,
  type Lease,
  startRequest,
} from '../../../src/lib/resilience/balance.ts';
import { candidate, request, seeded } from './balance-candidates.ts';

const PANIC_PERCENT = 50;
const STEPS = 4_000;

/** A table of endpoints to which anything may happen between two picks. */
class World {
  readonly all: Candidate[] = [];
  readonly leases: Lease[] = [];
  /** Everyone that ever was a member: counts of those that left matter as well. */
  readonly ever: Candidate[] = [];
  nowMs = 0;
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
    for (let i = 0; i < 4; i++) this.#join();
  }

  /** One of `count` numbers. */
  roll(count: number): number {
    return Math.floor(this.#random() * count);
  }

  shake(): void {
    this.nowMs += this.roll(20) - 2;
    const one = this.all[this.roll(this.all.length)];
    const change = this.roll(60);
    if (change === 0 && this.all.length < 12) this.#join();
    if (one === undefined) return;
    if (change === 1) this.all.splice(this.all.indexOf(one), 1);
    if (change === 2) this.all.reverse();
    if (change === 3) one.weight = [0, 1, 2, 7, 100][this.roll(5)]!;
    if (change === 4) one.isHealthy = false;
    if (change <= 8 && change >= 5 && !one.isHealthy) [one.isHealthy, one.healthySinceMs] = [true, this.nowMs];
    for (let i = this.roll(3); i > 0 && this.leases.length > 0; i--) this.#endOne();
  }

  excluded(): Candidate[] | undefined {
    return this.roll(4) > 0 ? undefined : this.all.filter(() => this.roll(3) === 0);
  }

  #join(): void {
    const one = candidate(`e${this.ever.length}`, { weight: 1 + this.roll(4), healthySinceMs: this.nowMs });
    this.all.push(one);
    this.ever.push(one);
  }

  /** Sometimes twice, as when an abort meets the end of the response. */
  #endOne(): void {
    const [lease] = this.leases.splice(this.roll(this.leases.length), 1);
    lease!.end();
    if (this.roll(2) === 0) lease!.end();
  }
}

function isPanic(all: readonly Candidate[]): boolean {
  const weighted = all.filter(({ weight }) => weight > 0);
  return weighted.filter(({ isHealthy }) => isHealthy).length * 100 < PANIC_PERCENT * weighted.length;
}

function pickOnce(balancer: Balancer, world: World): void {
  const excluded = world.excluded();
  const key = world.roll(3) === 0 ? undefined : `key-${world.roll(50)}`;
  const mayTake = world.all.filter(
    (one) => one.weight > 0 && (one.isHealthy || isPanic(world.all)) && excluded?.includes(one) !== true,
  );
  const picked = balancer.pick(world.all, request({ nowMs: world.nowMs, key, excluded }));
  if (mayTake.length === 0) expect(picked).toBeUndefined();
  else if (picked === undefined || !mayTake.includes(picked)) expect.fail(`took ${picked?.id ?? 'nobody'}`);
  if (picked !== undefined) world.leases.push(startRequest(picked));
}

describe.each(BALANCER_KINDS)('%s, whatever happens to the endpoints', (kind) => {
  it.each([1, 2, 3, 4])('takes only whom it may, somebody if it can, and counts come back to 0 (seed %d)', (seed) => {
    const balancer = createBalancer(kind, { panicPercent: PANIC_PERCENT, slowStartMs: 200, chance: seeded(seed) });
    const world = new World(seed);
    for (let step = 0; step < STEPS; step++) {
      world.shake();
      pickOnce(balancer, world);
      if (step % 500 === 0) checkCounts(world);
    }
    checkCounts(world);
    for (const lease of world.leases) lease.end();
    for (const lease of world.leases) lease.end();
    expect(world.ever.map(({ inFlight }) => inFlight)).toEqual(world.ever.map(() => 0));
  });
});

/** What the endpoints count is what is open. */
function checkCounts(world: World): void {
  const sum = world.ever.reduce((total, { inFlight }) => total + inFlight, 0);
  expect(sum).toBe(world.leases.filter(({ isOpen }) => isOpen).length);
  expect(world.ever.every(({ inFlight }) => inFlight >= 0)).toBe(true);
}

describe.each(['round_robin', 'least_request'] as const)('%s between changes', (kind) => {
  it.each([5, 6, 7, 8])('never strays from the weights by more than two picks, from the first on (seed %d)', (seed) => {
    const balancer = createBalancer(kind, { panicPercent: 0 });
    const world = new World(seed);
    for (let stretch = 0; stretch < 150; stretch++) {
      for (let i = 0; i < 30; i++) world.shake();
      const open = world.all.filter(({ weight, isHealthy }) => weight > 0 && isHealthy);
      const total = open.reduce((sum, { weight }) => sum + weight, 0);
      const counts = new Map<string, number>();
      for (let count = 1; count <= 100 && open.length > 0; count++) {
        const { id } = balancer.pick(world.all, request({ nowMs: world.nowMs }))!;
        counts.set(id, (counts.get(id) ?? 0) + 1);
        const strays = open.map((one) => Math.abs((counts.get(one.id) ?? 0) - (count * one.weight) / total));
        if (Math.max(...strays) > 2) expect.fail(`stretch ${stretch}, pick ${count}: off by ${Math.max(...strays)}`);
      }
    }
  });
});
