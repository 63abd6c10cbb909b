// Looking around: mouse, touch and keys move the view.
import type { Framing } from '../file/avatar';
import type { Orbit } from '../splats/camera';
import { obeyKey, wheelFactor } from './view_moves';

const DEGREES_PER_PIXEL = 0.4;
const MAX_PITCH = 85;
/** by a key: degrees, and the share of the distance that is left */
const STEP = 5;
const NEARER = 0.9;
/** of the usual distance */
const NEAREST = 0.25;
const FARTHEST = 6;
/** metres */
export const FARTHEST_PAN = 1;

/** Moves an orbit about an avatar; `changed` is called after every move. */
export class OrbitControl {
  orbit: Orbit = { yaw: 0, pitch: 0, distance: 1, pan: [0, 0] };
  private start: Orbit = this.orbit;
  private frame: Framing | null = null;
  private readonly pointers = new Map<number, [number, number]>();

  constructor(
    private readonly surface: HTMLElement,
    private readonly changed: () => void,
  ) {}

  /** Obeys mouse, touch and keys on its surface, until `until` aborts. */
  listen(until?: AbortSignal): void {
    const { surface } = this;
    const listen = <K extends keyof HTMLElementEventMap>(name: K, act: (event: HTMLElementEventMap[K]) => void) =>
      surface.addEventListener(name, act, { passive: false, ...(until && { signal: until }) });
    listen('pointerdown', (event) => this.down(event));
    listen('pointermove', (event) => this.move(event));
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      listen(end, (event) => this.pointers.delete(event.pointerId));
    listen('wheel', (event) => {
      event.preventDefault();
      this.zoom(wheelFactor(event));
    });
    listen('dblclick', () => this.reset());
    listen('contextmenu', (event) => event.preventDefault());
    listen('keydown', (event) =>
      obeyKey(event, {
        turn: (right, up) => this.turn(STEP * right, STEP * up),
        approach: (steps) => this.zoom(NEARER ** steps),
        reset: () => this.reset(),
      }),
    );
  }

  /** Begins with an avatar; `reset` comes back to `start`. */
  begin(frame: Framing, start: Orbit): void {
    this.frame = frame;
    this.start = start;
    this.orbit = copy(start);
  }

  /** Looks from elsewhere. */
  place(orbit: Orbit): void {
    this.orbit = copy(orbit);
    this.changed();
  }

  /** The view that the page began with. */
  reset(): void {
    this.place(this.start);
  }

  /** The whole of what the bake frames, from the front. */
  frameFace(): void {
    if (!this.frame) return;
    this.place({ yaw: 0, pitch: 0, distance: this.frame.distance, pan: [0, 0] });
  }

  turn(yaw: number, pitch: number): void {
    this.orbit.yaw = ((this.orbit.yaw + yaw + 540) % 360) - 180;
    this.orbit.pitch = Math.min(Math.max(this.orbit.pitch + pitch, -MAX_PITCH), MAX_PITCH);
    this.changed();
  }

  zoom(factor: number): void {
    const usual = this.frame?.distance ?? 1;
    this.orbit.distance = Math.min(Math.max(this.orbit.distance * factor, NEAREST * usual), FARTHEST * usual);
    this.changed();
  }

  /** Moves the picture by pixels. */
  private pan(x: number, y: number): void {
    const height = 2 * this.orbit.distance * Math.tan((this.frame?.fovY ?? 0.4) / 2);
    const metres = height / Math.max(this.surface.clientHeight, 1);
    const held = (value: number) => Math.min(Math.max(value, -FARTHEST_PAN), FARTHEST_PAN);
    const [right, up] = this.orbit.pan;
    this.orbit.pan = [held(right - x * metres), held(up + y * metres)];
    this.changed();
  }

  private down(event: PointerEvent): void {
    this.surface.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  private move(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const [x, y] = [event.clientX - before[0], event.clientY - before[1]];
    if (this.pointers.size === 1) {
      if (event.shiftKey || event.buttons & 6) this.pan(x, y);
      else this.turn(-x * DEGREES_PER_PIXEL, y * DEGREES_PER_PIXEL);
    } else if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)![1];
      const apart = (px: number, py: number) => Math.max(Math.hypot(px - other[0], py - other[1]), 1);
      this.zoom(apart(before[0], before[1]) / apart(event.clientX, event.clientY));
      this.pan(x / 2, y / 2);
    }
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }
}

function copy(orbit: Orbit): Orbit {
  return { ...orbit, pan: [...orbit.pan] };
}
