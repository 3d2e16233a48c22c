import { quote } from '../mistakes/words.ts';
import type { Checking } from './checking.ts';
import type { Named } from './names.ts';

/** Things of one kind must have names of their own. */
export function checkUnique(named: readonly Named[], key: 'id' | 'name', { lineOf, report }: Checking): void {
  const first = new Map<string, Named>();
  for (const { name, path } of named) {
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, { name, path });
    else report([...path, key], `duplicate ${key} ${quote(name)}; line ${lineOf(earlier.path)} has it already`);
  }
}
