// Places a head by hand: one hand moves and turns it, two hands also make it larger or smaller.
import { type Object3D, type Quaternion, Vector3 } from 'three';

const SMALLEST = 0.2;
const LARGEST = 5;
/** about life size within which a head that is let go is made life size */
const NEAR_LIFE = 0.06;

interface Hand {
  position: Vector3;
  /** radians about +Y */
  yaw: number;
}

/** Radians about +Y of a rotation. */
export function yawOf({ x, y, z, w }: Quaternion): number {
  return 2 * Math.atan2(y, w) * (x * x + z * z < 1 - 1e-9 ? 1 : 0);
}

export class Placement {
  private readonly hands = new Map<number, Hand>();

  /** `thing` stays upright: it turns about +Y alone. */
  constructor(private readonly thing: Object3D) {}

  /** Whether a hand holds it. */
  holds(hand: number): boolean {
    return this.hands.has(hand);
  }

  grab(hand: number, position: Vector3, rotation: Quaternion): void {
    this.hands.set(hand, { position: position.clone(), yaw: yawOf(rotation) });
  }

  release(hand: number): void {
    this.hands.delete(hand);
    if (!this.hands.size && Math.abs(this.thing.scale.x - 1) < NEAR_LIFE) this.thing.scale.setScalar(1);
  }

  /** Follows all hands that hold it; `where` says where one is now, null where that is not known. */
  follow(where: (hand: number) => { position: Vector3; rotation: Quaternion } | null): void {
    const held = [...this.hands].flatMap(([number, before]) => {
      const now = where(number);
      return now ? [{ number, before, now: { position: now.position.clone(), yaw: yawOf(now.rotation) } }] : [];
    });
    const [one, other] = held;
    if (!one) return;
    if (other)
      this.carry(
        middle(one.before.position, other.before.position),
        middle(one.now.position, other.now.position),
        heading(one.now.position, other.now.position) - heading(one.before.position, other.before.position),
        apart(one.now.position, other.now.position) / apart(one.before.position, other.before.position),
      );
    else this.carry(one.before.position, one.now.position, one.now.yaw - one.before.yaw, 1);
    for (const { number, now } of held) this.hands.set(number, now);
  }

  /** Moves what is at `from` to `to`, and turns and scales about it. */
  private carry(from: Vector3, to: Vector3, turn: number, factor: number): void {
    const { thing } = this;
    const before = thing.scale.x;
    const scale = Math.min(Math.max(before * factor, SMALLEST), LARGEST);
    thing.position
      .sub(from)
      .applyAxisAngle(new Vector3(0, 1, 0), turn)
      .multiplyScalar(scale / before)
      .add(to);
    thing.rotation.y += turn;
    thing.scale.setScalar(scale);
  }
}

function middle(a: Vector3, b: Vector3): Vector3 {
  return a.clone().add(b).multiplyScalar(0.5);
}

function apart(a: Vector3, b: Vector3): number {
  return Math.max(a.distanceTo(b), 1e-3);
}

/** Radians about +Y of the way from one to the other. */
function heading(a: Vector3, b: Vector3): number {
  return Math.atan2(-(b.z - a.z), b.x - a.x);
}
