// The picture of the table, as it is seen from the own seat.
import type { Avatar } from '../../file/avatar';
import type { FaceSignal } from '../../signal/signal';
import { type Camera, lookAt, type Vector } from '../../splats/camera';
import { Renderer } from '../../splats/renderer';
import { markOf } from '../../trust/mark';
import { fitCanvas } from '../../ui/canvas_size';
import { themeColour } from '../../ui/colours';
import { Pace } from '../../ui/pace';
import { detail } from './detail';
import { SeatedHead } from './head';
import { type Look, outlook, type Place, places, tableRadius, towards } from './seats';
import { Surroundings } from './surroundings';

/** milliseconds after the last movement until the picture is drawn whole */
const STILL = 200;
/** metres from the middle of a head to the name below it */
const BELOW = 0.17;

export interface TableauListener {
  /** before a picture may be drawn: shows faces, and says how one looks */
  frame(now: number): Look;
  /** after one was drawn */
  drawn(): void;
}

/** A place for a name, in CSS pixels. */
export interface Tag {
  x: number;
  y: number;
  /** -1 and 1 where the head is out of the picture: to the left, to the right */
  aside: -1 | 0 | 1;
}

export class Tableau {
  private renderer: Renderer;
  private surroundings: Surroundings;
  private readonly heads = new Map<number, SeatedHead>();
  private places = new Map<number, Place>();
  private own: Place = places([0]).get(0)!;
  private camera: Camera | null = null;
  private colour = themeColour();
  private readonly pace = new Pace();
  private asked = 0;
  private dirty = true;
  private whole = false;
  private movedAt = 0;
  private readonly leave = new AbortController();

