import type { Dice } from '../filter.ts';

/** Whether the dice choose this request or connection: never at 0 %, always at 100 %. */
export function isChosen(percent: number, dice: Dice): boolean {
  return dice.fraction('percent') * 100 < percent;
}
