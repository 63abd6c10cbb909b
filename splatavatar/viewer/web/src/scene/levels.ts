/** A level of detail. */
export interface Level {
  /** Gaussians of a head, at most */
  splats: number;
  /** whether colours change with the direction that they are seen from */
  turning: boolean;
}

/** The finest first. */
export const LEVELS: readonly Level[] = [
  { splats: Number.POSITIVE_INFINITY, turning: true },
  { splats: 20_000, turning: false },
  { splats: 12_000, turning: false },
  { splats: 7_000, turning: false },
];

/** With which headsets begin. */
export const HEADSET = 1;
