// What the vertex shader makes of a packed Gaussian, in JavaScript: the same bytes, the same formulae.
import { halfToFloat } from '../src/file/half';
import { triangleFrame } from '../src/pose/frames';
import type { PosedRig } from '../src/pose/rig';
import type { Packed } from '../src/splats/pack';

export interface World {
  mean: number[];
  /** (3, 3) in rows */
  rotation: number[];
  scale: number[];
  colour: number[];
}

export function unpack(packed: Packed, n: number, posed: PosedRig, eye: number[], shStep: number): World {
  const at = 16 * packed.texels * n;
  const view = new DataView(packed.data.buffer, at, 16 * packed.texels);
  const half = (i: number) => halfToFloat(view.getUint16(2 * i, true));
  const s16 = (i: number) => view.getInt16(2 * i, true);
  const corners = [0, 1, 2].map((i) => 4 * view.getUint32(4 * i, true));
  const frame = new Float64Array(10);
  triangleFrame(posed.vertices, corners[0]!, corners[1]!, corners[2]!, frame);
  const size = frame[9]!;
  const [u, v] = [view.getUint16(12, true), view.getUint16(14, true)];
  const bary = [u, v, 65535 - u - v].map((x) => x / 65535);
  const delta = Array.from({ length: 6 }, (_, channel) => {
    const psi = channel < 3 ? posed.psiPosition : posed.psiColour;
    return psi.reduce((sum, p, k) => sum + p * view.getInt8(64 + 4 * channel * packed.words + k), 0);
  });
  const position = [8, 9, 10].map((i, axis) => half(i) + half(23) * delta[axis]!);
  const mean = [0, 1, 2].map((i) => {
    const origin = bary.reduce((sum, b, c) => sum + b * posed.vertices[corners[c]! + i]!, 0);
    return origin + size * position.reduce((sum, p, axis) => sum + p * frame[3 * axis + i]!, 0);
  });
  const q = [12, 13, 14, 15].map(s16);
  const length = Math.hypot(...q);
  const [w, x, y, z] = q.map((part) => part / length) as [number, number, number, number];
  const turn = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
  const rotation = [0, 1, 2].flatMap((i) =>
    [0, 1, 2].map((j) => turn.reduce((sum, row, axis) => sum + frame[3 * axis + i]! * row[j]!, 0)),
  );
  const ray = mean.map((m, i) => m - eye[i]!);
  const away = Math.hypot(...ray);
  const direction = [0, 1, 2].map((axis) => ray.reduce((sum, r, i) => sum + (r / away) * frame[3 * axis + i]!, 0));
  const sh = (i: number) => view.getInt8(i < 8 ? 52 + i : 50);
  const colour = [20, 21, 22].map((i, c) => {
    const seen = direction.reduce((sum, d, axis) => sum + d * sh(3 * c + axis), 0);
    return Math.max(half(i) + half(24) * delta[3 + c]! + shStep * half(19) * seen, 0);
  });
  const scale = [16, 17, 18].map((i) => size * Math.exp(s16(i) / 2048));
  return { mean, rotation, scale, colour };
}
