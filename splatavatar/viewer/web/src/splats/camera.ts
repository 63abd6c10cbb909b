// Where the avatar is looked at from; `avatar/framing.py` and `render/camera.py` define it.
import type { Avatar, Framing } from '../file/avatar';
import { FOV_Y, HEAD_HEIGHT, MARGIN } from '../tables';

export type Vector = [number, number, number];

/** A pinhole camera with OpenCV axes: right, down, forward. */
export interface Camera {
  /** of T_camera_world, its rotation in rows */
  rows: [Vector, Vector, Vector];
  shift: Vector;
  eye: Vector;
  /** pixels */
  focal: number;
  width: number;
  height: number;
  cx: number;
  cy: number;
  /** of a picture that is not alone in its target */
  within?: Within;
}

/** A picture within a target that others draw into as well. */
export interface Within {
  /** pixels, where they are not as wide as they are high */
  focalY: number;
  /** lower left pixel of the picture */
  origin: [number, number];
  /** the depth buffer holds `depth[0] + depth[1] / z` at z metres, from -1 to 1 */
  depth: [number, number];
}

/** Where a view stands about the avatar: degrees, and metres from the middle of the head. */
export interface Orbit {
  yaw: number;
  pitch: number;
  distance: number;
  /** metres by which the middle of the view is moved, to the right of the picture and up */
  pan: [number, number];
}

/** What a picture frames: as the bake says, or else by the bounding box of the top of the template. */
export function framing(avatar: Avatar): Framing {
  if (avatar.framing) return avatar.framing;
  const { template } = avatar.rig;
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < template.length; i += 3) top = Math.max(top, template[i]!);
  const low: Vector = [Infinity, Infinity, Infinity];
  const high: Vector = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < template.length; i += 3) {
    if (!(template[i + 1]! > top - HEAD_HEIGHT)) continue;
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis]!, template[i + axis]!);
      high[axis] = Math.max(high[axis]!, template[i + axis]!);
    }
  }
  const distance = ((high[1] - low[1]) * MARGIN) / 2 / Math.tan(FOV_Y / 2);
  return {
    target: [0, 1, 2].map((axis) => (low[axis]! + high[axis]!) / 2) as Vector,
    distance: Math.max(distance, 1e-3) + (high[2] - low[2]) / 2,
    fovY: FOV_Y,
  };
}

/** The camera of an orbit around what is framed, for a picture of `width` x `height` pixels. */
export function orbitCamera(frame: Framing, orbit: Orbit, width: number, height: number): Camera {
  const yaw = (orbit.yaw * Math.PI) / 180;
  const pitch = (orbit.pitch * Math.PI) / 180;
  const away: Vector = [Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch)];
  const [right, up] = orbit.pan;
  // The right of the picture lies across the way to the eye and the vertical.
  const across: Vector = [Math.cos(yaw), 0, -Math.sin(yaw)];
  const target = frame.target.map((x, i) => x + right * across[i]! + (i === 1 ? up : 0)) as Vector;
  const eye = target.map((x, i) => x + orbit.distance * away[i]!) as Vector;
  return lookAt(eye, target, frame.fovY, width, height);
}

/** A camera at `eye` (metres) with `target` in the middle of the picture, +Y up, and a vertical field of view. */
export function lookAt(eye: Vector, target: Vector, fovY: number, width: number, height: number): Camera {
  const forward = unit(target.map((x, i) => x - eye[i]!) as Vector);
  const right = unit(cross(forward, [0, 1, 0]));
  const down = cross(forward, right);
  const rows: [Vector, Vector, Vector] = [right, down, forward];
  const shift = rows.map((row) => -(row[0] * eye[0] + row[1] * eye[1] + row[2] * eye[2])) as Vector;
  return { rows, shift, eye, focal: height / 2 / Math.tan(fovY / 2), width, height, cx: width / 2, cy: height / 2 };
}

function unit(v: Vector): Vector {
  const length = Math.hypot(...v);
  return v.map((x) => x / length) as Vector;
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
