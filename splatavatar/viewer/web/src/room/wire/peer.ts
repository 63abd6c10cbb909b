// The direct connection with one other person: faces over a data channel, sound as a track.
import { PageError } from '../../errors';
import { SIZE } from '../../live/protocol';
import type { Introduction } from './protocol';

/** bytes that may wait to leave before a face is dropped: the next one is newer */
const MOST_WAITING = 4 * SIZE;
/** bits a second of a voice */
const VOICE = 24_000;

export interface PeerListener {
  /** what the other one's page has to know */
  introduce(data: Introduction): void;
  face(message: ArrayBuffer): void;
  sound(stream: MediaStream): void;
  /** whether faces go directly */
  connected(is: boolean): void;
}

/** Throws a PageError where the browser has no WebRTC. */
export function checkPeers(): void {
  if (!globalThis.RTCPeerConnection)
    throw new PageError('This browser has no WebRTC, by which people in a room hear each other; use another one.');
}

/** One RTCPeerConnection; who has the lower id offers. */
export class Peer {
  private readonly connection: RTCPeerConnection;
  private readonly channel: RTCDataChannel;
  private transceiver: RTCRtpTransceiver | null = null;
  private track: MediaStreamTrack | null = null;
  /** candidates that came before the description that they belong to */
  private early: RTCIceCandidateInit[] = [];
  /** what the other one said is taken in turn */
  private turn: Promise<void> = Promise.resolve();
  private open = false;

  constructor(
    offers: boolean,
    ice: RTCIceServer[],
    private readonly listener: PeerListener,
  ) {
    const connection = new RTCPeerConnection({ iceServers: ice, bundlePolicy: 'max-bundle' });
    this.connection = connection;
    this.channel = connection.createDataChannel('face', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    this.channel.binaryType = 'arraybuffer';
    this.channel.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) listener.face(data);
    };
    this.channel.onopen = this.channel.onclose = () => this.update();
    connection.onconnectionstatechange = () => {
      this.update();
      if (connection.connectionState === 'failed' && offers) this.offer(true);
    };
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) listener.introduce({ candidate: candidate.toJSON() });
    };
    connection.ontrack = ({ track, streams }) => listener.sound(streams[0] ?? new MediaStream([track]));
    if (offers) {
      this.transceiver = connection.addTransceiver('audio', { direction: 'sendrecv' });
      this.offer(false);
    }
  }

  /** Whether faces and sound go directly. */
  get connected(): boolean {
    return this.open;
  }

  /** Where the sound comes in, once there is a track. */
  get receiver(): RTCRtpReceiver | null {
    return this.transceiver?.receiver ?? null;
  }

  /** Figures of the connection. */
  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  /** Takes what the other one's page said. */
  take(data: Introduction): void {
    this.turn = this.turn
      .then(() => this.consider(data))
      .catch(() => {
        // What cannot be used leaves the pair to the server's relay.
      });
  }

  /** Sends a face, if that can be done now. */
  send(face: Uint8Array<ArrayBuffer>): void {
    if (this.open && this.channel.bufferedAmount < MOST_WAITING) this.channel.send(face);
  }

  /** Sends this track from now on, or silence. */
  speak(track: MediaStreamTrack | null): void {
    this.track = track;
    void this.transceiver?.sender.replaceTrack(track);
  }

  close(): void {
    this.channel.onclose = null;
    this.connection.onconnectionstatechange = null;
    this.connection.close();
    this.open = false;
  }

  private update(): void {
    const open = this.channel.readyState === 'open' && this.connection.connectionState === 'connected';
    if (open === this.open) return;
    this.open = open;
    this.listener.connected(open);
  }

  private offer(again: boolean): void {
    this.turn = this.turn.then(async () => {
      await this.describe(await this.connection.createOffer({ iceRestart: again }));
    });
  }

  private async consider({ description, candidate }: Introduction): Promise<void> {
    const { connection } = this;
    if (description) {
      await connection.setRemoteDescription(description);
      for (const each of this.early.splice(0)) await connection.addIceCandidate(each);
      if (description.type === 'offer') {
        const transceiver = connection.getTransceivers()[0];
        if (transceiver) {
          transceiver.direction = 'sendrecv';
          this.transceiver = transceiver;
          await transceiver.sender.replaceTrack(this.track);
        }
        await this.describe(await connection.createAnswer());
      }
    }
    if (!candidate) return;
    if (connection.remoteDescription) await connection.addIceCandidate(candidate);
    else this.early.push(candidate);
  }

  private async describe(made: RTCSessionDescriptionInit): Promise<void> {
    await this.connection.setLocalDescription({ type: made.type, sdp: voiced(made.sdp ?? '') });
    const { localDescription } = this.connection;
    if (localDescription) this.listener.introduce({ description: localDescription.toJSON() });
  }
}

/** A description that asks for a voice: Opus in mono, nothing sent while nobody speaks, lost packets made good. */
export function voiced(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp)?.[1];
  if (opus === undefined) return sdp;
  const asked = `stereo=0;sprop-stereo=0;usedtx=1;useinbandfec=1;maxaveragebitrate=${VOICE}`;
  const names = asked.split(';').map((pair) => pair.split('=')[0]);
  const line = new RegExp(`^a=fmtp:${opus} ([^\\r\\n]*)`, 'm');
  if (!line.test(sdp)) return sdp.replace(/^(a=rtpmap:\d+ opus\/48000[^\r\n]*)/im, `$1\r\na=fmtp:${opus} ${asked}`);
  return sdp.replace(line, (_, given: string) => {
    const kept = given.split(';').filter((pair) => !names.includes(pair.split('=')[0]!.trim()));
    return `a=fmtp:${opus} ${[...kept, asked].join(';')}`;
  });
}
