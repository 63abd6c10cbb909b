// <splat-avatar>: an avatar in a page of somebody else.
import { PageError, sentence } from '../errors';
import { readAvatar } from '../file/read_avatar';
import { restSignal } from '../signal/signal';
import { badge } from '../trust/badge';
import { told } from '../trust/told';
import { describe } from '../ui/description';
import { fetchAvatar } from '../ui/fetching';
import { backgroundOf, checkCorner, limitOf, startOf } from './attributes';
import { type Camera, checkCamera } from './camera';
import { Contexts } from './contexts';
import { type Coefficients, type Face, faceOf } from './face';
import { Picture } from './picture';
import { Promised } from './promised';
import { Properties } from './properties';
import { Signals } from './signals';
import { styleSheet } from './style';

/** The events of the element, beside those that every element has. */
export interface SplatAvatarEvents extends HTMLElementEventMap {
  /** The avatar of `src` is there, and drawn if the element is on the screen. */
  ready: Event;
  /** What went wrong, in one sentence: `message`. */
  error: ErrorEvent;
  /** The driver of `signal` is connected. */
  connected: Event;
  /** It is gone; the element looks for it by itself. */
  disconnected: Event;
}

/** Contexts of all elements together; the page may have some of its own. */
const contexts = new Contexts(8);

/** Shows an avatar and what moves its face. `define` gives it its tag. */
export class SplatAvatar extends Properties {
  static readonly observedAttributes: readonly string[] = [
    'src',
    'signal',
    'media',
    'loop',
    'background',
    'limit',
    'yaw',
    'pitch',
    'distance',
    'controls',
    'label',
    'no-label',
    'aria-label',
  ];

  private readonly internals = this.attachInternals();
  private readonly frame = document.createElement('div');
  private readonly message = document.createElement('p');
  /** says that this is an avatar */
  private shownLabel: HTMLElement | null = null;
  private readonly picture: Picture;
  private readonly signals: Signals;
  private readonly promised = new Promised();
  /** what is wrong, by the attribute that asked for it */
  private readonly troubles = new Map<string, string>();
  private clock: HTMLMediaElement | null = null;
  /** until the element leaves the page; null while it is not on one */
  private living: AbortController | null = null;
  private loading: AbortController | null = null;
  private loaded: string | null = null;
  private handling: AbortController | null = null;
  /** the camera that was set before there was an avatar */
  private asked: Partial<Camera> = {};

  constructor() {
    super();
    this.picture = new Picture(this.frame, this, contexts, {
      face: () => ({ signal: this.signals.now() ?? restSignal(), moving: this.signals.moving }),
      changed: () => this.describe(),
      failed: (error) => this.fail('src', error),
    });
    this.signals = new Signals({
      changed: () => this.picture.refresh(),
      connected: (is) => {
        this.forgive('signal');
        this.dispatchEvent(new Event(is ? 'connected' : 'disconnected'));
      },
      failed: (error) => this.fail('signal', error),
    });
    this.message.setAttribute('part', 'message');
    this.message.setAttribute('role', 'alert');
    this.frame.append(document.createElement('slot'));
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [styleSheet()];
    root.append(this.frame, this.message);
  }

  /** The audio or video element whose time the recording follows; the attribute names its id. */
  get media(): HTMLMediaElement | null {
    if (this.clock) return this.clock;
    const id = this.getAttribute('media');
    const named = id ? (this.getRootNode() as Document | ShadowRoot).getElementById(id) : null;
    return named instanceof HTMLMediaElement ? named : null;
  }

  set media(media: HTMLMediaElement | null) {
    this.clock = media;
    if (this.living) this.signals.recorded.media = this.media;
  }

  /** Where the avatar is seen from now. What is set leaves the rest as it is; a TypeError is thrown for what is no view. */
  get camera(): Camera {
    const { avatar, control } = this.picture;
    if (!avatar) return { yaw: 0, pitch: 0, distance: Number.NaN, pan: [0, 0], ...this.start(), ...this.asked };
    return { ...control.orbit, pan: [...control.orbit.pan] };
  }

  set camera(camera: Partial<Camera>) {
    const next = checkCamera({ ...this.camera, ...camera });
    if (this.picture.avatar) this.picture.control.place(next);
    else this.asked = { ...this.asked, ...camera };
  }

  /** Settled once the avatar of `src` is there, and drawn if the element is on the screen; rejected where it cannot be. */
  get ready(): Promise<void> {
    return this.promised.promise;
  }

  /** Shows a face until a newer one comes, from here or from a driver. Throws a TypeError for what is none. */
  apply(face: Coefficients | Face): void {
    this.signals.apply(faceOf(face));
  }

  /** Plays the recording, or the media that it follows. Rejected where the browser plays no sound without a click. */
  async play(): Promise<void> {
    await this.signals.resume();
  }

  pause(): void {
    this.signals.recorded.pause();
  }

  override addEventListener<K extends keyof SplatAvatarEvents>(
    type: K,
    listener: (this: SplatAvatar, event: SplatAvatarEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListener, options);
  }

