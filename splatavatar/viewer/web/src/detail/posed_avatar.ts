// What the processor does for a picture of an avatar: pose, depths, order.
import type { Avatar } from '../file/avatar';
import type { PoseParameters } from '../pose/parameters';
import { PosedRig } from '../pose/rig';
import { Depths } from '../sort/depth';
import { DepthOrder } from '../sort/radix';
import { QUADS } from '../splats/quads';

export class PosedAvatar {
  readonly rig: PosedRig;
  readonly order: DepthOrder;
  private readonly depths: Depths;

  /** `turning`: whether its colours change with the direction that they are seen from. */
  constructor(
    readonly avatar: Avatar,
    readonly turning = true,
  ) {
    this.rig = new PosedRig(avatar);
    this.order = new DepthOrder(avatar.sizes.N, QUADS);
    this.depths = new Depths(avatar);
  }

  pose(parameters: PoseParameters): void {
    this.rig.pose(parameters);
  }

  /** The depth of every Gaussian along a view axis (3) with the shift that goes with it: the third row of
   * T_camera_world. */
  measure(axis: readonly number[], shift: number): void {
    this.depths.measure(this.rig, axis, shift);
  }

  /** By the depths that were measured last. */
  sort(): void {
    this.order.sort(this.depths.depth, this.depths.range);
  }
}
