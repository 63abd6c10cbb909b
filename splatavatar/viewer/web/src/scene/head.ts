// A head in a scene of three.js.
import { Object3D } from 'three';
import type { Avatar } from '../file/avatar';
import { neutral, type PoseParameters } from '../pose/parameters';
import { PosedRig } from '../pose/rig';
import { ExpressionLimit } from '../signal/limit';
import { retarget } from '../signal/retarget';
import type { FaceSignal } from '../signal/signal';
import { Depths } from '../sort/depth';
import { DepthOrder } from '../sort/radix';
import { framing, type Vector } from '../splats/camera';
import { QUADS } from '../splats/quads';
import { DEFAULT_LIMIT } from '../tables';
import { importance } from './importance';
import { LEVELS, type Level } from './levels';
import { largest, reduced } from './reduced';
import { atRest } from './rest';

/** metres about the middle of what the bake frames that a head, with its shoulders, does not leave */
const RADIUS = 0.45;

/** An avatar at one level of detail: what has to be computed for it in each frame. */
export class DetailedHead {
  readonly avatar: Avatar;
  readonly order: DepthOrder;
  readonly posed: PosedRig;
  private readonly depths: Depths;

  constructor(avatar: Avatar, weights: Float32Array, means: Float32Array, level: Level) {
    const all = avatar.sizes.N <= level.splats;
    this.avatar =
      all && level.turning ? avatar : reduced(avatar, largest(weights, level.splats), weights, means, !level.turning);
    this.order = new DepthOrder(this.avatar.sizes.N, QUADS);
    this.posed = new PosedRig(this.avatar);
    this.depths = new Depths(this.avatar);
  }

  pose(parameters: PoseParameters): void {
    this.posed.pose(parameters);
  }

  /** The depth of every Gaussian along an axis of the avatar's frame. */
  measure(axis: Vector, shift: number): void {
    this.depths.measure(this.posed, axis, shift);
  }

  sort(): void {
    this.order.sort(this.depths.depth);
  }
}

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
  private readonly weights: Float32Array;
  private readonly means: Float32Array;
  private readonly made = new Map<number, DetailedHead>();
  private at: number;

  /** `level` of `LEVELS`, 0 the finest. What is drawn first where there are fewer is found out here, which takes a while. */
  constructor(
    readonly avatar: Avatar,
    level = 0,
  ) {
    super();
    this.parameters = neutral(avatar.sizes);
    this.middle = framing(avatar).target;
    const rest = atRest(avatar);
    this.weights = importance(avatar, rest);
    this.means = rest.means;
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
  get detail(): DetailedHead {
    let detail = this.made.get(this.at);
    if (!detail) {
      detail = new DetailedHead(this.avatar, this.weights, this.means, LEVELS[this.at]!);
      this.made.set(this.at, detail);
    }
    return detail;
  }

  /** Whether it is a level of this head. */
  owns(detail: DetailedHead): boolean {
    return [...this.made.values()].includes(detail);
  }

  /** Poses the present level where the face has moved; whether it did. */
  pose(): boolean {
    if (!this.moved) return false;
    this.detail.pose(this.parameters);
    this.moved = false;
    return true;
  }
}
