// The page: an avatar, what moves its face, and the controls.
import { PageError, sentence } from '../errors';
import { type Avatar, readAvatar } from '../file/avatar';
import { embedded } from '../file/embedded';
import { Follower, liveAddress } from '../live/follower';
import { kindOf, LARGEST_SIGNAL, readRecording } from '../recorded/read';
import { axisAngle } from '../signal/rotation';
import { COEFFICIENTS, type FaceSignal, restSignal } from '../signal/signal';
import type { Background } from '../splats/renderer';
import { DEFAULT_LIMIT, LARGEST_FILE } from '../tables';
import { element } from './dom';
import { Film, Listening, png, save } from './exports';
import { add, MOVEMENTS } from './faces';
import { fetchAvatar, fetchFile } from './fetching';
import { Figures } from './figures';
import type { Link } from './link';
import { OrbitControl } from './orbit';
import { type Actions, Panel } from './panel';
import { Player } from './player';
import { Transport } from './transport';
import { View } from './view';

/** of the screen's for every pixel of the page */
const MOST_PIXELS = 2;
/** width over height of a picture in which a head has room */
const LEAST_ASPECT = 0.8;

export class App implements Actions {
  private readonly canvas = element('canvas', { id: 'picture', role: 'img', tabindex: 0 });
  private readonly status = element('p', { class: 'status', role: 'status', 'aria-live': 'polite' });
  private readonly view: View;
  private readonly control: OrbitControl;
  private readonly player: Player;
  private readonly manual = new Float32Array(COEFFICIENTS);
  private readonly headDegrees: [number, number, number] = [0, 0, 0];
  private follower: Follower | null = null;
  /** the newest face of the driver that is followed */
  private live: FaceSignal | null = null;
  private movement: { name: string; since: number } | null = null;
  private panel: Panel | null = null;
  private transport: Transport | null = null;
  private figures: Figures | null = null;
  private filming: Film | null = null;
  private filmEnds = false;
  private readonly listening = new Listening();
  private take: string | null = null;
  private themed = false;
  private statusTimer = 0;

  constructor(private readonly link: Link) {
    document.querySelector('#loading')?.remove();
    document.body.append(this.canvas);
    document.documentElement.classList.toggle('bare', !link.ui);
    this.player = new Player(
      () => this.view.refresh(true),
      () => this.say('The browser plays no sound before a click: press Play again.'),
    );
    this.control = new OrbitControl(this.canvas, () => {
      this.view.refresh(true);
      this.describe();
    });
    this.view = new View(this.canvas, { face: (now) => this.face(now), orbit: () => this.control.orbit }, link.target);
    this.view.limit = link.limit;
    this.view.drawn = () => this.afterPicture();
  }

