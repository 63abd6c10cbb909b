// As much of a LiveKit room as the page needs.

/** Somebody else in the room. */
export interface Participant {
  identity: string;
  attributes: Readonly<Record<string, string>>;
}

export interface RoomListener {
  /** somebody came, or says something else of themselves than before */
  seen(participant: Participant): void;
  left(identity: string): void;
  track(identity: string, track: MediaStreamTrack, receiver: RTCRtpReceiver | null): void;
  data(identity: string, topic: string, content: Uint8Array): void;
  /** a stream of bytes of the topic that was asked for */
  bytes(identity: string, content: AsyncIterable<Uint8Array>): void;
  connected(is: boolean): void;
  /** the room, or the place in it, is no more */
  closed(): void;
}

export interface AgentRoom {
  /** Enters, and takes streams of bytes of `topic`. Rejected where the server does not let it in. */
  join(url: string, token: string, topic: string, listener: RoomListener): Promise<void>;
  /** Says something of oneself. Rejected where the token does not allow it. */
  describe(attributes: Record<string, string>): Promise<void>;
  /** Calls a method of somebody; what they answer. */
  call(identity: string, method: string): Promise<string>;
  /** Sends what a microphone hears, or nothing any more. */
  speak(track: MediaStreamTrack | null): Promise<void>;
  leave(): void;
}
