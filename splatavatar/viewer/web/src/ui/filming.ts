import { Film, Listening, save } from './exports';
import type { Panel } from './panel';
import type { Player } from './player';
import type { Status } from './status';

/** Films the picture on request: a recording from its beginning to its end, anything else until told to stop. */
export class Filming {
  private film: Film | null = null;
  private ends = false;
  private readonly listening = new Listening();

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly player: Player,
    private readonly panel: Panel,
    private readonly status: Status,
  ) {}

  /** Starts a film, or ends the one under way. */
  async toggle(): Promise<void> {
    await this.status.trying(() => (this.film ? this.stop(this.film) : this.start()));
  }

  /** To be called after every picture: a film of a recording ends with it. */
  tick(): void {
    if (this.film && this.ends && !this.player.playing) void this.toggle();
  }

  private async start(): Promise<void> {
    const { player } = this;
    this.film = new Film(this.canvas, this.listening.of(player.audio));
    this.panel.filming(true);
    this.ends = player.recording !== null && !player.loop;
    if (this.ends) {
      player.pause();
      player.seek(0);
      player.play();
    }
    this.status.say(this.ends ? 'Recording until the signal ends.' : 'Recording until you press Stop film.');
  }

  private async stop(film: Film): Promise<void> {
    this.film = null;
    this.panel.filming(false);
    save(await film.stop(), `avatar.${film.suffix}`);
    this.status.say('The film is saved.');
  }
}
