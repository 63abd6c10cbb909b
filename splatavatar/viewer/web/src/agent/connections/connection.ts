// What the page knows of whoever sends it a talking face.
import type { AgentEvent } from '../events';

/** What a connection tells the page. */
export interface Listener {
  /** the file of the avatar that faces are of: the page draws from now on */
  avatar(content: ArrayBuffer): Promise<void>;
  /** one message of a face, as it came */
  face(message: ArrayBuffer): void;
  /** a track that is to be heard, and what receives it, where that is known */
  sound(track: MediaStreamTrack, receiver: RTCRtpReceiver | null): void;
  /** pictures, where the page does not draw */
  video(track: MediaStreamTrack): void;
  event(event: AgentEvent): void;
  /** whether it is connected now; it looks for a lost connection by itself */
  connected(is: boolean): void;
  /** it is over: one sentence */
  ended(why: string): void;
}

export interface Connection {
  /** Connects. `draws`: the page can draw the avatar by itself. Throws a PageError where that cannot be. */
  open(draws: boolean): Promise<void>;
  /** Has whoever speaks fall silent; null where nobody can be asked to. */
  readonly interrupt: (() => void) | null;
  /** Sends what a microphone hears, or nothing any more. */
  speak(track: MediaStreamTrack | null): Promise<void>;
  close(): void;
}
