// The way into a headset: buttons where the browser offers one. What draws there is loaded when it is asked for.
import { element } from '../ui/dom';
import type { Mode, Shown } from './shown';

const MODES = [
  ['immersive-vr', 'Enter VR', 'Look at the head in virtual reality, life size'],
  ['immersive-ar', 'Enter AR', 'Look at the head in your room, life size'],
] as const satisfies readonly [Mode, string, string][];

/** Buttons that enter a headset, as many as it has modes; none where there is none. */
export class HeadsetEntry {
  readonly root = element('span', { class: 'headset', hidden: true });
  private session: XRSession | null = null;

  constructor(private readonly shown: Shown) {
    void this.offer();
    navigator.xr?.addEventListener('devicechange', () => void this.offer());
  }

  private async offer(): Promise<void> {
    const { xr } = navigator;
    const supported = await Promise.all(
      MODES.map(([mode]) => xr?.isSessionSupported(mode).catch(() => false) ?? Promise.resolve(false)),
    );
    const buttons = MODES.filter((_, i) => supported[i]).map(([mode, label, title]) =>
      element('button', { type: 'button', title, onclick: () => void this.enter(mode) }, label),
    );
    this.root.replaceChildren(...buttons);
    this.root.hidden = !buttons.length;
  }

  private async enter(mode: Mode): Promise<void> {
    const { shown } = this;
    try {
      if (this.session) {
        await this.session.end();
        return;
      }
      // Asked for first: the browser allows it only just after the click.
      const session = await navigator.xr!.requestSession(mode, {
        requiredFeatures: ['local-floor'],
        optionalFeatures: ['hand-tracking'],
      });
      this.session = session;
      session.addEventListener('end', () => {
        this.session = null;
        shown.presenting(false);
      });
      shown.presenting(true);
      try {
        const { Headset } = await import('./headset');
        await new Headset(session, mode, shown).start();
      } catch (error) {
        await session.end();
        throw error;
      }
    } catch (error) {
      shown.wrong(error);
    }
  }
}
