// The Gaussians as a texture of four-word texels, mostly the bytes of the file as they are.
//
//   words of a Gaussian                                      low half                high half
//   0 1 2     vertices of its triangle
//   3         barycentric coordinates                         u                       v
//   4 5       position (halves), opacity                      x z                     y opacity
//   6 7       rotation, wxyz                                  w y                     x z
//   8 9       logarithms of the scale, share of SH            x z                     y share
//   10 11     colour (halves), share of the position's bytes  r b                     g share
//   12        share of the colour's bytes, SH                 share                   coefficient 8
//   13 14     SH, coefficients 0 to 7, a byte each
//   16...     correctives: for x y z r g b in turn, a byte for each of K in words of four
import type { Avatar } from '../file/avatar';

const FIXED = 16;
const CHANNELS = 6;

export interface Packed {
  data: Uint32Array;
  /** Gaussians of a row, a power of two */
  perRow: number;
  /** texels of a Gaussian */
  texels: number;
  /** words of a channel's correctives */
  words: number;
  width: number;
  height: number;
}

/** Rows of as many Gaussians as fit into `widest` texels, and not more than 256. */
export function packSplats({ sizes, rig, splats }: Avatar, widest: number): Packed {
  const { N, K } = sizes;
  const words = Math.ceil(K / 4);
  const texels = (FIXED + CHANNELS * words + 3) >> 2;
  let perRow = 256;
  while (perRow > 1 && perRow * texels > widest) perRow /= 2;
  const width = perRow * texels;
  const height = Math.ceil(N / perRow);
  const data = new Uint32Array(width * height * 4);
  const half = new Uint16Array(data.buffer);
  const bytes = new Uint8Array(data.buffer);
  const { face, barycentric, position, rotation, scale, opacity, colour, sh, shShare, correctives } = splats;
  for (let n = 0; n < N; n++) {
    const word = 4 * texels * n;
    const h = 2 * word;
    const b = 4 * word;
    for (let i = 0; i < 3; i++) {
      data[word + i] = rig.faces[3 * face[n]! + i]!;
      half[h + 8 + i] = position[3 * n + i]!;
      half[h + 16 + i] = scale[3 * n + i]!;
      half[h + 20 + i] = colour[3 * n + i]!;
    }
    half[h + 6] = barycentric[2 * n]!;
    half[h + 7] = barycentric[2 * n + 1]!;
    half[h + 11] = opacity[n]!;
    for (let i = 0; i < 4; i++) half[h + 12 + i] = rotation[4 * n + i]!;
    half[h + 19] = shShare[n]!;
    half[h + 23] = correctives.positionShare[n]!;
    half[h + 24] = correctives.colourShare[n]!;
    bytes[b + 50] = sh[9 * n + 8]!;
    for (let i = 0; i < 8; i++) bytes[b + 52 + i] = sh[9 * n + i]!;
    for (let channel = 0; channel < CHANNELS; channel++) {
      const values = channel < 3 ? correctives.position : correctives.colour;
      const at = b + 4 * (FIXED + channel * words);
      for (let k = 0; k < K; k++) bytes[at + k] = values[(k * N + n) * 3 + (channel % 3)]!;
    }
  }
  return { data, perRow, texels, words, width, height };
}
