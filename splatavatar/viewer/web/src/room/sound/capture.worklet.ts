// Runs in the thread of the sound: cuts what the microphone hears into pieces of 20 ms.
export const PIECE = 960;

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

class Capture extends AudioWorkletProcessor {
  private piece = new Float32Array(PIECE);
  private filled = 0;

  process([input]: Float32Array[][]): boolean {
    const samples = input?.[0];
    for (let from = 0; samples && from < samples.length; ) {
      const taken = Math.min(samples.length - from, PIECE - this.filled);
      this.piece.set(samples.subarray(from, from + taken), this.filled);
      this.filled += taken;
      from += taken;
      if (this.filled < PIECE) continue;
      this.port.postMessage(this.piece, [this.piece.buffer]);
      this.piece = new Float32Array(PIECE);
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor('capture', Capture);
