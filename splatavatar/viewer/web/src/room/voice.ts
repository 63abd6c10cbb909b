// One's own voice, and those of the others.
import { sentence } from '../errors';
import { element } from '../ui/dom';
import { openMicrophone } from './microphone';
import type { Room } from './room';
import { RATE, relaysSound, VoiceEncoder } from './sound/encode';

/** The microphone's button, and everything that is heard. */
export class Voice {
  readonly button: HTMLButtonElement;
  private context: AudioContext | null = null;
  private encoder: VoiceEncoder | null = null;
  private stream: MediaStream | null = null;
  private readonly heard = new Map<number, HTMLAudioElement>();
  private relays: boolean | null = null;
  private told = false;

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
      this.relays = is;
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
    for (const id of [...this.heard.keys()]) this.hear(id, null);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.encoder?.close();
    void this.context?.close();
    this.context = null;
  }

  /** Makes what voices from the server are heard through; it comes from a click. */
  private listen(): void {
    if (!this.relays || this.context) return;
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    void this.context.resume();
    this.room.hearThrough(this.context);
  }

  private async toggle(): Promise<void> {
    try {
      if (!this.stream) {
        this.button.disabled = true;
        this.stream = await openMicrophone();
        this.room.speak(this.stream.getAudioTracks()[0]!);
        if (this.context) {
          await this.context.resume();
          this.encoder = new VoiceEncoder(this.context, (milliseconds, packet) =>
            this.room.sendSound(milliseconds, packet),
          );
          await this.encoder.hear(this.stream);
        }
        this.room.mute(false);
      } else this.room.mute(!this.room.muted);
      this.button.textContent = this.room.muted ? 'Unmute' : 'Mute';
      this.button.setAttribute('aria-pressed', String(!this.room.muted));
    } catch (error) {
      this.say(sentence(error));
    } finally {
      this.button.disabled = false;
    }
  }
}
