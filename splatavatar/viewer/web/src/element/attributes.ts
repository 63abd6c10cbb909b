// What the attributes of the element mean.
import { PageError } from '../errors';
import type { Background } from '../splats/renderer';
import { DEFAULT_LIMIT, FARTHEST, NEAREST } from '../tables';
import { parseBackground } from '../ui/colours';
import type { Camera } from './camera';

/** Where the view begins, as far as the attributes say. Throws a PageError. */
export function startOf(host: Element): Partial<Camera> {
  const start: Partial<Camera> = {};
  for (const [name, low, high] of [
    ['yaw', -3600, 3600],
    ['pitch', -89, 89],
    ['distance', NEAREST, FARTHEST],
  ] as const) {
    const value = numberOf(host, name, low, high);
    if (value !== null) start[name] = value;
  }
  return start;
}

/** The number of an attribute, null where it is not there. Throws a PageError for what is none in this range. */
function numberOf(host: Element, name: string, low: number, high: number): number | null {
  const text = host.getAttribute(name);
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  if (value >= low && value <= high) return value;
  throw new PageError(`${said(name, text)}; expected a number from ${low} to ${high}.`);
}

/** What is behind the avatar: nothing, unless the attribute names a colour. Throws a PageError. */
export function backgroundOf(host: Element): Background {
  const text = host.getAttribute('background');
  if (!text) return null;
  const background = parseBackground(text);
  if (background === undefined) throw new PageError(`${said('background', text)}; expected #rrggbb or transparent.`);
  return background;
}

const CORNERS = ['bottom-left', 'bottom-right', 'top-left', 'top-right'];

/** Throws a PageError unless the attribute names a corner, or is not there. */
export function checkCorner(host: Element): void {
  const text = host.getAttribute('label');
  if (text !== null && !CORNERS.includes(text))
    throw new PageError(`${said('label', text)}; expected ${CORNERS.join(', ')}.`);
}

/** Standard deviations of the expression limit, null for `off`. Throws a PageError. */
export function limitOf(host: Element): number | null {
  if (host.getAttribute('limit') === 'off') return null;
  return numberOf(host, 'limit', 0, 1e6) ?? DEFAULT_LIMIT;
}

function said(name: string, text: string): string {
  return `The element says ${name}="${text.slice(0, 20)}"`;
}
