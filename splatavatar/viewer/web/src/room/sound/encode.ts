// A voice for those who are not reached directly: Opus packets by the browser's own encoder.

import captureAddress from './capture.worklet.ts?worker&url';
import { PieceClock } from './clock';

export const RATE = 48_000;
const VOICE = 24_000;

/** Without gaps where nobody speaks (DTX): one packet comes out for each piece that goes in. */
const ENCODING: AudioEncoderConfig = {
  codec: 'opus',
  sampleRate: RATE,
  numberOfChannels: 1,
  bitrate: VOICE,
  opus: { frameDuration: 20_000, useinbandfec: true, packetlossperc: 10 },
};

/** Whether the browser can send and hear sound through the server. */
export async function relaysSound(): Promise<boolean> {
  if (!globalThis.AudioEncoder || !globalThis.AudioDecoder || !globalThis.AudioWorkletNode) return false;
  try {
    return (await AudioEncoder.isConfigSupported(ENCODING)).supported === true;
  } catch {
    return false;
  }
}

/** Encodes a microphone; `packet` is given packets of 20 ms and the page's milliseconds at which each began. */
export class VoiceEncoder {
  /** nothing is encoded while nobody needs it */
  wanted = false;
  private readonly clock = new PieceClock();
  private begun: number[] = [];
  private loaded: Promise<void> | null = null;
  private encoder: AudioEncoder | null = null;
  private node: AudioWorkletNode | null = null;
  private source: MediaStreamAudioSourceNode | null = null;

  constructor(
    private readonly context: AudioContext,
    private readonly packet: (milliseconds: number, bytes: Uint8Array<ArrayBuffer>) => void,
  ) {}

  /** Encodes this stream from now on. */
  async hear(stream: MediaStream | null): Promise<void> {
    this.close();
    if (!stream) return;
    this.loaded ??= this.context.audioWorklet.addModule(captureAddress);
    await this.loaded;
    this.node = new AudioWorkletNode(this.context, 'capture', {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.node.port.onmessage = ({ data }) => this.take(data as Float32Array<ArrayBuffer>);
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.node);
  }

  close(): void {
    this.source?.disconnect();
    this.node?.port.close();
    if (this.encoder && this.encoder.state !== 'closed') this.encoder.close();
    this.source = this.node = this.encoder = null;
  }

  private take(piece: Float32Array<ArrayBuffer>): void {
    const began = this.clock.next(performance.now());
    if (!this.wanted) return;
    if (this.encoder?.state !== 'configured') {
      // When the pieces began that are being encoded: one comes out for each that went in.
      const begun: number[] = [];
      this.begun = begun;
      this.encoder = new AudioEncoder({
        output: (chunk) => {
          const bytes = new Uint8Array(chunk.byteLength);
          chunk.copyTo(bytes);
          this.packet(begun.shift() ?? began, bytes);
        },
        error: () => {
          this.encoder = null;
        },
      });
      this.encoder.configure(ENCODING);
    }
    const data = new AudioData({
      format: 'f32-planar',
      sampleRate: RATE,
      numberOfFrames: piece.length,
      numberOfChannels: 1,
      timestamp: Math.round(1000 * began),
      data: piece,
    });
    this.begun.push(began);
    this.encoder.encode(data);
    data.close();
  }
}
