// Speech in, coefficients out, as samples come; `drive/audio/model.py` defines it.
import { COEFFICIENTS } from '../signal/signal';
import { Features } from './audio_features';
import { AUDIO as A } from './tables';

/** The network: features (SIZE) and its memory to coefficients (52) and its memory. */
export type Network = (
  features: Float32Array,
  state: Float32Array,
) => Promise<{ coefficients: Float32Array; state: Float32Array }>;

/** Coefficients and the seconds from the first sample that they are for. */
export interface Spoken {
  time: number;
  arkit: Float32Array;
}

export class AudioToFace {
  private readonly features = new Features();
  private state: Float32Array = new Float32Array(A.STATE);
  private last: Float32Array = new Float32Array(COEFFICIENTS);
  private frames = 0;
  private outputs = 0;

  constructor(private readonly network: Network) {}

  /** What `samples` (mono, 16 kHz) completes, 60 a second; a call must be awaited before the next. */
  async push(samples: Float32Array): Promise<Spoken[]> {
    const spoken: Spoken[] = [];
    for (const features of this.features.push(samples)) {
      const { coefficients, state } = await this.network(features, this.state);
      this.state = state;
      const time = (this.frames * A.HOP + A.WINDOW) / A.RATE - A.DELAY;
      for (; this.outputs / A.FPS <= time + 1e-9; this.outputs++) {
        const share = Math.max(((time - this.outputs / A.FPS) * A.RATE) / A.HOP, 0);
        const { last } = this;
        const arkit = coefficients.map((now, i) => now + share * (last[i]! - now));
        spoken.push({ time: this.outputs / A.FPS, arkit });
      }
      this.last = coefficients;
      this.frames++;
    }
    return spoken;
  }
}