  connectedCallback(): void {
    if (this.living) return;
    const living = new AbortController();
    this.living = living;
    this.upgrade(
      'src',
      'signal',
      'media',
      'background',
      'limit',
      'yaw',
      'pitch',
      'distance',
      'camera',
      'label',
      'noLabel',
    );
    const seeing = new IntersectionObserver((entries) => this.picture.see(entries.at(-1)!.isIntersecting));
    const sizing = new ResizeObserver(() => this.picture.resize());
    seeing.observe(this);
    sizing.observe(this.frame);
    living.signal.addEventListener('abort', () => {
      seeing.disconnect();
      sizing.disconnect();
    });
    this.picture.seen = true;
    for (const name of ['background', 'limit', 'loop', 'controls', 'label', 'no-label', 'src']) this.take(name);
    // What comes after the element in a page that is being read, media among it, is not there yet.
    void parsed().then(() => {
      if (this.living !== living) return;
      this.take('media');
      this.take('signal');
    });
  }

  disconnectedCallback(): void {
    // One that is moved to another place leaves the page and is there again at once.
    queueMicrotask(() => {
      if (!this.isConnected) this.end();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (this.living && before !== now) this.take(name);
  }

  /** Does what an attribute asks for. */
  private take(name: string): void {
    const { picture, signals } = this;
    this.forgive(name);
    try {
      if (name === 'src') void this.load();
      else if (name === 'signal') void signals.begin(this.signal);
      else if (name === 'media') this.takeMedia();
      else if (name === 'loop') signals.recorded.loop = this.loop;
      else if (name === 'background') picture.background = backgroundOf(this);
      else if (name === 'limit') picture.limit = limitOf(this);
      else if (name === 'controls') this.takeControls();
      else if (name === 'aria-label') this.describe();
      else if (name === 'label') checkCorner(this);
      else if (name === 'no-label') this.takeLabel();
      else picture.look(this.start());
    } catch (error) {
      this.fail(name, error);
    }
  }

  private takeMedia(): void {
    const { media } = this;
    const id = this.getAttribute('media');
    if (id && !media) throw new PageError(`There is no audio or video element with the id ${id.slice(0, 40)}.`);
    this.signals.recorded.media = media;
  }

  private takeControls(): void {
    this.handling?.abort();
    this.handling = null;
    if (!this.controls) return;
    this.handling = new AbortController();
    this.picture.control.listen(this.handling.signal);
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
  }

  /** Says that this is an avatar, unless the page does; what is wrong with it is always said. */
  private takeLabel(): void {
    this.shownLabel?.remove();
    this.shownLabel = null;
    const { avatar } = this.picture;
    if (!avatar || (this.noLabel && told(avatar).look !== 'wrong')) return;
    const label = badge(avatar);
    // The view is not turned by what happens on it.
    for (const name of ['pointerdown', 'dblclick', 'wheel', 'keydown', 'contextmenu'])
      label.addEventListener(name, (event) => event.stopPropagation());
    this.shadowRoot!.append(label);
    this.shownLabel = label;
  }

  /** Where the attributes say that the view begins. */
  private start(): Partial<Camera> {
    try {
      this.forgive('view');
      return startOf(this);
    } catch (error) {
      this.fail('view', error);
      return {};
    }
  }

  private async load(): Promise<void> {
    const { src, picture, promised } = this;
    if (src && src === this.loaded) {
      picture.retry();
      return;
    }
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    this.loaded = null;
    promised.renew();
    picture.clear();
    this.takeLabel();
    if (!src) return;
    try {
      const avatar = await readAvatar(await fetchAvatar(src, () => {}, loading.signal));
      if (loading.signal.aborted) return;
      picture.show(avatar, { ...this.start(), ...this.asked });
      this.takeLabel();
      this.asked = {};
      this.loaded = src;
      promised.keep();
      this.dispatchEvent(new Event('ready'));
    } catch (error) {
      if (loading.signal.aborted) return;
      picture.clear();
      promised.break(error);
      this.fail('src', error);
    }
  }

  /** Lets go of everything but the avatar itself: it may come back. */
  private end(): void {
    this.living?.abort();
    this.loading?.abort();
    this.handling?.abort();
    this.living = this.handling = null;
    this.signals.end();
    // Else a sound of the page that is there still would hold the element, and all of its avatar, in memory.
    this.signals.recorded.media = null;
    this.picture.close();
  }

  private fail(about: string, error: unknown): void {
    const text = sentence(error);
    this.troubles.set(about, text);
    this.describe();
    this.dispatchEvent(new ErrorEvent('error', { message: text, error }));
  }

  private forgive(about: string): void {
    if (this.troubles.delete(about)) this.describe();
  }

  /** Says what is seen, and what is wrong, to who looks and to who listens. */
  private describe(): void {
    const { picture, internals, message, frame, controls } = this;
    frame.classList.toggle('drawn', picture.drawn);
    const text = [...this.troubles.values()].join(' ');
    if (message.textContent !== text) message.textContent = text;
    const seen = picture.avatar ? describe(picture.avatar.name, picture.control.orbit) : null;
    const image = picture.drawn && !text;
    // What is inside of an image is not read out: neither the element nor what holds its label is one.
    frame.role = image ? 'img' : null;
    frame.ariaLabel =
      image && seen
        ? (this.ariaLabel ?? (controls ? `${seen}. Arrow keys turn, plus and minus zoom, 0 resets.` : seen))
        : null;
    internals.role = controls ? 'group' : null;
    internals.ariaLabel = controls ? (picture.avatar?.name ?? '') || 'Avatar' : null;
  }
}

/** Once the page is read to its end. */
async function parsed(): Promise<void> {
  if (document.readyState !== 'loading') return;
  await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }));
}
