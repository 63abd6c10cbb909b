import type { Orbit } from '../splats/camera';

/** What the picture shows, in words: the avatar and from where it is seen. */
export function describe(name: string, { yaw, pitch }: Orbit): string {
  const side =
    Math.abs(yaw) < 3
      ? 'from the front'
      : `${Math.abs(Math.round(yaw))} degrees from its ${yaw > 0 ? 'left' : 'right'}`;
  const height =
    Math.abs(pitch) < 3 ? '' : `, ${Math.abs(Math.round(pitch))} degrees from ${pitch > 0 ? 'above' : 'below'}`;
  return `${name || 'Avatar'}, seen ${side}${height}`;
}
