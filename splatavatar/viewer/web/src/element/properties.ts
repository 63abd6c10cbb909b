// The properties that are attributes.

// Where there are no elements, as on a server that renders pages, the module can be imported all the same.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** The attributes of the element as properties of the same name; null: the attribute is not there. */
export class Properties extends Base {
  /** Address of the avatar file. */
  get src(): string | null {
    return this.getAttribute('src');
  }

  set src(src: string | null) {
    this.reflect('src', src);
  }

  /** What moves the face: the address of a driver (`wss://...`, or `live` on its own server) or of a recording. */
  get signal(): string | null {
    return this.getAttribute('signal');
  }

  set signal(signal: string | null) {
    this.reflect('signal', signal);
  }

  /** Whether a recording that plays by itself begins again at its end. */
  get loop(): boolean {
    return this.hasAttribute('loop');
  }

  set loop(loop: boolean) {
    this.toggleAttribute('loop', loop);
  }

  /** Colour behind the avatar, `#rrggbb`; null or `transparent`: what the page has there. */
  get background(): string | null {
    return this.getAttribute('background');
  }

  set background(background: string | null) {
    this.reflect('background', background);
  }

  /** Standard deviations of the expression limit, or `off`; null: the usual 3. */
  get limit(): number | 'off' | null {
    return this.getAttribute('limit') === 'off' ? 'off' : this.numeric('limit');
  }

  set limit(limit: number | 'off' | null) {
    this.reflect('limit', limit);
  }

  /** Degrees around the head that the view begins with, to the subject's left; null: 0. */
  get yaw(): number | null {
    return this.numeric('yaw');
  }

  set yaw(yaw: number | null) {
    this.reflect('yaw', yaw);
  }

  /** Degrees that the view begins with, up; null: 0. */
  get pitch(): number | null {
    return this.numeric('pitch');
  }

  set pitch(pitch: number | null) {
    this.reflect('pitch', pitch);
  }

  /** Metres to the middle of the head that the view begins with; null: what the avatar says. */
  get distance(): number | null {
    return this.numeric('distance');
  }

  set distance(distance: number | null) {
    this.reflect('distance', distance);
  }

  /** Whether mouse, touch and keys turn, move and zoom the view. */
  get controls(): boolean {
    return this.hasAttribute('controls');
  }

  set controls(controls: boolean) {
    this.toggleAttribute('controls', controls);
  }

  /** The corner in which it says that this is an avatar, such as `top-right`; null: `bottom-left`. */
  get label(): string | null {
    return this.getAttribute('label');
  }

  set label(label: string | null) {
    this.reflect('label', label);
  }

  /** Whether the page says by itself that this is an avatar; what is wrong with it is said all the same. */
  get noLabel(): boolean {
    return this.hasAttribute('no-label');
  }

  set noLabel(noLabel: boolean) {
    this.toggleAttribute('no-label', noLabel);
  }

  /** Lets what was set before the element had its class go through its setters. */
  protected upgrade(...names: (keyof this)[]): void {
    for (const name of names) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }

  private numeric(name: string): number | null {
    const value = Number.parseFloat(this.getAttribute(name) ?? '');
    return Number.isNaN(value) ? null : value;
  }

  private reflect(name: string, value: string | number | null): void {
    if (value === null) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }
}
