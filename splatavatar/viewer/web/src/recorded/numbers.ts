/** The middle of numbers, of an even count the mean of the two in the middle; NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  if (!sorted.length) return Number.NaN;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function differences(values: Float64Array): Float64Array {
  return Float64Array.from({ length: Math.max(values.length - 1, 0) }, (_, i) => values[i + 1]! - values[i]!);
}

/** A number to so many digits that matter, as `%g` writes it. */
export function short(value: number, digits = 6): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);
}

const NUMBER = /^[+-]?(?:(?:\d+(?:_\d+)*)?\.?\d+(?:_\d+)*|\d+(?:_\d+)*\.)(?:e[+-]?\d+)?$/i;

/** The number that a cell holds, null for anything else; infinite and NaN are numbers here. */
export function parseNumber(text: string): number | null {
  const plain = text.trim();
  if (NUMBER.test(plain)) return Number(plain.replaceAll('_', ''));
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(plain);
  if (!word) return null;
  return word[2]!.toLowerCase() === 'nan' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity;
}
