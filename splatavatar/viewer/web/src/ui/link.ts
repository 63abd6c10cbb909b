// What the address of the page asks for.
import { PageError } from '../errors';
import type { Background } from '../splats/renderer';
import type { TargetKind } from '../splats/target';
import { DEFAULT_LIMIT, FARTHEST, NEAREST } from '../tables';
import { parseBackground } from './colours';
import { FARTHEST_PAN } from './orbit';

const LARGEST_SIDE = 8192;
const SELF_CHECK = 512;
const TARGETS: TargetKind[] = ['rgba16f', 'rgb10_a2', 'rgba8'];

/** A deep link, checked; null is what the link leaves to the page. */
export interface Link {
  avatar: string;
  signal: string | null;
  sound: string | null;
  frame: number | null;
  yaw: number;
  pitch: number;
  distance: number | null;
  /** metres by which the middle of the view is moved, to the right of the picture and up */
  pan: [number, number];
  size: [number, number] | null;
  background: Background | undefined;
  ui: boolean;
  /** the picture alone has the label that it is an avatar */
  label: boolean;
  /** pictures carry the watermark; where they do not the page says so */
  marks: boolean;
  /** standard deviations of the expression limit, null for none */
  limit: number | null;
  target: TargetKind | null;
  /** measure what pictures of so many pixels a side cost here, and show a code to report */
  selfCheck: number | null;
}

/** Reads the query of an address; `hasSignal` where the page has one inside. Throws a PageError for a value that makes no sense. */
export function readLink(query: string, hasSignal = false): Link {
  const given = new URLSearchParams(query);
  const number = (name: string, low: number, high: number): number | null => {
    const text = given.get(name);
    if (text === null || text === '') return null;
    const value = Number(text);
    if (!(value >= low && value <= high))
      throw new PageError(`The link asks for ${name}=${text.slice(0, 20)}; expected a number from ${low} to ${high}.`);
    return value;
  };
  const frame = number('frame', 0, 1e9);
  if (frame !== null && !given.get('signal') && !hasSignal)
    throw new PageError('The link asks for a frame without a signal; add signal=.');
  const target = given.get('target');
  if (target && !TARGETS.includes(target as TargetKind))
    throw new PageError(`The link asks for target=${target.slice(0, 20)}; expected ${TARGETS.join(', ')}.`);
  return {
    avatar: given.get('avatar') || 'avatar.splatavatar',
    signal: given.get('signal') || null,
    sound: given.get('sound') || null,
    frame: frame === null ? null : Math.floor(frame),
    yaw: number('yaw', -3600, 3600) ?? 0,
    pitch: number('pitch', -89, 89) ?? 0,
    distance: number('distance', NEAREST, FARTHEST),
    pan: readPan(given.get('pan')),
    size: readSize(given.get('size')),
    background: readBackground(given.get('background')),
    ui: given.get('ui') !== '0',
    label: given.get('label') === '1',
    marks: given.get('marks') !== '0',
    limit: given.get('limit') === 'off' ? null : (number('limit', 0, 1e6) ?? DEFAULT_LIMIT),
    target: (target as TargetKind) || null,
    selfCheck: given.has('selfcheck') ? (number('selfcheck', 16, 4096) ?? SELF_CHECK) : null,
  };
}

function readPan(text: string | null): [number, number] {
  if (!text) return [0, 0];
  const parts = text.split(',').map((part) => (part.trim() ? Number(part) : Number.NaN));
  if (parts.length !== 2 || !parts.every((part) => Math.abs(part) <= FARTHEST_PAN))
    throw new PageError(
      `The link asks for pan=${text.slice(0, 20)}; expected two numbers from -${FARTHEST_PAN} to ${FARTHEST_PAN}.`,
    );
  return parts as [number, number];
}

function readSize(text: string | null): [number, number] | null {
  if (!text) return null;
  const match = /^(\d{1,5})x(\d{1,5})$/i.exec(text);
  const sides = match ? [Number(match[1]), Number(match[2])] : [];
  if (!match || !sides.every((side) => side >= 1 && side <= LARGEST_SIDE))
    throw new PageError(
      `The link asks for size=${text.slice(0, 20)}; expected WIDTHxHEIGHT of up to ${LARGEST_SIDE} pixels.`,
    );
  return sides as [number, number];
}

/** Null for `transparent`, undefined where nothing is said. */
function readBackground(text: string | null): Background | undefined {
  if (!text) return undefined;
  const background = parseBackground(text);
  if (background === undefined)
    throw new PageError(`The link asks for background=${text.slice(0, 20)}; expected rrggbb or transparent.`);
  return background;
}
