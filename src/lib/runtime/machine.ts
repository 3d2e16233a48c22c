import { availableParallelism } from 'node:os';

/** How many cores this process may run on: less than the machine has, where its affinity says so. */
export function usableCores(): number {
  return availableParallelism();
}