  /** Throws a PageError where there is no WebGL2. */
  constructor(private readonly canvas: HTMLCanvasElement) {
    this.renderer = new Renderer(canvas);
    this.surroundings = new Surroundings(this.renderer.gl);
    const { signal } = this.leave;
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal });
    canvas.addEventListener('webglcontextrestored', () => this.restore(), { signal });
    matchMedia('(prefers-color-scheme: light)').addEventListener(
      'change',
      () => {
        this.colour = themeColour();
        this.refresh();
      },
      { signal },
    );
  }

  /** Looks at every frame of the screen whether there is something new to draw. */
  start(listener: TableauListener): void {
    const frame = (now: number) => {
      this.asked = requestAnimationFrame(frame);
      const look = listener.frame(now);
      if (fitCanvas(this.canvas)) this.dirty = true;
      const busy = now - this.movedAt < STILL;
      if (!this.dirty && (busy || this.whole)) return;
      this.dirty = false;
      this.pace.tick(now, busy);
      this.whole = !busy || this.pace.scale === 1;
      this.draw(look, busy ? this.pace.scale : 1);
      listener.drawn();
    };
    this.asked = requestAnimationFrame(frame);
  }

  /** For good: gives all graphics memory back. */
  stop(): void {
    cancelAnimationFrame(this.asked);
    this.leave.abort();
    this.heads.clear();
    this.renderer.close();
  }

  /** Asks for a picture of something that has moved. */
  refresh(): void {
    this.dirty = true;
    this.movedAt = performance.now();
  }

  /** Puts an avatar at the place of somebody. Throws a PageError where the graphics cannot take it. */
  add(id: number, avatar: Avatar): void {
    this.remove(id);
    this.heads.set(id, new SeatedHead(this.renderer.gl, avatar));
    this.mark();
    this.refresh();
  }

  remove(id: number): void {
    this.heads.get(id)?.close();
    if (this.heads.delete(id)) this.mark();
    this.refresh();
  }

  /** Shows a face of somebody, once their avatar is there. */
  show(id: number, face: FaceSignal): void {
    if (this.heads.get(id)?.show(face)) this.refresh();
  }

  /** Gives everybody their places, by their seats: the own one, and those of the others by their ids. */
  seat(own: number, others: ReadonlyMap<number, number>): void {
    const all = places([own, ...others.values()]);
    this.own = all.get(own)!;
    const now = new Map([...others].map(([id, seat]) => [id, all.get(seat)!]));
    const same =
      now.size === this.places.size && [...now].every(([id, place]) => this.places.get(id)?.turn === place.turn);
    this.places = now;
    if (!same) this.refresh();
  }

  /** Radians to the left by which one turns to look at somebody. */
  towards(id: number): number | null {
    const place = this.places.get(id);
    return place && this.camera ? towards(this.camera.eye, this.own, place) : null;
  }

  /** Where on the page the name of somebody belongs; null before there is a picture. */
  tag(id: number): Tag | null {
    const { camera, canvas } = this;
    const place = this.places.get(id);
    if (!camera || !place) return null;
    const scale = canvas.clientWidth / camera.width;
    const [x, y, z] = seen(camera, [place.x, place.y - BELOW, place.z]);
    const across = (camera.focal * x) / z + camera.cx;
    if (z > 0.1 && across > 0 && across < camera.width)
      return { x: scale * across, y: scale * ((camera.focal * y) / z + camera.cy), aside: 0 };
    return { x: x < 0 ? 0 : canvas.clientWidth, y: canvas.clientHeight / 2, aside: x < 0 ? -1 : 1 };
  }

  private draw(look: Look, scale: number): void {
    const { canvas } = this;
    const width = Math.max(1, Math.round(canvas.width * scale));
    const height = Math.max(1, Math.round(canvas.height * scale));
    const { eye, target, fovY } = outlook(this.own, [...this.places.values()], width / height, look);
    const camera = lookAt(eye, target, fovY, width, height);
    this.camera = camera;
    const visible = [...this.heads]
      .flatMap(([id, head]) => {
        const place = this.places.get(id);
        if (!place || !inPicture(camera, place)) return [];
        return [{ head, place, distance: Math.hypot(place.x - eye[0], place.z - eye[2]) }];
      })
      .sort((a, b) => b.distance - a.distance);
    // The focal length of the whole picture: a coarser one while something moves has the same heads.
    const levels = detail(
      visible.map(({ head, distance }) => ({
        distance,
        count: (level) => head.levels.count(level),
        before: head.level,
      })),
      camera.focal / scale,
    );
    const drawn = visible.map(({ head, place }, i) => head.see(camera, place, levels[i]!));
    this.renderer.paint(width, height, drawn, this.colour, (gain) =>
      this.surroundings.draw(camera, tableRadius(this.places.size + 1), this.colour, gain),
    );
    const { dataset } = document.documentElement;
    dataset.heads = String(drawn.length);
    dataset.picture = scale === 1 ? 'whole' : 'coarse';
    dataset.gaussians = String(visible.reduce((sum, { head }, i) => sum + head.levels.count(levels[i]!), 0));
  }

  /** The watermark of the one who is seen; of several it names none. */
  private mark(): void {
    const [only, another] = this.heads.values();
    this.renderer.mark = only ? markOf(another ? null : only.avatar.digest) : null;
  }

  private restore(): void {
    this.renderer = new Renderer(this.canvas);
    this.surroundings = new Surroundings(this.renderer.gl);
    for (const head of this.heads.values()) head.restore(this.renderer.gl);
    this.mark();
    this.refresh();
  }
}

/** A point of the world in the frame of a camera: right, down, forward. */
function seen({ rows, shift }: Camera, point: Vector): Vector {
  return rows.map((row, i) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + shift[i]!) as Vector;
}

/** Whether some of a head at `place` may be in the picture. */
function inPicture(camera: Camera, place: Place): boolean {
  const [x, , z] = seen(camera, [place.x, place.y, place.z]);
  return z > 0.1 && Math.abs(x) - 0.25 < (camera.width / 2 / camera.focal) * z;
}
