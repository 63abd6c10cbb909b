import type { Orbit } from '../splats/camera';
import type { Background } from '../splats/renderer';
import { DEFAULT_LIMIT } from '../tables';
import { hex } from './colours';

/** What a deep link holds still. */
export interface Shown {
  orbit: Orbit;
  /** pixels */
  size: { width: number; height: number };
  background: Background;
  /** standard deviations of the expression limit, null for none */
  limit: number | null;
  /** of the recording that the page comes with, null where another one or none is shown */
  frame: number | null;
}

/** The address of exactly this view on the page at `page`; fields that say nothing of the view stay. */
export function viewLink(page: URL | Location, { orbit, size, background, limit, frame }: Shown): string {
  const query = new URLSearchParams(page.search);
  const short = (number: number) => String(Number(number.toFixed(4)));
  const set = (name: string, value: string | null) => (value === null ? query.delete(name) : query.set(name, value));
  for (const name of ['yaw', 'pitch', 'distance'] as const) set(name, short(orbit[name]));
  set('pan', orbit.pan.some((metres) => metres !== 0) ? orbit.pan.map(short).join() : null);
  query.set('size', `${size.width}x${size.height}`);
  query.set('background', background ? hex(background).slice(1) : 'transparent');
  set('limit', limit === null ? 'off' : limit === DEFAULT_LIMIT ? null : String(limit));
  set('frame', frame === null ? null : String(frame));
  return `${page.origin}${page.pathname}?${query}`;
}
