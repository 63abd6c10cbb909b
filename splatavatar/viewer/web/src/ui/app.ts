// The page: an avatar, what moves its face, and the controls.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import { hasEmbedded } from '../file/embedded';
import { liveAddress } from '../live/follower';
import type { FaceSignal, Recording } from '../signal/signal';
import { type FaceSource, Sources } from '../signal/source';
import { DEFAULT_LIMIT } from '../tables';
import { badge } from '../trust/badge';
import { HeadsetEntry } from '../xr/entry';
import { ByHand } from './by_hand';
import { fitCanvas, fixCanvas, roomyFraming } from './canvas_size';
import { fromHex, hex, themeColour } from './colours';
import { describe } from './description';
import { element } from './dom';
import { png, save } from './exports';
import { Figures } from './figures';
import { Files, listenForFiles } from './files';
import { Filming } from './filming';
import { Following } from './following';
import { Header } from './header';
import type { Link } from './link';
import { linkedAvatar, linkedRecording, linkedSound } from './linked';
import { OrbitControl } from './orbit';
import { OwnFaceButtons } from './own_face_buttons';
import { type Actions, Panel } from './panel';
import { Player } from './player';
import { Status } from './status';
import { Transport } from './transport';
import { View } from './view';
import { viewLink } from './view_link';

/** What there is beside the picture, unless the link asks for the picture alone. */
interface Controls {
  header: Header;
  panel: Panel;
  transport: Transport;
  figures: Figures;
  filming: Filming;
}

const UNMARKED = 'Without watermark: pictures of this page do not say what they are.';

export class App implements Actions {
  private readonly canvas = element('canvas', { id: 'picture', role: 'img', tabindex: 0 });
  private readonly status = new Status();
  private readonly view: View;
  private readonly control: OrbitControl;
  private readonly player: Player;
  private readonly sources: Sources;
  private readonly hands = new ByHand();
  private readonly files = new Files();
  private controls: Controls | null = null;
  /** the recording that the page comes with */
  private own: Recording | null = null;
  /** the background goes with the page's theme */
  private themed = false;

  constructor(private readonly link: Link) {
    document.querySelector('#loading')?.remove();
    document.body.append(this.canvas);
    document.documentElement.classList.toggle('bare', !link.ui);
    if (!link.marks) document.body.append(element('p', { class: 'unmarked', role: 'note' }, UNMARKED));
    this.player = new Player(this.moved, (why) => this.status.say(why, true));
    this.sources = new Sources(this.player);
    this.control = new OrbitControl(this.canvas, () => {
      this.moved();
      this.describe();
    });
    this.control.listen();
    this.view = new View(
      this.canvas,
      { face: (now) => this.face(now), orbit: () => this.control.orbit },
      link.target,
      link.marks,
    );
    this.view.limit = link.limit;
    this.view.drawn = () => this.afterPicture();
  }

  /** Loads what the link names and draws it. */
  async start(): Promise<void> {
    const { link, status } = this;
    const say = (text: string) => status.say(text);
    this.show(await linkedAvatar(link, say));
    if (link.ui) this.build();
    else this.player.loop = true;
    if (!link.ui && link.label) document.body.append(badge(this.view.stage!.avatar));
    this.beginBackground();
    this.beginSize();
    const live = link.signal ? liveAddress(link.signal, location.href) : null;
    if (live && link.frame !== null)
      throw new PageError('The link asks for a frame of a live signal, which has none that could be found again.');
    const linked = live ? null : await linkedRecording(link, say);
    if (linked) this.player.load(linked.recording, linked.name);
    this.own = this.player.recording;
    const sound = linked ? linkedSound(link) : null;
    if (sound) this.player.loadSound(sound.url);
    if (link.frame !== null) this.player.seekFrame(link.frame);
    this.view.draw();
    say('');
    if (link.selfCheck !== null && !hasEmbedded('avatar')) {
      const { selfCheck } = await import('../xr/selfcheck');
      await selfCheck(this.view.stage!.avatar, link.selfCheck);
    }
    if (live) this.begin(new Following(live, status, this.moved));
    else if (sound?.inside) say('Press Play, or the space bar.');
    else if (linked && link.frame === null) this.player.play();
  }

  /** Shows the face of another source from now on; null: of the recording, if there is one. */
  begin(source: FaceSource | null): void {
    this.sources.begin(source);
    this.view.refresh();
  }

  /** Shows the recording again where `source` was shown. */
  end(source: FaceSource): void {
    this.sources.end(source);
    this.view.refresh();
  }

  /** Something moved: asks for a picture. */
  private readonly moved = (): void => this.view.refresh(true);

  private show(avatar: Avatar): void {
    this.view.show(avatar);
    const { frame } = this.view.stage!;
    const { yaw, pitch, distance, pan, size } = this.link;
    // A link that names a size means exactly that picture.
    const usual = size ? frame : roomyFraming(frame, this.canvas);
    this.control.begin(usual, { yaw, pitch, distance: distance ?? usual.distance, pan });
    document.title = avatar.name ? `${avatar.name} - splatavatar` : 'splatavatar';
    this.describe();
  }

