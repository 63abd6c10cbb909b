import { FARTHEST, NEAREST } from '../tables';

/** Where the avatar is seen from. */
export interface Camera {
  /** degrees around the head, to the subject's left */
  yaw: number;
  /** degrees, up */
  pitch: number;
  /** metres to the middle of the head; NaN until the avatar is there, unless one was said */
  distance: number;
  /** metres by which the middle of the view is moved, to the right of the picture and up */
  pan: [number, number];
}

/** The same camera, as a copy. Throws a TypeError for what is none. */
export function checkCamera({ yaw, pitch, distance, pan }: Camera): Camera {
  if (![yaw, pitch, ...pan].every(Number.isFinite) || Math.abs(pitch) > 89 || pan.length !== 2)
    throw new TypeError('A camera has yaw, pitch (-89 to 89), distance and pan (2), all of them finite numbers.');
  if (!Number.isNaN(distance) && !(distance >= NEAREST && distance <= FARTHEST))
    throw new TypeError(`The distance of a camera is from ${NEAREST} to ${FARTHEST} metres.`);
  return { yaw, pitch, distance, pan: [pan[0], pan[1]] };
}
