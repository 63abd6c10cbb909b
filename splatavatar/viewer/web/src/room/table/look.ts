// Looking around from one's seat: mouse, touch and keys turn the look.
import { axisAngle } from '../../signal/rotation';
import type { FaceSignal } from '../../signal/signal';
import { obeyKey, wheelFactor } from '../../ui/view_moves';
import type { Look } from './seats';

/** radians */
const PER_PIXEL = 0.004;
const MOST_YAW = 1.6;
const MOST_PITCH = 0.4;
/** by a key: radians, and how many times nearer */
const STEP = 0.15;
const NEARER = 1.15;
/** milliseconds in which a look that was asked for is half of the way there */
const HALF = 120;
/** how much nearer than with bare eyes, at most, and to look at somebody */
const MOST_ZOOM = 5;
const NEAR = 2.2;
/** radians by which a head turns at most for a look: the rest is left to eyes and imagination */
const MOST_TURN = 1;

export class LookControl {
  private yaw = 0;
  private pitch = 0;
  private zoom = 1;
  private wanted: [yaw: number, zoom: number] | null = null;
  private moved = 0;
  private pointer: number | null = null;

  /** `changed` is called when the look has turned. */
  constructor(
    surface: HTMLElement,
    private readonly changed: () => void,
  ) {
    surface.addEventListener('pointerdown', (event) => {
      surface.setPointerCapture(event.pointerId);
      this.pointer ??= event.pointerId;
    });
    surface.addEventListener('pointermove', (event) => {
      if (event.pointerId === this.pointer) this.turn(event.movementX * PER_PIXEL, event.movementY * PER_PIXEL);
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      surface.addEventListener(end, (event) => {
        if (event.pointerId === this.pointer) this.pointer = null;
      });
    surface.addEventListener('dblclick', () => this.reset());
    surface.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.nearer(1 / wheelFactor(event));
      },
      { passive: false },
    );
    surface.addEventListener('keydown', (event) =>
      obeyKey(event, {
        turn: (right, up) => this.turn(-STEP * right, STEP * up),
        approach: (steps) => this.nearer(NEARER ** steps),
        reset: () => this.reset(),
      }),
    );
  }

  /** Turns to somebody who sits `yaw` radians left of the middle of the table, not at once, and looks at them. */
  turnTo(yaw: number): void {
    this.aim(yaw, Math.max(this.zoom, NEAR));
  }

  /** The look at `now`. */
  at(now: number): Look {
    const { wanted } = this;
    if (wanted !== null) {
      const share = 1 - 2 ** (-Math.max(now - this.moved, 0) / HALF);
      this.yaw += (wanted[0] - this.yaw) * share;
      this.zoom += (wanted[1] - this.zoom) * share;
      if (Math.abs(wanted[0] - this.yaw) + Math.abs(wanted[1] - this.zoom) < 2e-3) {
        [this.yaw, this.zoom] = wanted;
        this.wanted = null;
      }
      this.changed();
    }
    this.moved = now;
    return { yaw: this.yaw, pitch: this.pitch, zoom: this.zoom };
  }

  /** A face whose head is turned to where the person looks, so that all see whom they look at. */
  turned(face: FaceSignal): FaceSignal {
    const way = axisAngle(Math.min(Math.max(this.yaw, -MOST_TURN), MOST_TURN), -this.pitch, 0);
    return { ...face, headRotation: face.headRotation.map((angle, i) => angle + way[i]!) };
  }

  private reset(): void {
    this.aim(0, 1);
  }

  private aim(yaw: number, zoom: number): void {
    this.wanted = [Math.min(Math.max(yaw, -MOST_YAW), MOST_YAW), zoom];
    this.pitch = 0;
    this.changed();
  }

  private nearer(factor: number): void {
    this.wanted = null;
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), MOST_ZOOM);
    this.changed();
  }

  private turn(yaw: number, pitch: number): void {
    this.wanted = null;
    this.yaw = Math.min(Math.max(this.yaw + yaw / this.zoom, -MOST_YAW), MOST_YAW);
    this.pitch = Math.min(Math.max(this.pitch + pitch / this.zoom, -MOST_PITCH), MOST_PITCH);
    this.changed();
  }
}