  private build(): void {
    const { view, player, status } = this;
    const avatar = view.stage!.avatar;
    const background = this.link.background === undefined ? themeColour() : this.link.background;
    const panel = new Panel(this, background && hex(background), avatar.calibration ? view.limit !== null : null);
    const controls = {
      header: new Header(avatar.name || 'Avatar', badge(avatar)),
      panel,
      transport: new Transport(player, this.moved),
      figures: new Figures(panel.stats, view, () => this.received()),
      filming: new Filming(this.canvas, player, panel, status),
    };
    // A page that is one file has no server that could give it networks.
    if (!hasEmbedded('avatar')) {
      const stage = { begin: (s: FaceSource) => this.begin(s), end: (s: FaceSource) => this.end(s), moved: this.moved };
      panel.add(new OwnFaceButtons(stage, status).root);
    }
    const { header, transport } = controls;
    // A page that is one file has no other to load.
    if (!hasEmbedded('avatar')) header.before(this.headset().root);
    document.body.append(header.root, panel.root, transport.root, status.root);
    header.hideWhereNarrow();
    listenForFiles((files) => this.open(files));
    document.addEventListener('keydown', (event) => {
      if (event.key !== ' ' || (event.target as Element).closest('button, input, summary, select')) return;
      event.preventDefault();
      transport.toggle();
    });
    this.controls = controls;
  }

  private headset(): HeadsetEntry {
    const { view, link, status } = this;
    return new HeadsetEntry({
      avatar: () => view.stage!.avatar,
      face: (now) => this.hands.over(this.sources.now(), now),
      limit: () => view.limit,
      presenting: (is) => view.pause(is),
      wrong: (error) => void status.trying(() => Promise.reject(error)),
      selfCheck: link.selfCheck !== null,
    });
  }

  private beginBackground(): void {
    const { background } = this.link;
    this.view.background = background === undefined ? themeColour() : background;
    if (background !== undefined) return;
    this.themed = true;
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
      if (!this.themed) return;
      this.view.background = themeColour();
      this.view.refresh();
    });
  }

  private beginSize(): void {
    const { canvas, link } = this;
    if (link.size) {
      fixCanvas(canvas, link.size);
      return;
    }
    fitCanvas(canvas);
    new ResizeObserver(() => {
      if (fitCanvas(canvas)) this.view.refresh();
    }).observe(canvas);
  }

  /** The face of this moment, and whether it moves on by itself. */
  private face(now: number): { signal: FaceSignal; moving: boolean } {
    const signal = this.hands.over(this.sources.now(), now);
    this.controls?.panel.show(signal.arkit);
    return { signal, moving: this.hands.moving || this.sources.moving };
  }

  private afterPicture(): void {
    this.controls?.transport.update();
    this.controls?.figures.tick();
    this.controls?.filming.tick();
  }

  /** Bytes that came from a driver so far; null where none is followed. */
  private received(): number | null {
    const { current } = this.sources;
    return current instanceof Following ? current.bytes : null;
  }

  private describe(): void {
    const seen = describe(this.view.stage?.avatar.name ?? '', this.control.orbit);
    this.canvas.setAttribute('aria-label', `${seen}. Arrow keys turn, plus and minus zoom, 0 resets, space plays.`);
  }

  set(index: number, value: number): void {
    this.hands.set(index, value);
    this.moved();
  }

  head(axis: number, degrees: number): void {
    this.hands.head(axis, degrees);
    this.moved();
  }

  resetFace(): void {
    this.hands.reset();
    this.view.refresh();
  }

  move(name: string): void {
    this.hands.move(name);
    this.moved();
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

  /** Shows, plays and hears files that were dropped or chosen. */
  open(files: File[]): void {
    void this.status.trying(async () => {
      const { status, player } = this;
      const { avatar, recording, sound, names, notes } = await this.files.read(files);
      if (avatar) {
        this.show(avatar);
        if (this.controls) {
          this.controls.header.name = avatar.name || names.avatar!;
          this.controls.header.trust = badge(avatar);
        }
        status.say(`${names.avatar} is loaded.`);
      }
      if (recording) {
        this.begin(null);
        player.load(recording, names.signal!);
        const rate = Number(recording.fps.toFixed(2));
        status.say(`${names.signal}: ${recording.time.length} frames at ${rate} a second.${notes}`);
      }
      if (sound) {
        player.loadSound(sound);
        if (!player.recording) status.say(`${names.sound} is heard; add a face signal to see it spoken.`);
      }
      if (recording || sound) player.play();
      this.view.refresh();
    });
  }

  picture(): void {
    void this.status.trying(async () => {
      this.view.draw();
      save(await png(this.canvas), 'avatar.png');
    });
  }

  film(): void {
    void this.controls?.filming.toggle();
  }

  /** Puts the address of exactly this view into the clipboard. */
  async copyLink(): Promise<void> {
    const { view, canvas, own, sources, player } = this;
    const address = viewLink(location, {
      orbit: this.control.orbit,
      size: canvas,
      background: view.background,
      limit: view.limit,
      frame: own && own === player.recording && !sources.current ? player.frame : null,
    });
    try {
      await navigator.clipboard.writeText(address);
      this.status.say('The link is in the clipboard.');
    } catch {
      this.status.say(address);
    }
  }
}
