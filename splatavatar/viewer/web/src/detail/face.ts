// Which Gaussians are of the face, and how many of a level are.
import type { Avatar } from '../file/avatar';

/** metres from a landmark of the face */
const NEAR = 0.02;
/** of the Gaussians of a level, at most: people look at faces */
const SHARE = 0.78;

/** (N) 1 where a Gaussian is of the face: its triangle lies near a landmark at rest, or within eyes or mouth. All are where
 * the rig has no landmarks. */
export function ofFace({ rig, splats, marks, sizes }: Avatar): Uint8Array {
  if (!marks.landmarks.length) return new Uint8Array(sizes.N).fill(1);
  const middles = new Float32Array(3 * sizes.F);
  for (let f = 0; f < sizes.F; f++)
    for (let i = 0; i < 3; i++)
      for (let corner = 0; corner < 3; corner++)
        middles[3 * f + i]! += rig.template[3 * rig.faces[3 * f + corner]! + i]! / 3;
  const face = new Uint8Array(sizes.F);
  for (let f = 0; f < sizes.F; f++)
    for (const mark of marks.landmarks) {
      const dx = middles[3 * f]! - middles[3 * mark]!;
      const dy = middles[3 * f + 1]! - middles[3 * mark + 1]!;
      const dz = middles[3 * f + 2]! - middles[3 * mark + 2]!;
      if (dx * dx + dy * dy + dz * dz > NEAR * NEAR) continue;
      face[f] = 1;
      break;
    }
  for (const region of marks.within) for (const f of region) face[f] = 1;
  return Uint8Array.from(splats.face, (f) => face[f]!);
}

/** (count) in ascending order: of the face those of the largest `weights` (N), and of all else. Most are of the `face` (N),
 * no more than there are. */
export function chosen(weights: Float32Array, face: Uint8Array, count: number): Uint32Array {
  const order = Uint32Array.from(weights, (_, n) => n).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const [of, other] = [order.filter((n) => face[n]), order.filter((n) => !face[n])];
  const few = Math.min(of.length, Math.max(Math.round(SHARE * count), count - other.length));
  const kept = new Uint32Array(few + Math.min(other.length, count - few));
  kept.set(of.subarray(0, few));
  kept.set(other.subarray(0, count - few), few);
  return kept.sort();
}
