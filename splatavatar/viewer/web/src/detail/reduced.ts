// An avatar of fewer Gaussians, and of those triangles and vertices alone that carry them.
import type { Avatar, Basis } from '../file/avatar';
import type { Numbers } from '../file/container';
import { floatToHalf, halfToFloat } from '../file/half';
import { triangleFrame } from '../pose/frames';
import { neutral } from '../pose/parameters';
import { PosedRig } from '../pose/rig';
import { framing } from '../splats/camera';
import { LOG_STEP, SIGNED_STEPS } from '../tables';
import { absorbed } from './absorbed';

/** An avatar of the Gaussians `kept` alone, which take over what the others are: `weights` (N) says how much each one is,
 * `means` (N, 3) where it lies at rest, `own` (N, 3) its colour. */
export function reduced(
  avatar: Avatar,
  kept: Uint32Array,
  weights: Float32Array,
  means: Float32Array,
  own: Float32Array,
): Avatar {
  const { rig, splats, sizes } = avatar;
  const { K } = sizes;
  const usedFaces = Int32Array.from(new Set(Array.from(kept, (n) => splats.face[n]!))).sort();
  const usedVertices = Int32Array.from(
    new Set(Array.from(usedFaces).flatMap((f) => Array.from(rig.faces.subarray(3 * f, 3 * f + 3)))),
  ).sort();
  const newFace = renumbered(usedFaces, sizes.F);
  const newVertex = renumbered(usedVertices, sizes.V);
  const of = <T extends Numbers>(values: T, size = 1) => gathered(values, kept, size);
  const { correctives } = splats;
  const { colours, growth } = absorbed(means, kept, weights, own);
  const channels = (values: Int8Array) => {
    const out = new Int8Array(3 * K * kept.length);
    for (let k = 0; k < K; k++)
      out.set(of(values.subarray(3 * k * sizes.N, 3 * (k + 1) * sizes.N), 3), 3 * k * kept.length);
    return out;
  };
  return {
    ...avatar,
    sizes: { ...sizes, N: kept.length, F: usedFaces.length, V: usedVertices.length },
    // Where the template is cut, what it frames would be another thing.
    framing: framing(avatar),
    rig: {
      ...rig,
      expressions: movedAlong(rig.expressions, newVertex),
      poseBasis: rig.poseBasis && movedAlong(rig.poseBasis, newVertex),
      template: gathered(rig.template, usedVertices, 3),
      faces: Int32Array.from(gathered(rig.faces, usedFaces, 3), (v) => newVertex[v]!),
      skinJoints: gathered(rig.skinJoints, usedVertices, sizes.W),
      skinWeights: gathered(rig.skinWeights, usedVertices, sizes.W),
    },
    splats: {
      ...splats,
      face: Int32Array.from(of(splats.face), (f) => newFace[f]!),
      barycentric: of(splats.barycentric, 2),
      position: of(splats.position, 3),
      rotation: of(splats.rotation, 4),
      scale: of(splats.scale, 3).map((log, i) =>
        Math.min(Math.round(log + growth[Math.floor(i / 3)]! / LOG_STEP), SIGNED_STEPS),
      ),
      opacity: of(splats.opacity),
      colour: Uint16Array.from(colours, floatToHalf),
      sh: of(splats.sh, 9),
      shShare: of(splats.shShare),
      correctives: {
        ...correctives,
        position: channels(correctives.position),
        positionShare: of(correctives.positionShare),
        colour: channels(correctives.colour),
        colourShare: of(correctives.colourShare),
      },
    },
  };
}

function gathered<T extends Numbers>(values: T, rows: ArrayLike<number>, size: number): T {
  const out = new (values.constructor as new (length: number) => T)(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * size;
    for (let k = 0; k < size; k++) out[i * size + k] = values[from + k]!;
  }
  return out;
}

/** (count) the new number of each old one, -1 of those that are gone. */
function renumbered(used: Int32Array, count: number): Int32Array {
  const out = new Int32Array(count).fill(-1);
  used.forEach((old, i) => {
    out[old] = i;
  });
  return out;
}

/** The rows of a basis that move vertices that are left. */
function movedAlong({ ends, moved, displacement }: Basis, newVertex: Int32Array): Basis {
  const rows: number[] = [];
  const newEnds = new Int32Array(ends.length);
  for (let part = 0; part + 1 < ends.length; part++) {
    for (let row = ends[part]!; row < ends[part + 1]!; row++) if (newVertex[moved[row]!]! >= 0) rows.push(row);
    newEnds[part + 1] = rows.length;
  }
  return {
    ends: newEnds,
    moved: Int32Array.from(rows, (row) => newVertex[moved[row]!]!),
    displacement: gathered(displacement, rows, 3),
  };
}

/** (N, 3) what each Gaussian of the face at rest looks like from where a picture of it is taken. */
export function frontColours(avatar: Avatar): Float32Array {
  const { rig, splats, sizes } = avatar;
  const posed = new PosedRig(avatar);
  posed.pose(neutral(sizes));
  const frame = framing(avatar);
  const [ex, ey] = frame.target;
  const ez = frame.target[2] + frame.distance;
  const axes = new Float64Array(10);
  const out = Float32Array.from(splats.colour, halfToFloat);
  for (let n = 0; n < sizes.N; n++) {
    const f = 3 * splats.face[n]!;
    const a = 4 * rig.faces[f]!;
    triangleFrame(posed.vertices, a, 4 * rig.faces[f + 1]!, 4 * rig.faces[f + 2]!, axes);
    const rx = posed.vertices[a]! - ex;
    const ry = posed.vertices[a + 1]! - ey;
    const rz = posed.vertices[a + 2]! - ez;
    const share = (splats.shStep * halfToFloat(splats.shShare[n]!)) / Math.sqrt(rx * rx + ry * ry + rz * rz);
    for (let axis = 0; axis < 3; axis++) {
      const seen = share * (rx * axes[3 * axis]! + ry * axes[3 * axis + 1]! + rz * axes[3 * axis + 2]!);
      for (let c = 0; c < 3; c++) out[3 * n + c]! += seen * splats.sh[9 * n + 3 * c + axis]!;
    }
  }
  return out;
}
