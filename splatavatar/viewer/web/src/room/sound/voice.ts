// One's own voice, and those of the others.
import { stop } from '../../drive/devices';
import { sentence } from '../../errors';
import { element } from '../../ui/dom';
import { Listening } from '../../ui/exports';
import type { Room } from '../wire/room';
import { RATE, relaysSound, VoiceEncoder } from './encode';
import { openMicrophone } from './microphone';

/** The microphone's button, and everything that is heard. */
export class Voice {
  readonly button: HTMLButtonElement;
  private context: AudioContext | null = null;
  private encoder: VoiceEncoder | null = null;
  private microphone: MediaStream | null = null;
  private readonly listening = new Listening();
  private readonly heard = new Map<number, HTMLAudioElement>();
  private relays: boolean | null = null;
  private told = false;
  /** until the recording ends that is heard instead of the microphone */
  private playing: AbortController | null = null;
  /** whether one was muted before it */
  private before = true;
  private readonly closing = new AbortController();

  /** `say` is given one sentence about what cannot be heard. */
  constructor(
    private readonly room: Room,
    private readonly say: (text: string) => void,
  ) {
    this.button = element(
      'button',
      { type: 'button', class: 'microphone', 'aria-pressed': 'false', onclick: () => void this.toggle() },
      'Turn microphone on',
    );
    void relaysSound().then((is) => {
      this.relays ??= is;
      this.listen();
    });
  }

  /** Plays what somebody says from now on; null: they are gone. */
  hear(id: number, stream: MediaStream | null): void {
    let audio = this.heard.get(id);
    if (!stream) {
      if (audio) audio.srcObject = null;
      this.heard.delete(id);
      return;
    }
    audio ??= new Audio();
    this.heard.set(id, audio);
    audio.srcObject = stream;
    // The click on "Take a seat" allows it; where it does not, the next click does.
    audio.play().catch(() => document.addEventListener('click', () => void audio.play(), { once: true }));
  }

  /** Whether somebody is reached through the server alone. */
  relay(needed: boolean): void {
    if (this.encoder) this.encoder.wanted = needed && !this.room.muted;
    if (!needed || this.relays !== false || this.told) return;
    this.told = true;
    this.say(
      'This browser cannot send sound through the server (WebCodecs): who is not reached directly is not heard.',
    );
  }

  close(): void {
    this.closing.abort();
    this.playing?.abort();
    this.listening.close();
    for (const id of [...this.heard.keys()]) this.hear(id, null);
    if (this.microphone) stop(this.microphone);
    this.encoder?.close();
    void this.context?.close();
    this.context = null;
    this.relays = false;
  }

  /** Makes what voices from the server are heard through; it comes from a click. */
  private listen(): void {
    if (!this.relays || this.context) return;
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    const { context } = this;
    const { signal } = this.closing;
    void context.resume();
    // Where the click on "Take a seat" is not enough, the next one is; a call or a lock of the screen may interrupt it.
    for (const name of ['click', 'visibilitychange'])
      document.addEventListener(name, () => context.state === 'running' || void context.resume(), { signal });
    this.room.hearThrough(context);
  }

  /** Has the others hear a recording instead of the microphone, until it ends or is paused. */
  async play(audio: HTMLAudioElement): Promise<void> {
    const stream = this.listening.of(audio);
    if (!stream) return;
    // Of one recording after another, what was before the first comes back.
    if (this.playing) this.playing.abort();
    else this.before = this.room.muted;
    const playing = new AbortController();
    this.playing = playing;
    await this.speak(stream);
    if (playing.signal.aborted) return;
    this.mute(false);
    const over = () => {
      if (audio.paused || audio.error) this.over();
    };
    for (const name of ['ended', 'pause', 'error']) audio.addEventListener(name, over, { signal: playing.signal });
    if (audio.error) over();
  }

  /** The microphone is heard again, unless one was muted before the recording, or since. */
  private over(): void {
    this.playing?.abort();
    this.playing = null;
    const muted = this.before || this.room.muted;
    void this.speak(this.microphone);
    this.mute(muted);
  }

  private async toggle(): Promise<void> {
    this.button.disabled = true;
    try {
      if (this.microphone || this.playing) this.mute(!this.room.muted);
      else await this.open();
    } catch (error) {
      this.say(sentence(error));
    } finally {
      this.button.disabled = false;
    }
  }

  private async open(): Promise<void> {
    const microphone = await openMicrophone();
    // One may have left while the browser asked.
    if (this.closing.signal.aborted) {
      stop(microphone);
      return;
    }
    for (const track of microphone.getTracks()) track.addEventListener('ended', () => this.gone());
    this.microphone = microphone;
    await this.speak(microphone);
    this.mute(false);
  }

  private gone(): void {
    if (this.closing.signal.aborted) return;
    this.microphone = null;
    this.before = true;
    if (!this.playing) {
      void this.speak(null);
      this.mute(true);
    }
    this.say('The microphone was taken away.');
  }

  private mute(muted: boolean): void {
    this.room.mute(muted);
    this.button.textContent = muted ? (this.microphone || this.playing ? 'Unmute' : 'Turn microphone on') : 'Mute';
    this.button.setAttribute('aria-pressed', String(!this.room.muted));
  }

  /** Sends what this stream holds from now on. */
  private async speak(stream: MediaStream | null): Promise<void> {
    this.room.speak(stream?.getAudioTracks()[0] ?? null);
    if (!this.context) return;
    this.encoder ??= new VoiceEncoder(this.context, (milliseconds, packet) =>
      this.room.sendSound(milliseconds, packet),
    );
    await this.context.resume();
    await this.encoder.hear(stream);
  }
}
