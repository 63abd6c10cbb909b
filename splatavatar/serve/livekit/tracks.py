"""The tracks of a face in a room."""

from __future__ import annotations

import asyncio
import logging

from livekit import rtc

LOG = logging.getLogger("splatavatar")
SOUND, PICTURES = "avatar_audio", "avatar_video"
"""names of the tracks, which are those of LiveKit's own worker"""


async def publish_sound(room: rtc.Room, source: rtc.AudioSource) -> None:
    """Publish the voice, and return when somebody hears it: nothing is to be said before."""
    track = rtc.LocalAudioTrack.create_audio_track(SOUND, source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    publication = await room.local_participant.publish_track(track, options)
    await publication.wait_for_subscription()


class PictureTrack:
    """The pictures of a face, which are published while somebody needs them."""

    def __init__(self, room: rtc.Room, width: int, height: int) -> None:
        self._room = room
        self._source = rtc.VideoSource(width, height)
        self._sid: str | None = None
        self._wanted = False
        self._changing: asyncio.Task[None] | None = None

    @property
    def shown(self) -> bool:
        """Whether the track is published."""
        return self._sid is not None

    def capture(self, frame: rtc.VideoFrame) -> None:
        """Show a picture, where the track is published."""
        if self._sid is not None:
            self._source.capture_frame(frame)

    def want(self, wanted: bool) -> None:
        """Have the track published, or not, soon."""
        self._wanted = wanted
        if wanted != self.shown and (self._changing is None or self._changing.done()):
            self._changing = asyncio.create_task(self._change())

    async def show(self, wanted: bool) -> None:
        """Have the track published, or not, and return when it is so."""
        self.want(wanted)
        if self._changing is not None:
            await self._changing

    async def aclose(self) -> None:
        """Take the track back; pictures that come later are not shown."""
        self._sid = None
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        await self._source.aclose()

    async def _change(self) -> None:
        while self._wanted != self.shown:
            if self._sid is None:
                track = rtc.LocalVideoTrack.create_video_track(PICTURES, self._source)
                options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA)
                publication = await self._room.local_participant.publish_track(track, options)
                self._sid = publication.sid
            else:
                sid, self._sid = self._sid, None
                await self._room.local_participant.unpublish_track(sid)
