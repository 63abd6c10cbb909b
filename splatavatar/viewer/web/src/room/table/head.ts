// The head of somebody who sits at the table.
import { LeveledAvatar } from '../../detail/levels';
import type { PosedAvatar } from '../../detail/posed_avatar';
import type { Avatar } from '../../file/avatar';
import { ExpressionLimit } from '../../signal/limit';
import { retarget } from '../../signal/retarget';
import { type FaceSignal, restSignal } from '../../signal/signal';
import { type Camera, framing, type Vector } from '../../splats/camera';
import { SplatCloud } from '../../splats/cloud';
import type { Seen } from '../../splats/renderer';
import type { Place } from './seats';

export class SeatedHead {
  /** that it was drawn at last, null before there is a picture */
  level: number | null = null;
  readonly levels: LeveledAvatar;
  private readonly middle: Vector;
  private readonly limit: ExpressionLimit | null;
  private readonly clouds = new Map<PosedAvatar, SplatCloud>();
  private face: FaceSignal = restSignal();
  private moved = true;

  constructor(
    private gl: WebGL2RenderingContext,
    readonly avatar: Avatar,
  ) {
    this.levels = new LeveledAvatar(avatar);
    this.middle = framing(avatar).target;
    this.limit = avatar.calibration ? new ExpressionLimit(avatar.calibration) : null;
  }

  /** Shows a face from now on; whether that is another one than before. */
  show(face: FaceSignal): boolean {
    if (same(face, this.face)) return false;
    this.face = face;
    this.moved = true;
    return true;
  }

  /** Poses, sorts and hands over what `camera`, of the world, sees of the head at `place` at a level of detail. Throws a
   * PageError where the graphics cannot take it. */
  see(camera: Camera, place: Place, level: number): Seen {
    const posed = this.levels.at(level);
    if (this.moved || level !== this.level) {
      posed.pose(retarget(this.face, posed.avatar, this.limit));
      this.moved = false;
      this.level = level;
    }
    const own = fromPlace(camera, place, this.middle);
    posed.measure(own.rows[2], own.shift[2]);
    posed.sort();
    let cloud = this.clouds.get(posed);
    if (!cloud) {
      cloud = new SplatCloud(this.gl, posed.avatar, posed.turning);
      this.clouds.set(posed, cloud);
    }
    cloud.upload(posed.rig, posed.order.padded);
    return { cloud, camera: own };
  }

  /** After the graphics were lost. */
  restore(gl: WebGL2RenderingContext): void {
    this.gl = gl;
    this.clouds.clear();
  }

  close(): void {
    for (const cloud of this.clouds.values()) cloud.close();
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
