// Looking around from one's seat: mouse, touch and keys turn the look.
import { axisAngle } from '../signal/rotation';
import type { FaceSignal } from '../signal/signal';

/** radians */
const PER_PIXEL = 0.004;
const STEP = 0.15;
const MOST_YAW = 1.6;
const MOST_PITCH = 0.4;
/** milliseconds in which a look that was asked for is half of the way there */
const HALF = 120;
/** radians by which a head turns at most for a look: the rest is left to eyes and imagination */
const MOST_TURN = 1;

export class LookControl {
  private yaw = 0;
  private pitch = 0;
  private wanted: number | null = null;
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
    surface.addEventListener('dblclick', () => this.turnTo(0));
    surface.addEventListener('keydown', (event) => this.key(event));
  }

  /** Turns to `yaw` radians left of the middle of the table, not at once. */
  turnTo(yaw: number): void {
    this.wanted = Math.min(Math.max(yaw, -MOST_YAW), MOST_YAW);
    this.pitch = 0;
    this.changed();
  }

  /** Yaw and pitch at `now`, radians to the left and up. */
  angles(now: number): [number, number] {
    const { wanted } = this;
    if (wanted !== null) {
      this.yaw += (wanted - this.yaw) * (1 - 2 ** (-Math.max(now - this.moved, 0) / HALF));
      if (Math.abs(wanted - this.yaw) < 1e-3) {
        this.yaw = wanted;
        this.wanted = null;
      }
      this.changed();
    }
    this.moved = now;
    return [this.yaw, this.pitch];
  }

  /** A face whose head is turned to where the person looks, so that all see whom they look at. */
  turned(face: FaceSignal): FaceSignal {
    const way = axisAngle(Math.min(Math.max(this.yaw, -MOST_TURN), MOST_TURN), -this.pitch, 0);
    return { ...face, headRotation: face.headRotation.map((angle, i) => angle + way[i]!) };
  }

  private turn(yaw: number, pitch: number): void {
    this.wanted = null;
    this.yaw = Math.min(Math.max(this.yaw + yaw, -MOST_YAW), MOST_YAW);
    this.pitch = Math.min(Math.max(this.pitch + pitch, -MOST_PITCH), MOST_PITCH);
    this.changed();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.turn(STEP, 0),
      ArrowRight: () => this.turn(-STEP, 0),
      ArrowUp: () => this.turn(0, STEP),
      ArrowDown: () => this.turn(0, -STEP),
      '0': () => this.turnTo(0),
      Home: () => this.turnTo(0),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
