// Which Gaussians matter most: levels of detail are the first so many of them.
import type { Avatar } from '../file/avatar';
import type { Numbers } from '../file/container';
import { LOG_STEP, UNIT_STEPS } from '../tables';

/** An avatar whose Gaussians come in the order of their importance, the most important one first. */
export interface Ranked {
  avatar: Avatar;
  /** What the standard deviations of the first `count` grow by, so that they cover what all of them do. */
  growth(count: number): number;
}

/** of the standard deviations: beyond it a face is a blot rather than one with holes */
const MOST_GROWTH = 1.5;

/** Ranks Gaussians by what they cover of a picture: opacity times the area of their two longest axes. */
export function byImportance(avatar: Avatar): Ranked {
  const { N, K } = avatar.sizes;
  const covered = coverage(avatar);
  const order = Uint32Array.from({ length: N }, (_, n) => n).sort((a, b) => covered[b]! - covered[a]! || a - b);
  const sums = new Float64Array(N + 1);
  for (let i = 0; i < N; i++) sums[i + 1] = sums[i]! + covered[order[i]!]!;
  const { splats } = avatar;
  const { correctives } = splats;
  const ranked = <T extends Numbers>(values: T, size = 1, from = 0, out = values.slice() as T): T => {
    for (let i = 0; i < N; i++)
      for (let k = 0; k < size; k++) out[from + size * i + k] = values[from + size * order[i]! + k]!;
    return out;
  };
  const rows = (values: Int8Array): Int8Array => {
    const out = values.slice();
    for (let k = 0; k < K; k++) ranked(values, 3, 3 * k * N, out);
    return out;
  };
  return {
    avatar: {
      ...avatar,
      splats: {
        ...splats,
        face: ranked(splats.face),
        barycentric: ranked(splats.barycentric, 2),
        position: ranked(splats.position, 3),
        rotation: ranked(splats.rotation, 4),
        scale: ranked(splats.scale, 3),
        opacity: ranked(splats.opacity),
        colour: ranked(splats.colour, 3),
        sh: ranked(splats.sh, 9),
        shShare: ranked(splats.shShare),
        correctives: {
          ...correctives,
          position: rows(correctives.position),
          positionShare: ranked(correctives.positionShare),
          colour: rows(correctives.colour),
          colourShare: ranked(correctives.colourShare),
        },
      },
    },
    growth: (count) => Math.min(Math.sqrt(sums[N]! / Math.max(sums[Math.min(count, N)]!, 1e-30)), MOST_GROWTH),
  };
}

/** (N) of each Gaussian: opacity times the area of its two longest axes on the rig at rest. */
function coverage({ sizes, rig, splats }: Avatar): Float64Array {
  const sides = new Float64Array(sizes.F);
  for (let f = 0; f < sizes.F; f++) {
    const [a, b, c] = [0, 1, 2].map((corner) => 3 * rig.faces[3 * f + corner]!) as [number, number, number];
    const between = (i: number, j: number) =>
      Math.hypot(...[0, 1, 2].map((axis) => rig.template[i + axis]! - rig.template[j + axis]!));
    sides[f] = (between(a, b) + between(b, c) + between(c, a)) / 3;
  }
  return Float64Array.from({ length: sizes.N }, (_, n) => {
    const scales = [0, 1, 2].map((axis) => splats.scale[3 * n + axis]!);
    const longest = scales[0]! + scales[1]! + scales[2]! - Math.min(...scales);
    return (splats.opacity[n]! / UNIT_STEPS) * sides[splats.face[n]!]! ** 2 * Math.exp(longest * LOG_STEP);
  });
}
