// Which level of detail each head at the table is drawn at.
import { LEVELS } from '../../detail/levels';

/** Gaussians of all heads of a picture together */
export const BUDGET = 60_000;
/** Gaussians that a head asks for each pixel of the square that is as high as it is */
const DENSITY = 1.2;
/** metres from chin to crown */
const HEAD = 0.25;
/** of what a head asks for, that it may change until its level does: levels do not flicker */
const STEADY = 0.2;

/** A head that is in the picture. */
export interface Visible {
  /** metres from the eye */
  distance: number;
  /** Gaussians of a level of its avatar */
  count(level: number): number;
  /** the level that it was drawn at before, null for none */
  before: number | null;
}

/** The level of each head for a lens of `focal` pixels; the Gaussians of all of them together are at most `BUDGET`, where
 * the coarsest levels are no more than that. */
export function detail(heads: readonly Visible[], focal: number): number[] {
  const wanted = heads.map(({ distance }) => DENSITY * ((focal * HEAD) / Math.max(distance, 0.1)) ** 2);
  const levels = heads.map((head, i) => {
    const { before } = head;
    if (before !== null && [1 - STEADY, 1 + STEADY].some((share) => coarsest(head, share * wanted[i]!) === before))
      return before;
    return coarsest(head, wanted[i]!);
  });
  const counts = () => levels.map((level, i) => heads[i]!.count(level));
  for (let now = counts(); now.reduce((sum, count) => sum + count, 0) > BUDGET; now = counts()) {
    // Who has most for what they ask for gives first, so that the near keep more than the far.
    let richest = -1;
    for (let i = 0; i < heads.length; i++) {
      if (levels[i] === LEVELS.length - 1) continue;
      if (richest < 0 || now[i]! / wanted[i]! > now[richest]! / wanted[richest]!) richest = i;
    }
    if (richest < 0) break;
    levels[richest]!++;
  }
  return levels;
}

/** The coarsest level that has as many Gaussians as are asked for, else the finest. */
function coarsest(head: Visible, wanted: number): number {
  let level = LEVELS.length - 1;
  while (level > 0 && head.count(level) < wanted) level--;
  return level;
}
