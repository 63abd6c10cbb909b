// A head in a scene of three.js.
import { Object3D } from 'three';
import { LEVELS, LeveledAvatar } from '../detail/levels';
import type { PosedAvatar } from '../detail/posed_avatar';
import type { Avatar } from '../file/avatar';
import { neutral, type PoseParameters } from '../pose/parameters';
import { ExpressionLimit } from '../signal/limit';
import { retarget } from '../signal/retarget';
import type { FaceSignal } from '../signal/signal';
import { framing, type Vector } from '../splats/camera';
import { DEFAULT_LIMIT } from '../tables';

/** metres about the middle of what the bake frames that a head, with its shoulders, does not leave */
const RADIUS = 0.45;

/** An avatar as a thing of a scene: its matrix places the rig frame (+Y up, facing +Z, metres) in the scene.
 *
 * It is drawn by a `HeadRenderer`, with the face that was applied last.
 */
export class Head extends Object3D {
  /** the middle of a sphere, in the avatar's frame, that it does not leave */
  readonly middle: Vector;
  readonly radius = RADIUS;
  /** the face has moved since it was posed last */
  moved = true;
  private parameters: PoseParameters;
  private limiter: ExpressionLimit | null = null;
  private readonly levels: LeveledAvatar;
  private at: number;

  /** `level` of `LEVELS`, 0 the finest. */
  constructor(
    readonly avatar: Avatar,
    level = 0,
  ) {
    super();
    this.parameters = neutral(avatar.sizes);
    this.middle = framing(avatar).target;
    this.levels = new LeveledAvatar(avatar);
    this.at = level;
    this.limit = DEFAULT_LIMIT;
  }

  /** Standard deviations of the expression limit, null for none. */
  set limit(deviations: number | null) {
    const { calibration } = this.avatar;
    this.limiter = deviations === null || !calibration ? null : new ExpressionLimit(calibration, deviations);
  }

  /** Shows a face from the next picture on. */
  apply(signal: FaceSignal): void {
    this.parameters = retarget(signal, this.avatar, this.limiter);
    this.moved = true;
  }

  /** Which of `LEVELS`. */
  get level(): number {
    return this.at;
  }

  set level(level: number) {
    const held = Math.min(Math.max(level, 0), LEVELS.length - 1);
    if (held === this.at) return;
    this.at = held;
    this.moved = true;
  }

  /** What is drawn at the present level. */
  get detail(): PosedAvatar {
    return this.levels.at(this.at);
  }

  /** Whether it is a level of this head. */
  owns(detail: PosedAvatar): boolean {
    return this.levels.owns(detail);
  }

  /** Poses the present level where the face has moved; whether it did. */
  pose(): boolean {
    if (!this.moved) return false;
    this.detail.pose(this.parameters);
    this.moved = false;
    return true;
  }
}
