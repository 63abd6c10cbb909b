// How much of the picture of a face each Gaussian makes.
import { type Avatar, halfToFloat } from '../file/avatar';
import { triangleFrame } from '../pose/frames';
import { neutral } from '../pose/parameters';
import { PosedRig } from '../pose/rig';
import { Depths } from '../sort/depth';
import { DepthOrder } from '../sort/radix';
import { type Camera, framing, orbitCamera } from '../splats/camera';
import { LOG_STEP, SIGNED_STEPS, SPLATTING, UNIT_STEPS } from '../tables';

const SIZE = 192;
/** degrees around the head and up, and how much each view counts */
const VIEWS = [
  [0, 0, 1],
  [-35, 0, 0.6],
  [35, 0, 0.6],
  [0, 20, 0.3],
  [-80, 0, 0.2],
  [80, 0, 0.2],
] as const;

/** (N) the sum over pixels of alpha times what is left of the light there, of the face at rest from several sides. */
export function importance(avatar: Avatar): Float32Array {
  const posed = new PosedRig(avatar);
  posed.pose(neutral(avatar.sizes));
  const { N } = avatar.sizes;
  const sums = new Float32Array(N);
  const depths = new Depths(avatar);
  const order = new DepthOrder(N, 1);
  const frame = framing(avatar);
  for (const [yaw, pitch, weight] of VIEWS) {
    const camera = orbitCamera(frame, { yaw, pitch, distance: frame.distance, pan: [0, 0] }, SIZE, SIZE);
    depths.measure(posed, camera.rows[2], camera.shift[2]);
    blend(avatar, posed, camera, order.sort(depths.depth), weight, sums);
  }
  return sums;
}

/** Adds `weight` times what each Gaussian gives to a picture; `order` has the farthest first. */
function blend(
  { rig, splats, sizes }: Avatar,
  { vertices }: PosedRig,
  camera: Camera,
  order: Uint32Array,
  weight: number,
  sums: Float32Array,
): void {
  const left = new Float32Array(SIZE * SIZE).fill(1);
  const frame = new Float64Array(10);
  const { rows, shift, focal, cx, cy } = camera;
  for (let i = sizes.N - 1; i >= 0; i--) {
    const n = order[i]!;
    const opacity = splats.opacity[n]! / UNIT_STEPS;
    if (!(opacity > SPLATTING.MIN_ALPHA)) continue;
    const f = 3 * splats.face[n]!;
    const corners = [0, 1, 2].map((c) => 4 * rig.faces[f + c]!) as [number, number, number];
    triangleFrame(vertices, ...corners, frame);
    const size = frame[9]!;
    const u = splats.barycentric[2 * n]! / UNIT_STEPS;
    const v = splats.barycentric[2 * n + 1]! / UNIT_STEPS;
    const local = [0, 1, 2].map((k) => size * halfToFloat(splats.position[3 * n + k]!));
    const mean = [0, 1, 2].map(
      (k) =>
        u * vertices[corners[0] + k]! +
        v * vertices[corners[1] + k]! +
        (1 - u - v) * vertices[corners[2] + k]! +
        local[0]! * frame[k]! +
        local[1]! * frame[3 + k]! +
        local[2]! * frame[6 + k]!,
    );
    const [x, y, z] = rows.map((row, k) => row[0] * mean[0]! + row[1] * mean[1]! + row[2] * mean[2]! + shift[k]!) as [
      number,
      number,
      number,
    ];
    if (!(z > SPLATTING.NEAR)) continue;
    const q = [0, 1, 2, 3].map((k) => splats.rotation[4 * n + k]! / SIGNED_STEPS);
    const norm = Math.hypot(...q) || 1;
    const [w, a, b, c] = q.map((part) => part / norm) as [number, number, number, number];
    const turn = [
      [1 - 2 * (b * b + c * c), 2 * (a * b + w * c), 2 * (a * c - w * b)],
      [2 * (a * b - w * c), 1 - 2 * (a * a + c * c), 2 * (b * c + w * a)],
      [2 * (a * c + w * b), 2 * (b * c - w * a), 1 - 2 * (a * a + b * b)],
    ];
    let xx: number = SPLATTING.DILATION;
    let xy = 0;
    let yy: number = SPLATTING.DILATION;
    for (let axis = 0; axis < 3; axis++) {
      const length = (size * Math.exp(splats.scale[3 * n + axis]! * LOG_STEP) * focal) / z;
      const [p, r, s] = turn[axis]! as [number, number, number];
      const along = [0, 1, 2].map((k) => p * frame[k]! + r * frame[3 + k]! + s * frame[6 + k]!);
      const seen = rows.map((row) => row[0] * along[0]! + row[1] * along[1]! + row[2] * along[2]!);
      const jx = length * (seen[0]! - (x / z) * seen[2]!);
      const jy = length * (seen[1]! - (y / z) * seen[2]!);
      xx += jx * jx;
      xy += jx * jy;
      yy += jy * jy;
    }
    const determinant = xx * yy - xy * xy;
    if (!(determinant > 0)) continue;
    const px = (focal * x) / z + cx - 0.5;
    const py = (focal * y) / z + cy - 0.5;
    const reach = Math.sqrt(2 * Math.log(opacity / SPLATTING.MIN_ALPHA));
    const high = Math.min(SIZE - 1, Math.floor(py + reach * Math.sqrt(yy)));
    const wide = Math.min(SIZE - 1, Math.floor(px + reach * Math.sqrt(xx)));
    let sum = 0;
    for (let row = Math.max(0, Math.ceil(py - reach * Math.sqrt(yy))); row <= high; row++)
      for (let column = Math.max(0, Math.ceil(px - reach * Math.sqrt(xx))); column <= wide; column++) {
        const at = row * SIZE + column;
        if (left[at]! < 1e-3) continue;
        const [dx, dy] = [column - px, row - py];
        const power = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
        const alpha = Math.min(opacity * Math.exp(-0.5 * power), SPLATTING.MAX_ALPHA);
        if (alpha < SPLATTING.MIN_ALPHA) continue;
        sum += alpha * left[at]!;
        left[at]! *= 1 - alpha;
      }
    sums[n]! += weight * sum;
  }
}
