// A room of LiveKit's own client, which is loaded when somebody enters one.
import type { RemoteParticipant } from 'livekit-client';
import type { AgentRoom, RoomListener } from './agent_room';

/** Loads the client. */
export async function livekitRoom(): Promise<AgentRoom> {
  const { Room, RoomEvent, Track } = await import('livekit-client');
  const room = new Room({ adaptiveStream: false, dynacast: false });
  let spoken: MediaStreamTrack | null = null;
  return {
    async join(url, token, topic, listener) {
      const { seen, left } = participants(listener);
      room
        .on(RoomEvent.ParticipantConnected, seen)
        .on(RoomEvent.ParticipantDisconnected, left)
        .on(RoomEvent.ParticipantAttributesChanged, (_, { identity }) => {
          const other = room.remoteParticipants.get(identity);
          if (other) seen(other);
        })
        .on(RoomEvent.TrackSubscribed, (track, _, { identity }) =>
          listener.track(identity, track.mediaStreamTrack, track.receiver ?? null),
        )
        .on(RoomEvent.DataReceived, (content, participant, _, about) => {
          if (participant && about) listener.data(participant.identity, about, content);
        })
        .on(RoomEvent.Reconnecting, () => listener.connected(false))
        .on(RoomEvent.Reconnected, () => listener.connected(true))
        .on(RoomEvent.Disconnected, () => listener.closed());
      room.registerByteStreamHandler(topic, (reader, { identity }) => listener.bytes(identity, reader));
      await room.connect(url, token);
      listener.connected(true);
      for (const participant of room.remoteParticipants.values()) seen(participant);
    },
    describe: (attributes) => room.localParticipant.setAttributes(attributes),
    call: (destinationIdentity, method) =>
      room.localParticipant.performRpc({ destinationIdentity, method, payload: '' }),
    async speak(track) {
      if (spoken) await room.localParticipant.unpublishTrack(spoken, false);
      spoken = track;
      if (track) await room.localParticipant.publishTrack(track, { source: Track.Source.Microphone });
    },
    leave: () => void room.disconnect(),
  };
}

function participants(listener: RoomListener): Record<'seen' | 'left', (participant: RemoteParticipant) => void> {
  return {
    seen: ({ identity, attributes }) => listener.seen({ identity, attributes }),
    left: ({ identity }) => listener.left(identity),
  };
}
