// What hands add to a face: the sliders, the head's angles, and short movements.
import { axisAngle } from '../signal/rotation';
import { COEFFICIENTS, type FaceSignal, restSignal } from '../signal/signal';
import { add, MOVEMENTS } from './faces';

export class ByHand {
  private readonly coefficients = new Float32Array(COEFFICIENTS);
  private readonly degrees: [number, number, number] = [0, 0, 0];
  private movement: { name: string; since: number } | null = null;

  set(index: number, value: number): void {
    this.coefficients[index] = value;
  }

  /** Turns the head about an axis: 0 turn, 1 nod, 2 tilt. */
  head(axis: number, degrees: number): void {
    this.degrees[axis] = degrees;
  }

  /** Begins a movement of `MOVEMENTS`. */
  move(name: string): void {
    this.movement = { name, since: performance.now() };
  }

  reset(): void {
    this.coefficients.fill(0);
    this.degrees.fill(0);
    this.movement = null;
  }

  get moving(): boolean {
    return this.movement !== null;
  }

  /** The face of a source, or the one at rest, with what hands add at `now` (milliseconds). */
  over(played: FaceSignal | null, now: number): FaceSignal {
    const signal = played ? { ...played } : restSignal();
    signal.arkit = signal.arkit.map((value, i) => Math.min(1, value + this.coefficients[i]!));
    const [turn, nod, tilt] = this.degrees.map((angle) => (angle * Math.PI) / 180) as [number, number, number];
    if (turn || nod || tilt)
      signal.headRotation = signal.headRotation.map((x, i) => x + axisAngle(turn, nod, tilt)[i]!);
    const { movement } = this;
    if (movement) {
      const added = MOVEMENTS[movement.name]!((now - movement.since) / 1000);
      if (added) add(signal.arkit, added);
      else this.movement = null;
    }
    return signal;
  }
}
