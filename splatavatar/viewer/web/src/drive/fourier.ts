/** Power spectra of real signals whose length is a power of two: Cooley and Tukey's transform, in place. */
export class Fourier {
  private readonly real: Float64Array;
  private readonly imaginary: Float64Array;
  private readonly cosines: Float64Array;
  private readonly sines: Float64Array;

  constructor(private readonly size: number) {
    this.real = new Float64Array(size);
    this.imaginary = new Float64Array(size);
    const angle = (i: number) => (-2 * Math.PI * i) / size;
    this.cosines = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos(angle(i)));
    this.sines = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin(angle(i)));
  }

  /** (size / 2 + 1) squared magnitudes of `samples`, zeros after them. */
  power(samples: Float32Array): Float64Array {
    const { real, imaginary, size } = this;
    real.fill(0);
    imaginary.fill(0);
    const bits = Math.log2(size);
    for (let i = 0; i < samples.length; i++) {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
      real[reversed] = samples[i]!;
    }
    for (let half = 1; half < size; half *= 2) this.join(half);
    return Float64Array.from({ length: size / 2 + 1 }, (_, i) => real[i]! ** 2 + imaginary[i]! ** 2);
  }

  /** Joins transforms of `half` values by twos. */
  private join(half: number): void {
    const { real, imaginary, cosines, sines, size } = this;
    const stride = size / (2 * half);
    for (let start = 0; start < size; start += 2 * half)
      for (let k = 0; k < half; k++) {
        const [a, b] = [start + k, start + k + half];
        const [c, s] = [cosines[k * stride]!, sines[k * stride]!];
        const [x, y] = [real[b]! * c - imaginary[b]! * s, real[b]! * s + imaginary[b]! * c];
        real[b] = real[a]! - x;
        imaginary[b] = imaginary[a]! - y;
        real[a]! += x;
        imaginary[a]! += y;
      }
  }
}
