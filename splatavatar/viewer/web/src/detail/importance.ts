// How much of the picture of a face each Gaussian makes.
import type { Avatar } from '../file/avatar';
import { Depths } from '../sort/depth';
import { DepthOrder } from '../sort/radix';
import { type Camera, framing, orbitCamera } from '../splats/camera';
import { SPLATTING, UNIT_STEPS } from '../tables';
import type { Rest } from './rest';

const SIZE = 128;
/** degrees around the head and up, and how much each view counts */
const VIEWS = [
  [0, 0, 1],
  [-35, 0, 0.6],
  [35, 0, 0.6],
  [180, 20, 0.2],
] as const;

/** (N) the sum over pixels of alpha times what is left of the light there, of the face at rest from several sides. */
export function importance(avatar: Avatar, rest: Rest): Float32Array {
  const { N } = avatar.sizes;
  const sums = new Float32Array(N);
  const depths = new Depths(avatar);
  const order = new DepthOrder(N, 1);
  const frame = framing(avatar);
  for (const [yaw, pitch, weight] of VIEWS) {
    const camera = orbitCamera(frame, { yaw, pitch, distance: frame.distance, pan: [0, 0] }, SIZE, SIZE);
    depths.measure(rest.posed, camera.rows[2], camera.shift[2]);
    blend(avatar, rest, camera, order.sort(depths.depth, depths.range), weight, sums);
  }
  return sums;
}

/** Adds `weight` times what each Gaussian gives to a picture; `order` has the farthest first. */
function blend(
  { splats, sizes }: Avatar,
  { means, axes }: Rest,
  camera: Camera,
  order: Uint32Array,
  weight: number,
  sums: Float32Array,
): void {
  const left = new Float32Array(SIZE * SIZE).fill(1);
  const { focal, cx, cy } = camera;
  const [[ax, ay, az], [bx, by, bz], [ex, ey, ez]] = camera.rows;
  const [sx, sy, sz] = camera.shift;
  for (let i = sizes.N - 1; i >= 0; i--) {
    const n = order[i]!;
    const opacity = splats.opacity[n]! / UNIT_STEPS;
    const mx = means[3 * n]!;
    const my = means[3 * n + 1]!;
    const mz = means[3 * n + 2]!;
    const z = ex * mx + ey * my + ez * mz + sz;
    if (!(opacity > SPLATTING.MIN_ALPHA && z > SPLATTING.NEAR)) continue;
    const x = (ax * mx + ay * my + az * mz + sx) / z;
    const y = (bx * mx + by * my + bz * mz + sy) / z;
    let xx: number = SPLATTING.DILATION;
    let xy = 0;
    let yy: number = SPLATTING.DILATION;
    for (let k = 9 * n; k < 9 * n + 9; k += 3) {
      const [vx, vy, vz] = [axes[k]!, axes[k + 1]!, axes[k + 2]!];
      const along = ex * vx + ey * vy + ez * vz;
      const jx = (focal / z) * (ax * vx + ay * vy + az * vz - x * along);
      const jy = (focal / z) * (bx * vx + by * vy + bz * vz - y * along);
      xx += jx * jx;
      xy += jx * jy;
      yy += jy * jy;
    }
    const determinant = xx * yy - xy * xy;
    if (!(determinant > 0)) continue;
    const px = focal * x + cx - 0.5;
    const py = focal * y + cy - 0.5;
    const reach = Math.sqrt(2 * Math.log(opacity / SPLATTING.MIN_ALPHA));
    const high = Math.min(SIZE - 1, Math.floor(py + reach * Math.sqrt(yy)));
    const wide = Math.min(SIZE - 1, Math.floor(px + reach * Math.sqrt(xx)));
    const first = Math.max(0, Math.ceil(px - reach * Math.sqrt(xx)));
    let sum = 0;
    for (let row = Math.max(0, Math.ceil(py - reach * Math.sqrt(yy))); row <= high; row++)
      for (let column = first; column <= wide; column++) {
        const at = row * SIZE + column;
        const light = left[at]!;
        if (light < 1e-3) continue;
        const dx = column - px;
        const dy = row - py;
        const power = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant;
        const alpha = Math.min(opacity * Math.exp(-0.5 * power), SPLATTING.MAX_ALPHA);
        if (alpha < SPLATTING.MIN_ALPHA) continue;
        sum += alpha * light;
        left[at] = light * (1 - alpha);
      }
    sums[n]! += weight * sum;
  }
}
