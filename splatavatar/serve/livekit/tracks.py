"""The tracks of a face in a room."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from livekit import rtc

LOG = logging.getLogger("splatavatar")
SOUND, PICTURES = "avatar_audio", "avatar_video"
"""names of the tracks, which are those of LiveKit's own worker"""
PATIENCE = 5.0
"""seconds in which a track has been taken back"""
AGAIN = 5.0
"""seconds after which pictures that were refused are offered again"""


class SoundTrack:
    """The voice of a face."""

    def __init__(self, room: rtc.Room, source: rtc.AudioSource) -> None:
        self._room, self._source = room, source
        self._sid: str | None = None

    async def publish(self) -> None:
        """Publish it, and return when somebody hears it: nothing is to be said before."""
        track = rtc.LocalAudioTrack.create_audio_track(SOUND, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await self._room.local_participant.publish_track(track, options)
        self._sid = publication.sid
        await publication.wait_for_subscription()

    async def aclose(self) -> None:
        """Take it back."""
        sid, self._sid = self._sid, None
        if sid is not None:
            await _take_back(self._room, sid)
        await self._source.aclose()


class PictureTrack:
    """The pictures of a face, which are published while somebody needs them."""

    def __init__(self, room: rtc.Room, width: int, height: int) -> None:
        self._room = room
        self._source = rtc.VideoSource(width, height)
        self._sid: str | None = None
        self._wanted = False
        self._changing: asyncio.Task[None] | None = None
        self._refused_until = 0.0

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
        ready = self._changing is None or self._changing.done()
        if wanted != self.shown and ready and time.monotonic() >= self._refused_until:
            self._changing = asyncio.create_task(self._tried())

    async def show(self) -> None:
        """Publish the track, and return when that is done. Raises PublishTrackError where it may not be."""
        self._wanted = True
        await self._change()

    async def _tried(self) -> None:
        try:
            await self._change()
        except (rtc.participant.PublishTrackError, rtc.participant.UnpublishTrackError) as error:
            self._refused_until = time.monotonic() + AGAIN
            LOG.warning("the pictures of the avatar cannot be published: %s", error)

    async def aclose(self) -> None:
        """Take the track back; pictures that come later are not shown."""
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        sid, self._sid = self._sid, None
        if sid is not None:
            await _take_back(self._room, sid)
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


async def _take_back(room: rtc.Room, sid: str) -> None:
    if room.isconnected():
        with suppress(Exception):  # whatever LiveKit says: nobody needs it any more
            await asyncio.wait_for(room.local_participant.unpublish_track(sid), PATIENCE)
