// Log-mel features of speech, as samples come; `drive/audio/features.py` defines them.
import { Fourier } from './fourier';
import { AUDIO as A } from './tables';

const mel = (frequency: number): number => 2595 * Math.log10(1 + frequency / 700);

const EDGES = Array.from(
  { length: A.BANDS + 2 },
  (_, i) => mel(A.LOWEST) + ((mel(A.HIGHEST) - mel(A.LOWEST)) * i) / (A.BANDS + 1),
);
const BINS = Array.from({ length: A.FFT / 2 + 1 }, (_, i) => mel((i * A.RATE) / A.FFT));
/** (BANDS, bins) triangles, each summing to one */
const FILTERS = Array.from({ length: A.BANDS }, (_, band) => {
  const [low, middle, high] = [EDGES[band]!, EDGES[band + 1]!, EDGES[band + 2]!];
  const row = BINS.map((bin) => Math.max(Math.min((bin - low) / (middle - low), (high - bin) / (high - middle)), 0));
  const sum = row.reduce((total, value) => total + value, 0);
  return Float32Array.from(row, (value) => value / sum);
});
const HANN = Float32Array.from({ length: A.WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / A.WINDOW));
/** the mean spectrum of a voice relative to its level, before any was heard */
const TILT = Float32Array.from(EDGES.slice(1, -1), (edge) => {
  const centre = 700 * (10 ** (edge / 2595) - 1);
  return -12 - 20 * Math.log10(Math.max(centre / 500, 1));
});

/** Features of speech from a stream of samples. */
export class Features {
  private rest = new Float32Array(0);
  private readonly fourier = new Fourier(A.FFT);
  private readonly mean = TILT.slice();
  private level: number = A.LEVEL_START;
  private heard: number = A.PRIOR;
  private search: number = A.SEARCH;

  /** (SIZE) of each frame that `samples` (16 kHz, in [-1, 1]) completes. */
  push(samples: Float32Array): Float32Array[] {
    const all = new Float32Array(this.rest.length + samples.length);
    all.set(this.rest);
    all.set(samples, this.rest.length);
    const count = Math.max(Math.floor((all.length - A.WINDOW) / A.HOP) + 1, 0);
    this.rest = all.slice(count * A.HOP);
    return Array.from({ length: count }, (_, n) =>
      this.normalised(this.bands(all.subarray(n * A.HOP, n * A.HOP + A.WINDOW))),
    );
  }

  /** (BANDS) dB of full scale of the samples of one frame. */
  private bands(samples: Float32Array): Float32Array {
    const power = this.fourier.power(samples.map((sample, i) => sample * HANN[i]!));
    return Float32Array.from(FILTERS, (row) => {
      const sum = row.reduce((total, share, i) => total + share * power[i]!, 0);
      return 10 * Math.log10((sum * 16) / A.WINDOW ** 2 + A.FLOOR);
    });
  }

  /** Takes the level and the mean spectrum of the voice out of a frame. */
  private normalised(frame: Float32Array): Float32Array {
    const loudness = 10 * Math.log10(frame.reduce((sum, band) => sum + 10 ** (band / 10), 0) / A.BANDS);
    if (loudness > this.level) this.level += A.ATTACK * (loudness - this.level);
    else this.level = Math.max(this.level - A.DECAY - this.search, A.LEVEL_LOWEST);
    this.search *= Math.exp(-1 / A.SETTLE);
    const relative = frame.map((band) => Math.max(band - this.level, -A.RANGE));
    if (loudness > this.level - A.ACTIVE) {
      this.heard = Math.min(this.heard + 1, A.MEMORY);
      for (let i = 0; i < A.BANDS; i++) this.mean[i]! += (relative[i]! - this.mean[i]!) / this.heard;
    }
    const features = new Float32Array(A.BANDS + 1);
    for (let i = 0; i < A.BANDS; i++) features[i] = (relative[i]! - this.mean[i]!) / A.UNIT;
    features[A.BANDS] = Math.max(loudness - this.level, -A.RANGE) / A.UNIT;
    return features;
  }
}
