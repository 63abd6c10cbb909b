// Colours as the page writes them, #rrggbb, and as pictures have them.
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
