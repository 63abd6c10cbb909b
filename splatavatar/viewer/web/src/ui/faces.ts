// Faces that need no recording: the sliders' regions, and short movements made of a few coefficients.
import { INDEX } from '../signal/signal';
import { NAMES } from '../tables';

/** Regions of the face and what their coefficients' names begin with. */
const REGIONS: [string, RegExp][] = [
  ['Mouth', /^mouth/],
  ['Jaw and tongue', /^(jaw|tongue)/],
  ['Brows', /^brow/],
  ['Lids', /^eye(Blink|Squint|Wide)/],
  ['Gaze', /^eyeLook/],
  ['Cheeks and nose', /^(cheek|nose)/],
];

export interface Region {
  title: string;
  /** index of each coefficient, and what it is called here */
  sliders: { index: number; label: string }[];
}

/** The 52 coefficients by region. */
export function regions(): Region[] {
  return REGIONS.map(([title, pattern]) => ({
    title,
    sliders: NAMES.map((name, index) => ({ name, index }))
      .filter(({ name }) => pattern.test(name))
      .map(({ name, index }) => ({ index, label: labelOf(name) })),
  }));
}

/** `mouthSmileLeft` as `Smile, left`. */
function labelOf(name: string): string {
  const side = /(Left|Right)$/.exec(name)?.[0] ?? '';
  const bare = name.slice(0, name.length - side.length);
  const words = bare.replace(/([A-Z])/g, ' $1').split(' ');
  const kept = words.length > 1 && !/^(jaw|cheek|nose|tongue)/.test(bare) ? words.slice(1) : words;
  // jawLeft and mouthLeft are directions, not sides.
  if (side && kept.length === 1 && words.length === 1) return `${capital(kept[0]!)} to the ${side.toLowerCase()}`;
  const text = kept.join(' ').toLowerCase();
  return capital(side ? `${text}, ${side.toLowerCase()}` : text);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A movement: what it adds to the coefficients at `seconds` since its start; null once it is over. */
export type Movement = (seconds: number) => Record<string, number> | null;

export const MOVEMENTS: Record<string, Movement> = {
  Smile: (t) => {
    const s = rise(t / 0.4) * (1 - rise((t - 2.2) / 0.8));
    return t > 3 ? null : { mouthSmile: 0.8 * s, cheekSquint: 0.45 * s, eyeSquint: 0.25 * s, mouthDimple: 0.2 * s };
  },
  Talk: (t) => {
    if (t > 4) return null;
    const s = rise(t / 0.2) * (1 - rise((t - 3.6) / 0.4));
    const open = Math.max(0, Math.sin(9.5 * t) * 0.6 + Math.sin(15.7 * t + 1) * 0.4);
    const round = 0.5 + 0.5 * Math.sin(4.1 * t + 0.7);
    return {
      jawOpen: 0.42 * s * open,
      mouthFunnel: 0.35 * s * round * open,
      mouthPucker: 0.25 * s * round * (1 - open),
      mouthStretch: 0.25 * s * (1 - round) * open,
      mouthLowerDown: 0.3 * s * open,
      mouthUpperUp: 0.15 * s * open,
      browInnerUp: 0.15 * s * (0.5 + 0.5 * Math.sin(2.3 * t)),
    };
  },
  Blink: (t) => {
    const s = rise(t / 0.09) * (1 - rise((t - 0.14) / 0.16));
    return t > 0.4 ? null : { eyeBlink: s, browDown: 0.05 * s };
  },
};

/** Adds a movement to coefficients; names without a side mean both. */
export function add(arkit: Float32Array, movement: Record<string, number>): void {
  for (const [name, value] of Object.entries(movement))
    for (const full of INDEX.has(name) ? [name] : [`${name}Left`, `${name}Right`]) {
      const index = INDEX.get(full)!;
      arkit[index] = Math.min(1, arkit[index]! + value);
    }
}

function rise(x: number): number {
  const t = Math.min(Math.max(x, 0), 1);
  return t * t * (3 - 2 * t);
}
