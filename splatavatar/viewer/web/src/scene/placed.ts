// What a camera of three.js sees of a head: a camera of our own in the frame of the avatar.
import { type Camera as AnyCamera, Matrix4, Vector3, type Vector4 } from 'three';
import type { Camera, Vector } from '../splats/camera';

const toEye = new Matrix4();
const point = new Vector3();

/** Of a perspective camera that draws into `viewport` (pixels), for an avatar whose frame `placed` takes to the scene.
 *
 * Lengths are those of the scene: an avatar that is scaled has rows that are longer than one.
 */
export function cameraOf(camera: AnyCamera, viewport: Vector4, placed: Matrix4): Camera {
  const [width, height] = [viewport.z, viewport.w];
  const p = camera.projectionMatrix.elements;
  const m = toEye.multiplyMatrices(camera.matrixWorldInverse, placed).elements;
  // three.js looks along -Z with +Y up; OpenCV along +Z with +Y down.
  const row = (i: number, sign: number): Vector => [sign * m[i]!, sign * m[4 + i]!, sign * m[8 + i]!];
  const eye = point.setFromMatrixPosition(camera.matrixWorld).applyMatrix4(new Matrix4().copy(placed).invert());
  return {
    rows: [row(0, 1), row(1, -1), row(2, -1)],
    shift: [m[12]!, -m[13]!, -m[14]!],
    eye: [eye.x, eye.y, eye.z],
    focal: (p[0]! * width) / 2,
    width,
    height,
    cx: (width / 2) * (1 - p[8]!),
    cy: (height / 2) * (1 + p[9]!),
    within: {
      focalY: (p[5]! * height) / 2,
      origin: [viewport.x, viewport.y],
      depth: [-p[10]!, p[14]!],
    },
  };
}
