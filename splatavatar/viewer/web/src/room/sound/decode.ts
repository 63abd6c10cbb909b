// The voice of one person that came through the server.
import { PacketSchedule } from './clock';
import { RATE } from './encode';

/** Plays packets; `heard` is told when the moment of a packet is heard, both in milliseconds: the sender's, the page's. */
export class VoiceDecoder {
  /** of the last packet: root mean square */
  level = 0;
  private readonly schedule = new PacketSchedule();
  private readonly decoder: AudioDecoder;

  constructor(
    private readonly context: AudioContext,
    private readonly heard: (time: number, now: number) => void,
  ) {
    this.decoder = new AudioDecoder({ output: (data) => this.play(data), error: () => {} });
    this.decoder.configure({ codec: 'opus', sampleRate: RATE, numberOfChannels: 1 });
  }

  get closed(): boolean {
    return this.decoder.state === 'closed';
  }

  take(milliseconds: number, packet: Uint8Array<ArrayBuffer>): void {
    if (this.closed) return;
    this.decoder.decode(
      new EncodedAudioChunk({ type: 'key', timestamp: Math.round(1000 * milliseconds), data: packet }),
    );
  }

  close(): void {
    if (this.decoder.state !== 'closed') this.decoder.close();
  }

  private play(data: AudioData): void {
    const { context } = this;
    const samples = new Float32Array(data.numberOfFrames);
    data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    const time = data.timestamp / 1000;
    data.close();
    let power = 0;
    for (const sample of samples) power += sample * sample;
    this.level = Math.sqrt(power / Math.max(samples.length, 1));
    const now = performance.now();
    const at = this.schedule.next(time, now);
    if (at === null || context.state !== 'running') return;
    const buffer = context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(context.currentTime + (at - now) / 1000);
    this.heard(time, at + 1000 * (context.outputLatency || context.baseLatency || 0));
  }
}
