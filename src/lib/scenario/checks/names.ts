import type { Json } from '../../events/json.ts';
import type { Path } from '../mistakes/mistake.ts';
import { mapsIn, memberOf, stepsIn, type Placed } from './raw.ts';

/** The name of a probe or the id of a fault, with where it stands. */
export interface Named {
  readonly name: string;
  /** The place of the probe or fault. */
  readonly path: Path;
}

export interface Names {
  readonly faults: readonly Named[];
  readonly steady: readonly Named[];
  readonly probeSteps: readonly Named[];
  /** The name of what stands at a place. */
  nameAt(path: Path): string;
}

/** Names everything that can have a name: as written, else by kind and number (`latency-1`, `http 2`), past names that are taken. */
export function collectNames(root: Json): Names {
  const steps = stepsIn(memberOf(root, 'method'), ['method']);
  const faults = steps.filter((step) => memberOf(step.value, 'fault') !== undefined);
  const steady = mapsIn(memberOf(root, 'steadyState'), ['steadyState']);
  const probeSteps = steps.filter((step) => memberOf(step.value, 'probe') !== undefined);
  const probes = nameAll([...steady, ...probeSteps], 'probe', 'name', ' ');
  const ids = nameFaults(faults);
  const byPath = new Map([...probes, ...ids].map((named) => [named.path.join('.'), named.name]));
  return {
    nameAt: (path) => byPath.get(path.join('.')) ?? '',
    faults: ids,
    steady: probes.slice(0, steady.length),
    probeSteps: probes.slice(steady.length),
  };
}

/** The ids of faults, in a scenario or on a service: as written, else `latency-1`. */
export function nameFaults(faults: readonly Placed<Json>[]): Named[] {
  return nameAll(faults, 'fault', 'id', '-');
}

function nameAll(things: readonly Placed<Json>[], kindKey: string, nameKey: string, separator: string): Named[] {
  const taken = new Set(things.map((thing) => memberOf(thing.value, nameKey)));
  const last = new Map<string, number>();
  return things.map(({ value, path }) => {
    const written = memberOf(value, nameKey);
    if (typeof written === 'string') return { name: written, path };
    const kind = memberOf(value, kindKey);
    const stem = `${typeof kind === 'string' ? kind : kindKey}${separator}`;
    let number = (last.get(stem) ?? 0) + 1;
    while (taken.has(`${stem}${number}`)) number++;
    last.set(stem, number);
    return { name: `${stem}${number}`, path };
  });
}
