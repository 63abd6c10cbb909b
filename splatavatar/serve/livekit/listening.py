"""The voices of the people in a room, by which the face listens."""

from __future__ import annotations

import asyncio
import logging

from livekit import rtc

from splatavatar.serve.livekit.frames import samples_of
from splatavatar.serve.speech.face import SpeakingFace
from splatavatar.serve.speech.lips import RATE

LOG = logging.getLogger("splatavatar")


class Listening:
    """Hands the microphone of one person at a time to a face. Those of agents, and other sounds, are not heard."""

    def __init__(self, room: rtc.Room, face: SpeakingFace) -> None:
        self._room, self._face = room, face
        self._heard: tuple[str, asyncio.Task[None]] | None = None

    def start(self) -> None:
        """Listen to who is there and who comes."""
        self._room.on("track_published", self._published)
        self._room.on("track_subscribed", self._subscribed)
        self._room.on("track_unsubscribed", self._unsubscribed)
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._published(publication, participant)
                if publication.track is not None:
                    self._subscribed(publication.track, publication, participant)

    async def aclose(self) -> None:
        """Listen no more."""
        self._room.off("track_published", self._published)
        self._room.off("track_subscribed", self._subscribed)
        self._room.off("track_unsubscribed", self._unsubscribed)
        if self._heard is not None:
            self._heard[1].cancel()
            await asyncio.gather(self._heard[1], return_exceptions=True)

    def _published(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        if _is_voice(publication, participant) and not publication.subscribed:
            publication.set_subscribed(True)

    def _subscribed(
        self, track: rtc.RemoteTrack, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if self._heard is None and _is_voice(publication, participant):
            hearing = asyncio.create_task(self._hear(track))
            self._heard = (publication.sid, hearing)
            hearing.add_done_callback(self._ended)

    def _unsubscribed(
        self, track: rtc.RemoteTrack, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if self._heard is not None and self._heard[0] == publication.sid:
            self._heard[1].cancel()
            self._heard = None
            self._listen_to_another(publication.sid)

    def _ended(self, hearing: asyncio.Task[None]) -> None:
        """A voice ended by itself, or cannot be heard."""
        if hearing.cancelled() or self._heard is None or self._heard[1] is not hearing:
            return
        if (error := hearing.exception()) is not None:
            LOG.warning("a voice is not listened to: %s", error)
        sid, self._heard = self._heard[0], None
        self._listen_to_another(sid)

    def _listen_to_another(self, gone: str) -> None:
        """Hear somebody else who is there, whose voice has come already."""
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track is not None and publication.sid != gone:
                    self._subscribed(publication.track, publication, participant)

    async def _hear(self, track: rtc.RemoteTrack) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1)
        try:
            async for event in stream:
                self._face.hear(samples_of(event.frame), event.frame.sample_rate, event.frame.num_channels)
        finally:
            await stream.aclose()


def _is_voice(publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> bool:
    return bool(
        publication.kind == rtc.TrackKind.KIND_AUDIO
        and publication.source == rtc.TrackSource.SOURCE_MICROPHONE
        and participant.kind != rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    )
