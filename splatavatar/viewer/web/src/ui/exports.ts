// Pictures and films of what is seen, made in the browser.
import { PageError } from '../errors';

const KINDS = ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'];
const FPS = 30;
const BITS = 12e6;

/** The canvas as a PNG, with alpha where nothing is behind the avatar. */
export async function png(canvas: HTMLCanvasElement): Promise<Blob> {
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new PageError('The picture could not be written: the browser has too little memory.');
  return blob;
}

/** Films a canvas, and hears an audio element with it, until told to stop. */
export class Film {
  private readonly recorder: MediaRecorder;
  private readonly parts: Blob[] = [];
  private readonly done: Promise<void>;

  constructor(canvas: HTMLCanvasElement, sound: MediaStream | null) {
    const kind = KINDS.find((name) => globalThis.MediaRecorder?.isTypeSupported(name));
    if (!kind || !canvas.captureStream)
      throw new PageError('This browser cannot record films; use another one, or export a picture.');
    const stream = canvas.captureStream(FPS);
    for (const track of sound?.getAudioTracks() ?? []) stream.addTrack(track);
    this.recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: BITS });
    this.recorder.addEventListener('dataavailable', ({ data }) => this.parts.push(data));
    this.done = new Promise((resolve) => this.recorder.addEventListener('stop', () => resolve()));
    this.recorder.start(1000);
  }

  get suffix(): string {
    return this.recorder.mimeType.includes('mp4') ? 'mp4' : 'webm';
  }

  async stop(): Promise<Blob> {
    if (this.recorder.state !== 'inactive') this.recorder.stop();
    await this.done;
    // Else every later picture would go on being copied for the film.
    for (const track of this.recorder.stream.getVideoTracks()) track.stop();
    return new Blob(this.parts, { type: this.recorder.mimeType });
  }
}

/** The sound of an audio element as a stream that can be recorded; it is still heard. */
export class Listening {
  private context: AudioContext | null = null;
  private stream: MediaStream | null = null;

  of(audio: HTMLAudioElement): MediaStream | null {
    if (!audio.src || !globalThis.AudioContext) return null;
    if (!this.context) {
      this.context = new AudioContext();
      const source = this.context.createMediaElementSource(audio);
      const out = this.context.createMediaStreamDestination();
      source.connect(out);
      source.connect(this.context.destination);
      this.stream = out.stream;
    }
    void this.context.resume();
    return this.stream;
  }

  close(): void {
    void this.context?.close();
  }
}

/** Hands a file to whoever looks. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
