// Levels of detail: how many Gaussians each head at the table is drawn with.

/** of all heads of a picture together */
export const BUDGET = 60_000;
/** of a head however far away */
const LEAST = 5_000;
/** of a head for each pixel of the square that is as high as it is */
const DENSITY = 1.2;
/** metres from chin to crown */
const HEAD = 0.25;
/** by which a count has to change until it is changed: levels do not flicker */
const STEADY = 0.2;
/** counts are whole multiples of it */
const STEP = 256;

/** A head that is in the picture. */
export interface Visible {
  /** metres from the eye */
  distance: number;
  /** Gaussians that its avatar has */
  most: number;
  /** with which it was drawn before, 0 for none */
  before: number;
}

/** The Gaussians of each head for a lens of `focal` pixels; all of them together at most `BUDGET`. */
export function detail(heads: readonly Visible[], focal: number): number[] {
  const wanted = heads.map(({ distance, most }) => {
    const pixels = (focal * HEAD) / Math.max(distance, 0.1);
    return Math.min(Math.max(DENSITY * pixels ** 2, LEAST), most);
  });
  const sum = wanted.reduce((total, count) => total + count, 0);
  const share = Math.min(1, BUDGET / Math.max(sum, 1));
  const fitting = wanted.map((count, i) => {
    const { most } = heads[i]!;
    const next = count * share;
    return next >= most ? most : Math.min(Math.floor(next / STEP) * STEP || STEP, most);
  });
  const steady = fitting.map((count, i) => {
    const { before, most } = heads[i]!;
    return before && count < most && Math.abs(count - before) < STEADY * before ? before : count;
  });
  // What is kept as it was must fit, too.
  return steady.reduce((total, count) => total + count, 0) <= BUDGET ? steady : fitting;
}