  /** Loads what the link names and draws it. */
  async start(): Promise<void> {
    const { link } = this;
    this.say('Loading the avatar');
    const inside = embedded('avatar');
    const buffer = inside
      ? inside.bytes.buffer
      : await fetchAvatar(link.avatar, (loaded, total) => {
          if (total) this.say(`Loading the avatar: ${Math.round((100 * loaded) / total)} %`);
        });
    this.show(await readAvatar(buffer));
    if (link.ui) this.build();
    else this.player.loop = true;
    if (link.background === undefined) {
      this.themed = true;
      matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => this.themeBackground());
    }
    this.view.background = link.background === undefined ? themeColour() : link.background;
    this.resize();
    if (!link.size) new ResizeObserver(() => this.resize()).observe(this.canvas);
    const live = link.signal ? liveAddress(link.signal, location.href) : null;
    if (live && link.frame !== null)
      throw new PageError('The link asks for a frame of a live signal, which has none that could be found again.');
    const spoken = embedded('signal');
    if (link.signal && !live) await this.playLinked(link.signal);
    else if (spoken && !live) await this.load(spoken.name, spoken.bytes);
    const sound = this.player.recording ? embedded('sound') : null;
    if (sound) this.player.loadSound(URL.createObjectURL(new Blob([sound.bytes], { type: sound.type })));
    this.view.draw();
    this.say('');
    if (live) this.follow(live);
    else if (sound) this.say('Press Play, or the space bar.');
    else if (this.player.recording && link.frame === null) this.player.play();
  }

  private async playLinked(url: string): Promise<void> {
    const bytes = new Uint8Array(await fetchFile(url, 'signal', LARGEST_SIGNAL));
    const name = url.startsWith('data:')
      ? 'signal'
      : decodeURIComponent(
          url
            .replace(/[?#].*$/, '')
            .split('/')
            .at(-1)!,
        );
    await this.load(name, bytes);
    if (this.link.sound) this.player.loadSound(new URL(this.link.sound, document.baseURI).href);
  }

  /** A recording, held at the frame of the link where it names one. */
  private async load(name: string, bytes: Uint8Array): Promise<void> {
    const recording = await readRecording(name, bytes, null, (note) => this.say(note));
    this.player.load(recording, name);
    const { frame } = this.link;
    const count = recording.time.length;
    if (frame !== null && frame >= count)
      throw new PageError(`The link asks for frame ${frame}; the signal has ${count} frames, counted from 0.`);
    if (frame !== null) this.player.seekFrame(frame);
  }

  /** Shows what a driver sends, from now on. */
  private follow(address: string): void {
    const { dataset } = document.documentElement;
    dataset.live = 'waiting';
    this.follower = new Follower(address, {
      face: (signal) => {
        this.live = signal;
        this.view.refresh(true);
      },
      connected: (is) => {
        if (!is && dataset.live === 'connected') this.say('The driver is gone; the page looks for it.', true);
        else if (is) this.say('');
        dataset.live = is ? 'connected' : 'waiting';
      },
      wrong: (message) => this.say(message, true),
    });
    if (this.figures) this.figures.follower = this.follower;
  }

  private leave(): void {
    this.follower?.close();
    this.follower = null;
    this.live = null;
    if (this.figures) this.figures.follower = null;
    delete document.documentElement.dataset.live;
  }

  private show(avatar: Avatar): void {
    this.view.show(avatar);
    const frame = this.view.stage!.frame;
    const { yaw, pitch, distance } = this.link;
    const { clientWidth, clientHeight } = this.canvas;
    // A narrow window shows the whole head, too; a link that names a size means exactly that picture.
    const narrow = this.link.size ? 1 : Math.max(1, (LEAST_ASPECT * clientHeight) / Math.max(clientWidth, 1));
    const usual = { ...frame, distance: frame.distance * narrow };
    this.control.begin(usual, { yaw, pitch, distance: distance ?? usual.distance, pan: [0, 0] });
    document.title = avatar.name ? `${avatar.name} - splatavatar` : 'splatavatar';
    this.describe();
  }

  private build(): void {
    const avatar = this.view.stage!.avatar;
    const limit = avatar.calibration ? this.view.limit !== null : null;
    const background = this.link.background === undefined ? themeColour() : this.link.background;
    this.panel = new Panel(this, background && hex(background), limit);
    this.transport = new Transport(this.player, () => this.view.refresh(true));
    this.figures = new Figures(this.panel.stats, this.view);
    const toggle = element(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-controls': 'controls',
        'aria-expanded': 'true',
        onclick: () => {
          const hidden = document.body.classList.toggle('closed');
          toggle.setAttribute('aria-expanded', String(!hidden));
        },
      },
      'Controls',
    );
    document.body.append(
      element('header', {}, element('h1', {}, avatar.name || 'Avatar'), toggle),
      this.panel.root,
      this.transport.root,
      this.status,
    );
    if (matchMedia('(max-width: 40rem)').matches) toggle.click();
    this.listenForFiles();
    document.addEventListener('keydown', (event) => {
      if (event.key !== ' ' || (event.target as Element).closest('button, input, summary, select')) return;
      event.preventDefault();
      this.transport!.toggle();
    });
  }

  private listenForFiles(): void {
    const over = (on: boolean) => document.body.classList.toggle('dropping', on);
    document.addEventListener('dragover', (event) => {
      event.preventDefault();
      over(true);
    });
    document.addEventListener('dragleave', (event) => {
      if (!event.relatedTarget) over(false);
    });
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      over(false);
      void this.open([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** The face of this moment: the recording where one is loaded, the sliders, and a movement on top. */
  private face(now: number): { signal: FaceSignal; moving: boolean } {
    const played = this.live ? { ...this.live } : this.player.now();
    const signal = played ?? restSignal();
    if (played) signal.arkit = signal.arkit.map((value, i) => Math.min(1, value + this.manual[i]!));
    else signal.arkit.set(this.manual);
    const [turn, nod, tilt] = this.headDegrees.map((angle) => (angle * Math.PI) / 180) as [number, number, number];
    if (turn || nod || tilt)
      signal.headRotation = signal.headRotation.map((x, i) => x + axisAngle(turn, nod, tilt)[i]!);
    const { movement } = this;
    if (movement) {
      const added = MOVEMENTS[movement.name]!((now - movement.since) / 1000);
      if (added) add(signal.arkit, added);
      else this.movement = null;
    }
    this.panel?.show(signal.arkit);
    return { signal, moving: this.movement !== null || this.player.playing };
  }

  private afterPicture(): void {
    this.transport?.update();
    this.figures?.tick();
    if (this.filming && this.filmEnds && !this.player.playing) void this.film();
  }

  set(index: number, value: number): void {
    this.manual[index] = value;
    this.view.refresh(true);
  }

  head(axis: number, degrees: number): void {
    this.headDegrees[axis] = degrees;
    this.view.refresh(true);
  }

  resetFace(): void {
    this.manual.fill(0);
    this.headDegrees.fill(0);
    this.movement = null;
    this.view.refresh();
  }

  move(name: string): void {
    this.movement = { name, since: performance.now() };
    this.view.refresh(true);
  }

  background(colour: string | null): void {
    this.themed = false;
    this.view.background = colour === null ? null : fromHex(colour);
    this.view.refresh();
  }

  limit(on: boolean): void {
    this.view.limit = on ? (this.link.limit ?? DEFAULT_LIMIT) : null;
    this.view.refresh();
  }

  frameFace(): void {
    this.control.frameFace();
  }

  turn(yaw: number, pitch: number): void {
    this.control.turn(yaw, pitch);
  }

  zoom(factor: number): void {
    this.control.zoom(factor);
  }

  /** Files that were dropped or chosen: an avatar, a recording, a sound, the take.json of a recording. */
  async open(files: File[]): Promise<void> {
    try {
      const sorted = await Promise.all(
        files.map(async (file) => ({
          file,
          kind: kindOf(file.name, new Uint8Array(await file.slice(0, 64).arrayBuffer())),
        })),
      );
      const of = (kind: string) => sorted.find((each) => each.kind === kind)?.file;
      const unknown = of('other');
      if (unknown)
        throw new PageError(
          `${unknown.name}: expected an avatar (.splatavatar), a face signal (.json, .csv, .npz) or a sound.`,
        );
      const [avatar, signal, sound, take] = ['avatar', 'signal', 'sound', 'take'].map(of);
      if (take) this.take = await take.text();
      if (avatar) {
        if (avatar.size > LARGEST_FILE) throw new PageError(`${avatar.name}: more than ${LARGEST_FILE >> 20} MB.`);
        this.show(await readAvatar(await avatar.arrayBuffer()));
        document.querySelector('h1')!.textContent = this.view.stage!.avatar.name || avatar.name;
        this.say(`${avatar.name} is loaded.`);
      }
      if (signal) {
        if (signal.size > LARGEST_SIGNAL) throw new PageError(`${signal.name}: more than ${LARGEST_SIGNAL >> 20} MB.`);
        let said = '';
        const bytes = new Uint8Array(await signal.arrayBuffer());
        const recording = await readRecording(signal.name, bytes, this.take, (note) => {
          said += ` ${note}`;
        });
        this.leave();
        this.player.load(recording, signal.name);
        this.say(
          `${signal.name}: ${recording.time.length} frames at ${Number(recording.fps.toFixed(2))} a second.${said}`,
        );
      }
      if (sound) {
        this.player.loadSound(URL.createObjectURL(sound));
        if (!this.player.recording) this.say(`${sound.name} is heard; add a face signal to see it spoken.`);
      }
      if (signal || sound) this.player.play();
      this.view.refresh();
    } catch (error) {
      this.say(sentence(error), true);
    }
  }

  async picture(): Promise<void> {
    try {
      this.view.draw();
      save(await png(this.canvas), 'avatar.png');
    } catch (error) {
      this.say(sentence(error), true);
    }
  }

  /** Starts a film, of a recording from its beginning to its end, or ends the one under way. */
  async film(): Promise<void> {
    try {
      const film = this.filming;
      if (film) {
        this.filming = null;
        this.panel?.filming(false);
        save(await film.stop(), `avatar.${film.suffix}`);
        this.say('The film is saved.');
        return;
      }
      this.filming = new Film(this.canvas, this.listening.of(this.player.audio));
      this.panel?.filming(true);
      this.filmEnds = this.player.recording !== null && !this.player.loop;
      if (this.filmEnds) {
        this.player.pause();
        this.player.seek(0);
        this.player.play();
      }
      this.say(this.filmEnds ? 'Recording until the signal ends.' : 'Recording until you press Stop film.');
    } catch (error) {
      this.say(sentence(error), true);
    }
  }

  /** Puts the address of exactly this view into the clipboard. */
  async copyLink(): Promise<void> {
    const { yaw, pitch, distance } = this.control.orbit;
    const { width, height } = this.canvas;
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries({ yaw, pitch, distance }))
      query.set(name, String(Number(value.toFixed(4))));
    query.set('size', `${width}x${height}`);
    const { background } = this.view;
    query.set('background', background ? hex(background).slice(1) : 'transparent');
    if (this.link.signal && !this.follower) query.set('frame', String(this.player.frame));
    const address = `${location.origin}${location.pathname}?${query}`;
    try {
      await navigator.clipboard.writeText(address);
      this.say('The link is in the clipboard.');
    } catch {
      this.say(address);
    }
  }

  private resize(): void {
    const { canvas, link } = this;
    const ratio = Math.min(devicePixelRatio || 1, MOST_PIXELS);
    if (link.size) {
      [canvas.width, canvas.height] = link.size;
      canvas.style.width = `${link.size[0] / (devicePixelRatio || 1)}px`;
      canvas.style.height = `${link.size[1] / (devicePixelRatio || 1)}px`;
      canvas.classList.add('fixed');
    } else {
      const { clientWidth, clientHeight } = canvas;
      const [width, height] = [Math.round(clientWidth * ratio) || 1, Math.round(clientHeight * ratio) || 1];
      if (canvas.width === width && canvas.height === height) return;
      canvas.width = width;
      canvas.height = height;
      this.view.refresh();
    }
  }

  private themeBackground(): void {
    if (!this.themed) return;
    this.view.background = themeColour();
    this.view.refresh();
  }

  private describe(): void {
    const name = this.view.stage?.avatar.name || 'Avatar';
    const { yaw, pitch } = this.control.orbit;
    const side =
      Math.abs(yaw) < 3
        ? 'from the front'
        : `${Math.abs(Math.round(yaw))} degrees from its ${yaw > 0 ? 'left' : 'right'}`;
    const height =
      Math.abs(pitch) < 3 ? '' : `, ${Math.abs(Math.round(pitch))} degrees from ${pitch > 0 ? 'above' : 'below'}`;
    this.canvas.setAttribute(
      'aria-label',
      `${name}, seen ${side}${height}. Arrow keys turn, plus and minus zoom, 0 resets, space plays.`,
    );
  }

  /** Tells whoever looks or listens, for a few seconds. */
  say(text: string, wrong = false): void {
    clearTimeout(this.statusTimer);
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.toggle('wrong', wrong);
    if (text) this.statusTimer = window.setTimeout(() => this.say(''), wrong ? 12_000 : 5_000);
  }
}

function themeColour(): Background {
  return fromHex(getComputedStyle(document.documentElement).getPropertyValue('--stage').trim() || '#16181c');
}

function fromHex(text: string): [number, number, number] {
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16) / 255) as [number, number, number];
}

function hex(colour: [number, number, number]): string {
  return `#${colour
    .map((x) =>
      Math.round(x * 255)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
