"""A drive that sits in a room."""

from __future__ import annotations

import threading
from time import perf_counter

from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.live_sound import LiveSoundtrack
from splatavatar.errors import SplatAvatarError
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.opus import PACKET, RATE
from splatavatar.viewer.room.voice import PIECE

HEARD_LATE = 1.5 * PIECE
"""seconds after the beginning of a piece in which a microphone has handed it over; its face is later still"""
SECURE = 3
"""faces, after which the loop has told the sound when it begins"""


class RoomSink:
    """Shows the faces of a drive, and has its sound heard, in the room of ``member``; see ``SignalSink``.

    The member, whose clock is that of the drive, is closed with it.
    """

    def __init__(self, member: RoomMember) -> None:
        self._member = member
        self._begun: float | None = None
        self._taken = 0
        self._ready = threading.Event()
        self._over = threading.Event()
        self._sound: LiveSoundtrack | None = None
        self._thread: threading.Thread | None = None

    def take(self, signal: FaceSignal, now: float) -> None:
        """See ``SignalSink``. Raises RoomError where the room is over."""
        self._begun = now if self._begun is None else self._begun
        self._member.show(signal, now)
        self._taken += 1
        if self._taken == SECURE:
            self._ready.set()

    def hear(self, sound: LiveSoundtrack) -> None:
        """See ``SoundingSink``."""
        self._sound = sound
        self._thread = threading.Thread(target=self._speak, args=(sound,), name="room sound", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the room; may be called again."""
        self._over.set()
        self._ready.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._sound is not None:
            self._sound.close()
        self._member.close()

    def _speak(self, sound: LiveSoundtrack) -> None:
        self._ready.wait()
        begun, read = self._begun, 0
        late = HEARD_LATE if sound.lag else 0.0
        while begun is not None and not self._over.wait(max(begun + late + read / RATE - perf_counter(), 0.0)):
            try:
                samples = sound.read(PACKET)
                if samples.shape[1] == 0:
                    return
                self._member.say(samples.mean(axis=0), begun + read / RATE)
            except SplatAvatarError:
                return  # of the room: the next face says so; of a damaged file: its rest is silent
            read += PACKET
