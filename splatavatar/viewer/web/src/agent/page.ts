// Talking to an avatar: its picture, its voice, and the few buttons that this takes.
import { stop } from '../drive/devices';
import { sentence } from '../errors';
import { openMicrophone } from '../room/sound/microphone';
import { element } from '../ui/dom';
import { Status } from '../ui/status';
import type { Target } from './address';
import type { Connection, Listener } from './connections/connection';
import { ServiceConnection } from './connections/service';
import type { AgentEvent } from './events';
import { Sound } from './sound';
import { AgentStage, draws } from './stage';

/** What is said of events, by their type. */
const SAID: Record<string, string> = { started: 'Speaks', finished: 'Listens', interrupted: 'Interrupted' };

export class AgentPage {
  private readonly status = new Status();
  private readonly stage = new AgentStage((error) => this.status.say(sentence(error), true));
  private readonly title = element('h1', {}, 'Avatar');
  private readonly header = element('header', {}, this.title);
  private readonly happens = element('p', { class: 'happens', role: 'status', 'aria-live': 'polite' });
  private readonly sound: Sound;
  private readonly listen: HTMLButtonElement;
  private readonly microphone: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private connection: Connection | null = null;
  private heard: MediaStream | null = null;
  private closed = false;
  private label: HTMLElement | null = null;

  /** `failed` is told in one sentence why there is nothing to see any more. */
  constructor(private readonly failed: (why: string) => void) {
    const button = (text: string, name: string, act: () => void) =>
      element('button', { type: 'button', class: name, onclick: act }, text);
    this.listen = button('Turn sound on', 'listen', () => void this.sound.play());
    this.listen.hidden = true;
    this.microphone = button('Turn microphone on', 'microphone', () => void this.toggle());
    this.microphone.setAttribute('aria-pressed', 'false');
    this.stop = button('Interrupt', 'interrupt', () => this.connection?.interrupt?.());
    this.sound = new Sound(
      (is) => {
        this.listen.hidden = !is;
      },
      (milliseconds) => this.stage.step.follow(milliseconds),
    );
  }

  /** Connects and shows. Throws a PageError. */
  async start(target: Target): Promise<void> {
    this.connection = await connectionTo(target, this.listener());
    this.stop.hidden = this.connection.interrupt === null;
    // There is no panel beside the picture.
    document.body.classList.add('closed');
    document.body.append(
      this.stage.root,
      this.header,
      this.listen,
      element('nav', { class: 'bar', 'aria-label': 'Conversation' }, this.happens, this.microphone, this.stop),
      this.status.root,
    );
    addEventListener('pagehide', () => this.connection?.close());
    await this.connection.open(draws());
  }

  private listener(): Listener {
    const { dataset } = document.documentElement;
    return {
      avatar: async (content) => {
        this.say(await this.stage.show(content));
        const name = this.stage.avatar?.name || 'Avatar';
        this.title.textContent = name;
        document.title = `${name} - splatavatar`;
        dataset.shows = 'avatar';
      },
      face: (message) => this.stage.take(message),
      sound: (track, receiver) => this.sound.hear(track, receiver),
      video: (track) => {
        this.say(this.stage.play(track));
        dataset.shows = 'video';
      },
      event: (event) => this.tell(event),
      connected: (is) => {
        dataset.connection = is ? 'open' : 'lost';
        this.status.say(is ? '' : 'The connection is gone; the page looks for it.', !is);
      },
      ended: (why) => {
        this.close();
        this.failed(why);
      },
    };
  }

  /** Shows the label that says what is seen. */
  private say(label: HTMLElement): void {
    this.label?.remove();
    this.label = label;
    this.header.append(label);
  }

  private tell({ type, segment, text }: AgentEvent): void {
    const { dataset } = document.documentElement;
    dataset.event = type;
    if (segment !== null) dataset.segment = String(segment);
    const said = SAID[type];
    if (said) {
      this.happens.textContent = said;
      this.happens.dataset.kind = type;
    } else if (type === 'error' || type === 'failed')
      this.status.say(text || 'The server could not do what it was asked for.', true);
  }

  private async toggle(): Promise<void> {
    this.microphone.disabled = true;
    await this.status.trying(() => (this.heard ? this.hush() : this.speak()));
    this.microphone.disabled = false;
    this.showMicrophone();
  }

  private async speak(): Promise<void> {
    const heard = await openMicrophone();
    // The conversation may have ended while the browser asked.
    if (this.closed) {
      stop(heard);
      return;
    }
    this.heard = heard;
    for (const track of heard.getTracks())
      track.addEventListener('ended', () => {
        if (this.heard !== heard) return;
        void this.hush();
        this.showMicrophone();
        this.status.say('The microphone was taken away.', true);
      });
    await this.connection?.speak(heard.getAudioTracks()[0] ?? null);
  }

  private async hush(): Promise<void> {
    const { heard } = this;
    this.heard = null;
    if (heard) stop(heard);
    await this.connection?.speak(null);
  }

  private showMicrophone(): void {
    this.microphone.textContent = this.heard ? 'Turn microphone off' : 'Turn microphone on';
    this.microphone.setAttribute('aria-pressed', String(this.heard !== null));
  }

  private close(): void {
    this.closed = true;
    if (this.heard) stop(this.heard);
    this.sound.close();
    this.stage.close();
  }
}

/** What connects to `target`; the code of each way is loaded when it is gone. */
async function connectionTo(target: Target, listener: Listener): Promise<Connection> {
  if (target.kind === 'service') return new ServiceConnection(target, listener);
  if (target.kind === 'pipecat') {
    const { PipecatConnection } = await import('./connections/pipecat');
    return new PipecatConnection(target.offer, listener);
  }
  const [{ LiveKitConnection }, { livekitRoom }] = await Promise.all([
    import('./connections/livekit'),
    import('./connections/livekit_room'),
  ]);
  return new LiveKitConnection(await livekitRoom(), target.url, target.token, listener);
}
