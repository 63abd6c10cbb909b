// How much of the picture of a face each Gaussian makes.
import type { Avatar } from '../file/avatar';
import { retarget } from '../signal/retarget';
import { restSignal } from '../signal/signal';
import { Depths } from '../sort/depth';
import { DepthOrder } from '../sort/radix';
import { type Camera, framing, orbitCamera } from '../splats/camera';
import { NAMES, SPLATTING, UNIT_STEPS } from '../tables';
import { type Laid, laid } from './laid';

/** pixels of a picture: by half as many of the front, what is kept of the face is worse by 0.5 dB */
const FINE = 256;
const COARSE = 128;
/** degrees around the head and up, how much each view counts, and how large it is */
const VIEWS = [
  [0, 0, 1, FINE],
  [-35, 0, 0.6, COARSE],
  [35, 0, 0.6, COARSE],
  [180, 20, 0.2, COARSE],
] as const;
/** How a face shows what it hides at rest: teeth, tongue and eyelids. Without it 20,000 are worse by 3 dB on the face. */
const OPEN = { jawOpen: 0.7, eyeBlinkLeft: 0.9, eyeBlinkRight: 0.9, mouthSmileLeft: 0.5, mouthSmileRight: 0.5 };

/** (N) the sum over pixels of alpha times what is left of the light there: of the face at rest, which lies as `rest` says,
 * from several sides, and of an open one. */
export function importance(avatar: Avatar, rest: Laid): Float32Array {
  const { N } = avatar.sizes;
  const sums = new Float32Array(N);
  const depths = new Depths(avatar);
  const order = new DepthOrder(N, 1);
  const frame = framing(avatar);
  const look = (shown: Laid, [yaw, pitch, weight, size]: (typeof VIEWS)[number]) => {
    const camera = orbitCamera(frame, { yaw, pitch, distance: frame.distance, pan: [0, 0] }, size, size);
    depths.measure(shown.posed, camera.rows[2], camera.shift[2]);
    const farthestFirst = order.sort(depths.depth, depths.range);
    blend(avatar, shown, camera, farthestFirst, weight * (FINE / size) ** 2, sums);
  };
  for (const view of VIEWS) look(rest, view);
  const face = restSignal();
  for (const [name, value] of Object.entries(OPEN)) face.arkit[NAMES.indexOf(name as (typeof NAMES)[number])] = value;
  look(laid(avatar, retarget(face, avatar, null)), VIEWS[0]);
  return sums;
}

/** Adds `weight` times what each Gaussian gives to a picture; `order` has the farthest first. */
function blend(
  { splats, sizes }: Avatar,
  { means, axes }: Laid,
  camera: Camera,
  order: Uint32Array,
  weight: number,
  sums: Float32Array,
): void {
  const left = new Float32Array(camera.width * camera.height).fill(1);
  const { focal, cx, cy, width, height } = camera;
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
      const vx = axes[k]!;
      const vy = axes[k + 1]!;
      const vz = axes[k + 2]!;
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
    const reach = 2 * Math.log(opacity / SPLATTING.MIN_ALPHA);
    const pxx = yy / determinant;
    const pxy = -xy / determinant;
    const pyy = xx / determinant;
    const far = Math.sqrt(reach * yy);
    const high = Math.min(height - 1, Math.floor(py + far));
    let sum = 0;
    for (let row = Math.max(0, Math.ceil(py - far)); row <= high; row++) {
      // Of the row, what lies within the ellipse at whose edge alpha is too little to see.
      const dy = row - py;
      const middle = px - (pxy / pxx) * dy;
      const half = Math.sqrt(Math.max(0, (reach - (dy * dy) / yy) / pxx));
      const wide = Math.min(width - 1, Math.floor(middle + half));
      for (let column = Math.max(0, Math.ceil(middle - half)); column <= wide; column++) {
        const at = row * width + column;
        const light = left[at]!;
        if (light < 1e-3) continue;
        const dx = column - px;
        const power = pxx * dx * dx + 2 * pxy * dx * dy + pyy * dy * dy;
        const alpha = Math.min(opacity * Math.exp(-0.5 * power), SPLATTING.MAX_ALPHA);
        sum += alpha * light;
        left[at] = light * (1 - alpha);
      }
    }
    sums[n]! += weight * sum;
  }
}
