// Colours as they are written, #rrggbb, and as pictures have them.
import type { Background } from '../splats/renderer';

type Colour = [number, number, number];

/** RGB in [0, 1] of what is behind the avatar in the page's theme. */
export function themeColour(): Colour {
  return fromHex(getComputedStyle(document.documentElement).getPropertyValue('--stage').trim() || '#16181c');
}

export function fromHex(text: string): Colour {
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16) / 255) as Colour;
}

export function hex(colour: Colour): string {
  return `#${colour
    .map((x) =>
      Math.round(x * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** RGB in [0, 1] of `rrggbb`, `rgb` or `r,g,b`, null for `transparent`; undefined for anything else. */
export function parseBackground(text: string): Background | undefined {
  if (text.toLowerCase() === 'transparent') return null;
  const digits = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i.exec(text)?.[1];
  if (digits) return fromHex(`#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`);
  const parts = text.split(',').map(Number);
  if (parts.length === 3 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255))
    return parts.map((part) => part / 255) as Colour;
  return undefined;
}
