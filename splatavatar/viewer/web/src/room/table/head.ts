// The head of somebody who sits at the table.
import type { Avatar } from '../../file/avatar';
import { PosedRig } from '../../pose/rig';
import { ExpressionLimit } from '../../signal/limit';
import { retarget } from '../../signal/retarget';
import { type FaceSignal, restSignal } from '../../signal/signal';
import { Depths } from '../../sort/depth';
import { DepthOrder } from '../../sort/radix';
import { type Camera, framing, type Vector } from '../../splats/camera';
import { SplatCloud } from '../../splats/cloud';
import { QUADS } from '../../splats/quads';
import type { Seen } from '../../splats/renderer';
import { growth, scattered } from '../../splats/scattered';
import type { Place } from './seats';

export class SeatedHead {
  /** with which it was drawn last */
  count = 0;
  private readonly avatar: Avatar;
  private readonly middle: Vector;
  private readonly posed: PosedRig;
  private readonly depths: Depths;
  private readonly order: DepthOrder;
  private readonly limit: ExpressionLimit | null;
  private cloud: SplatCloud;
  private face: FaceSignal = restSignal();
  private moved = true;

  constructor(gl: WebGL2RenderingContext, avatar: Avatar) {
    this.avatar = scattered(avatar);
    this.middle = framing(avatar).target;
    this.posed = new PosedRig(avatar);
    this.depths = new Depths(this.avatar);
    this.order = new DepthOrder(avatar.sizes.N, QUADS);
    this.limit = avatar.calibration ? new ExpressionLimit(avatar.calibration) : null;
    this.cloud = new SplatCloud(gl, this.avatar);
  }

  /** Gaussians that the avatar has. */
  get most(): number {
    return this.avatar.sizes.N;
  }

  /** Shows a face from now on; whether that is another one than before. */
  show(face: FaceSignal): boolean {
    if (same(face, this.face)) return false;
    this.face = face;
    this.moved = true;
    return true;
  }

  /** Poses, sorts and hands over what `camera`, of the world, sees of the head at `place` with `count` Gaussians. */
  see(camera: Camera, place: Place, count: number): Seen {
    if (this.moved) {
      this.posed.pose(retarget(this.face, this.avatar, this.limit));
      this.moved = false;
    }
    const own = fromPlace(camera, place, this.middle);
    this.depths.measure(this.posed, own.rows[2], own.shift[2], count);
    this.order.sort(this.depths.depth, count);
    this.cloud.upload(this.posed, this.order.padded, count);
    this.count = count;
    return { cloud: this.cloud, camera: own, count, growth: growth(count, this.most) };
  }

  /** After the graphics were lost. */
  restore(gl: WebGL2RenderingContext): void {
    this.cloud = new SplatCloud(gl, this.avatar);
  }

  close(): void {
    this.cloud.close();
  }
}

function same(a: FaceSignal, b: FaceSignal): boolean {
  const parts = ['arkit', 'headRotation', 'headTranslation', 'gaze'] as const;
  return a === b || parts.every((part) => a[part].every((value, i) => value === b[part][i]));
}

/** A camera of the world in the frame of an avatar whose point `middle` is at `place`, turned there about +Y. */
export function fromPlace(camera: Camera, place: Place, middle: Vector): Camera {
  const [c, s] = [Math.cos(place.turn), Math.sin(place.turn)];
  const turned = ([x, y, z]: Vector): Vector => [c * x + s * z, y, c * z - s * x];
  const back = ([x, y, z]: Vector): Vector => [c * x - s * z, y, s * x + c * z];
  const [mx, my, mz] = turned(middle);
  const origin: Vector = [place.x - mx, place.y - my, place.z - mz];
  return {
    ...camera,
    rows: camera.rows.map(back) as Camera['rows'],
    shift: camera.rows.map(
      (row, i) => row[0] * origin[0] + row[1] * origin[1] + row[2] * origin[2] + camera.shift[i]!,
    ) as Vector,
    eye: back([camera.eye[0] - origin[0], camera.eye[1] - origin[1], camera.eye[2] - origin[2]]),
  };
}
