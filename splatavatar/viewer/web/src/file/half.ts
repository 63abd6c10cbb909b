// Numbers of 16 bits, F16.

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** The number that 16 bits of F16 stand for. */
export function halfToFloat(half: number): number {
  const exponent = half & 0x7c00;
  if (exponent === 0) return (half & 0x8000 ? -1 : 1) * (half & 1023) * 2 ** -24;
  if (exponent === 0x7c00)
    return half & 1023 ? Number.NaN : half & 0x8000 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // F32 has 112 more below its exponent, and 13 bits more in its mantissa.
  bits[0] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + 0x38000000);
  return float[0]!;
}

/** The 16 bits of F16 that are nearest to a number. */
export function floatToHalf(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.min(Math.abs(value), 65504);
  if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
  const exponent = Math.floor(Math.log2(size));
  // A mantissa that rounds up to 1024 carries into the exponent, as it should.
  return sign | (((exponent + 15) << 10) + Math.round((size / 2 ** exponent - 1) * 1024));
}
