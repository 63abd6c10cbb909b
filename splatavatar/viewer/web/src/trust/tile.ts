// The pattern of the watermark: a tile that repeats over the picture; `docs/watermark.md` defines it.

export const TILE = 128;
const LOWEST = 10;
const HIGHEST = 26;
const KEY = [0x53504c41, 0x54415641, 0x5441522d, 0x4d41524b];
const PEAK = 127;

/** A wave and the signs of its cosine and its sine. */
export type Wave = [u: number, v: number, cosine: number, sine: number];

/** The words of xoshiro128++ from the key on. */
export function words(): () => number {
  const s = Uint32Array.from(KEY);
  const turn = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  return () => {
    const result = (turn((s[0]! + s[3]!) | 0, 7) + s[0]!) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = turn(s[3]!, 11);
    return result;
  };
}

/** The waves with the signs that the key gives them, those that carry no bit first. */
export function waves(): Wave[] {
  const next = words();
  const all: Wave[] = [];
  for (let u = LOWEST; u <= HIGHEST; u++)
    for (let v = -HIGHEST; v <= HIGHEST; v++) if (Math.abs(v) >= LOWEST) all.push([u, v, 1, 1]);
  for (let i = all.length - 1; i > 0; i--) {
    const j = next() % (i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  for (const wave of all) {
    const word = next();
    wave[2] = word >>> 31 ? -1 : 1;
    wave[3] = (word >>> 30) & 1 ? -1 : 1;
  }
  return all;
}

/** (128, 128) from the upper left corner, of 432 coded bits. */
export function tileOf(coded: Uint8Array): Int8Array {
  const all = waves();
  const free = all.length - coded.length;
  const sums = new Int32Array(TILE * TILE);
  const cosine = Int32Array.from({ length: TILE }, (_, k) => Math.round(4096 * Math.cos((2 * Math.PI * k) / TILE)));
  const both = new Int32Array(TILE);
  for (const [w, [u, v, first, second]] of all.entries()) {
    const turned = (m: number) => (w < free || !coded[m % coded.length] ? 1 : -1);
    const signs = [first * turned(2 * (w - free)), second * turned(2 * (w - free) + 1)];
    for (let k = 0; k < TILE; k++) both[k] = signs[0]! * cosine[k]! + signs[1]! * cosine[(k + 96) & 127]!;
    for (let at = 0, y = 0; y < TILE; y++)
      for (let x = 0, k = v * y; x < TILE; x++, k += u) sums[at++]! += both[k & 127]!;
  }
  return Int8Array.from(sums, (s) => Math.min(Math.max((5 * s + 8192) >> 14, -PEAK), PEAK));
}
