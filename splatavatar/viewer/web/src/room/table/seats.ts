// Where people sit, in metres: a round table in the plane y = 0, its middle the origin, +Y up.

export interface Place {
  /** the middle of the head */
  x: number;
  y: number;
  z: number;
  /** radians about +Y by which somebody who faces +Z turns to face the middle of the table */
  turn: number;
}

/** of the middle of a head above the floor, of people who sit */
export const HEAD_HEIGHT = 1.2;
export const TABLE_HEIGHT = 0.74;
/** between the heads of neighbours, at least, and of two who sit across */
const APART = 0.7;
const ACROSS = 1.3;
/** from the middle of a head to the edge of the table */
const EDGE = 0.3;

/** From the middle of the table to the heads of `count` people. */
export function radius(count: number): number {
  return Math.max(ACROSS / 2, count > 2 ? APART / 2 / Math.sin(Math.PI / count) : 0);
}

export function tableRadius(count: number): number {
  return radius(count) - EDGE;
}

/** The places of all who are there, by their seats, evenly around the table. Everybody's page gives everybody the same
 * place: `seats` are those taken, and who sits between whom goes by their numbers. */
export function places(seats: readonly number[]): Map<number, Place> {
  const taken = [...new Set(seats)].sort((a, b) => a - b);
  const r = radius(taken.length);
  return new Map(
    taken.map((seat, index) => {
      const angle = (2 * Math.PI * index) / taken.length;
      const [x, z] = [r * Math.sin(angle), r * Math.cos(angle)];
      return [seat, { x, y: HEAD_HEIGHT, z, turn: Math.atan2(-x, -z) }];
    }),
  );
}

/** Where somebody looks from, and where to. */
export interface Outlook {
  eye: [number, number, number];
  target: [number, number, number];
  /** radians, of the height of the picture */
  fovY: number;
}

/** radians */
const WIDEST = 1.8;
const TALLEST = 1.5;
const NARROWEST = 0.5;
/** metres beyond the middle of a head that are to be seen, too */
const MARGIN = 0.16;
/** metres by which the camera stands behind the own head for each neighbour, and at most: neighbours come into the
 * picture by it, and the farther back it stood the more they would hide those beside them */
const BACK = 0.06;
const BEHIND = 0.3;
/** metres from which a head is seen well however small the table */
const LOW = 0.08;

/** How somebody looks: radians to the left of the middle of the table, and up; how much nearer than with bare eyes. */
export interface Look {
  yaw: number;
  pitch: number;
  zoom: number;
}

export const AHEAD: Look = { yaw: 0, pitch: 0, zoom: 1 };

/** What `own` sees of the heads of `others`, all of them if the picture is wide enough; `aspect` is width over height. */
export function outlook(own: Place, others: readonly Place[], aspect: number, look = AHEAD): Outlook {
  const forward: [number, number] = [Math.sin(own.turn), Math.cos(own.turn)];
  const right: [number, number] = [-forward[1], forward[0]];
  const back = Math.min(BACK * others.length, BEHIND);
  const eye: [number, number, number] = [own.x - back * forward[0], own.y + LOW, own.z - back * forward[1]];
  let widest = 0;
  for (const place of others) {
    const [dx, dz] = [place.x - eye[0], place.z - eye[2]];
    const ahead = dx * forward[0] + dz * forward[1];
    const aside = Math.abs(dx * right[0] + dz * right[1]) + MARGIN;
    widest = Math.max(widest, Math.atan2(aside, ahead));
  }
  const half = Math.min(widest, WIDEST / 2);
  const whole = Math.min(Math.max(2 * Math.atan(Math.tan(half) / aspect), NARROWEST), TALLEST);
  const fovY = 2 * Math.atan(Math.tan(whole / 2) / look.zoom);
  const angle = own.turn + look.yaw;
  // Whoever looks at nobody in particular sees the table, too.
  const down = look.pitch - 0.12 / look.zoom;
  return {
    eye,
    target: [
      eye[0] + Math.sin(angle) * Math.cos(down),
      eye[1] + Math.sin(down),
      eye[2] + Math.cos(angle) * Math.cos(down),
    ],
    fovY,
  };
}

/** Radians by which `own` turns to look at `place`: to the left. */
export function towards(eye: readonly [number, number, number], own: Place, place: Place): number {
  const angle = Math.atan2(place.x - eye[0], place.z - eye[2]) - own.turn;
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}
