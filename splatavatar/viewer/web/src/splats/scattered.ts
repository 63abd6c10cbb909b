// Levels of detail: Gaussians in such an order that the first so many of them are an avatar of their own.
//
// Any part of a random order covers a head evenly; what is left grows to close the gaps. On the demo avatar half of the
// Gaussians lie within 33 dB of all of them at 256 pixels, a quarter within 29 dB at 128. The largest or the most opaque
// ones alone are worse by 4 to 9 dB: they lack what makes a face.
import type { Avatar } from '../file/avatar';
import type { Numbers } from '../file/container';

/** the power of the share of Gaussians that is left out: less than the half that would keep the area they cover */
const GROWTH = 0.4;

/** What the standard deviations of the first `count` of `all` Gaussians grow by. */
export function growth(count: number, all: number): number {
  return (all / count) ** GROWTH;
}

/** The same avatar with its Gaussians in a random order, always the same one. */
export function scattered(avatar: Avatar): Avatar {
  const { N, K } = avatar.sizes;
  const order = shuffled(N);
  const { splats } = avatar;
  const { correctives } = splats;
  const moved = <T extends Numbers>(values: T, size = 1, from = 0, out = values.slice() as T): T => {
    for (let i = 0; i < N; i++)
      for (let k = 0; k < size; k++) out[from + size * i + k] = values[from + size * order[i]! + k]!;
    return out;
  };
  const rows = (values: Int8Array): Int8Array => {
    const out = values.slice();
    for (let k = 0; k < K; k++) moved(values, 3, 3 * k * N, out);
    return out;
  };
  return {
    ...avatar,
    splats: {
      ...splats,
      face: moved(splats.face),
      barycentric: moved(splats.barycentric, 2),
      position: moved(splats.position, 3),
      rotation: moved(splats.rotation, 4),
      scale: moved(splats.scale, 3),
      opacity: moved(splats.opacity),
      colour: moved(splats.colour, 3),
      sh: moved(splats.sh, 9),
      shShare: moved(splats.shShare),
      correctives: {
        ...correctives,
        position: rows(correctives.position),
        positionShare: moved(correctives.positionShare),
        colour: rows(correctives.colour),
        colourShare: moved(correctives.colourShare),
      },
    },
  };
}

/** (count) of the numbers from 0 on in a random order, by Fisher and Yates. */
function shuffled(count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  let state = 1;
  for (let n = count - 1; n > 0; n--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (n + 1));
    [order[n], order[other]] = [order[other]!, order[n]!];
  }
  return order;
}
