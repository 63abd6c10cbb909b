// An avatar on a canvas: pose, order and picture of one frame, each of this very frame.
import { PosedAvatar } from '../detail/posed_avatar';
import type { Avatar, Framing } from '../file/avatar';
import type { PoseParameters } from '../pose/parameters';
import { type Camera, framing } from './camera';
import type { Background, Renderer } from './renderer';

export const STAGES = ['pose', 'depth', 'sort', 'upload', 'draw'] as const;
export type Stages = Record<(typeof STAGES)[number], number>;

export class Stage {
  readonly frame: Framing;
  /** milliseconds of the last picture */
  readonly milliseconds: Stages = { pose: 0, depth: 0, sort: 0, upload: 0, draw: 0 };
  /** bytes of the last picture that went to the graphics memory */
  uploaded = 0;
  private readonly posed: PosedAvatar;

  constructor(
    readonly avatar: Avatar,
    private readonly renderer: Renderer,
  ) {
    this.frame = framing(avatar);
    this.posed = new PosedAvatar(avatar);
    renderer.load(avatar);
  }

  draw(parameters: PoseParameters, camera: Camera, background: Background): void {
    let last = performance.now();
    const lap = (stage: keyof Stages) => {
      const now = performance.now();
      this.milliseconds[stage] = now - last;
      last = now;
    };
    this.posed.pose(parameters);
    lap('pose');
    this.posed.measure(camera.rows[2], camera.shift[2]);
    lap('depth');
    this.posed.sort();
    lap('sort');
    this.uploaded = this.renderer.upload(this.posed.rig, this.posed.order.padded);
    lap('upload');
    this.renderer.draw(camera, background);
    lap('draw');
  }
}
