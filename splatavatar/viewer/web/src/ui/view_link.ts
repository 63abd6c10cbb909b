import type { Orbit } from '../splats/camera';
import type { Background } from '../splats/renderer';
import { hex } from './colours';

/** What a deep link holds still. */
export interface Shown {
  orbit: Orbit;
  /** pixels */
  size: { width: number; height: number };
  background: Background;
  /** of the recording, null where none is played */
  frame: number | null;
}

/** The address of exactly this view on the page at `page`; fields that say nothing of the view stay. */
export function viewLink(page: URL | Location, { orbit, size, background, frame }: Shown): string {
  const query = new URLSearchParams(page.search);
  for (const name of ['yaw', 'pitch', 'distance'] as const) query.set(name, String(Number(orbit[name].toFixed(4))));
  query.set('size', `${size.width}x${size.height}`);
  query.set('background', background ? hex(background).slice(1) : 'transparent');
  if (frame !== null) query.set('frame', String(frame));
  return `${page.origin}${page.pathname}?${query}`;
}
