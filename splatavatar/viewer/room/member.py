"""Somebody in a room who is a Python program: a voice agent, a camera, a phone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from splatavatar.avatar.file import parse_avatar
from splatavatar.avatar.format.container import EXPECTED, LARGEST_FILE
from splatavatar.avatar.library import resolve
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, RoomError, SettingsError
from splatavatar.extras import required
from splatavatar.input import read_bytes
from splatavatar.printable import printable
from splatavatar.trust.known import read_known
from splatavatar.trust.policy import check_sharing
from splatavatar.viewer.protocol import encode
from splatavatar.viewer.room.attendance import Attendance
from splatavatar.viewer.room.link import PATIENCE, RoomLink
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.messages import LONGEST_NAME, Person

FACES = 30.0
"""a second, at most: others see no more of more"""
EARLY = 0.25
"""of the time between two faces, by which one may come before it is due"""
JOIN_SECONDS = 10.0


class RoomMember:
    """Joins the room of ``link`` when it is made, and leaves it when it is closed.

    A face goes to everybody by ``show``, sound by ``say``; both have times of the same ``clock``, so that lips and
    voice stay together. What the others show and say is told to ``listener``. Each pair is connected directly where
    aiortc is installed (the extra ``room``) and a way is found; else what they say goes through the server.

    Where the connection or the server goes it comes back by itself, for up to ten minutes; meanwhile nobody is there,
    and what is shown and said is lost. Its methods may be called by any one thread, and return at once.
    """

    def __init__(
        self,
        link: str,
        avatar: str | Path = "demo",
        name: str = "Python",
        listener: RoomListener | None = None,
        direct: bool = True,
        clock: Callable[[], float] = perf_counter,
        without_consent: bool = False,
    ) -> None:
        """
        Args:
            link: the whole link of an invitation.
            avatar: the file that everybody else loads, or "demo".
            name: that everybody else sees, 1 to 40 letters.
            listener: told what the others do.
            direct: whether to look for a direct way to each of the others, who then see this machine's addresses.
            clock: seconds; of ``show`` and ``say``.
            without_consent: whether the avatar is handed over even if its file has no consent to calls, which everybody
                is told; the room must allow it too.

        Raises:
            SettingsError: no link, or no name.
            AvatarFileError: the avatar cannot be read.
            TrustError: nobody has consented to show it to others, or its signer took it back.
            RoomError: the room lets nobody in, or cannot be reached.
            DependencyError: a package of the extra ``viewer`` is absent.
        """
        if not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise SettingsError(f"a name in a room has 1 to {LONGEST_NAME} letters")
        required("websockets")
        where = RoomLink.parse(link)
        path = resolve(avatar)
        content = read_bytes(path, AvatarFileError, EXPECTED, LARGEST_FILE)
        shown = printable(path)
        check_sharing(parse_avatar(content, shown), shown, without_consent, read_known().revocations)
        self._clock = clock
        self._attendance = Attendance(where, name.strip(), direct, listener or RoomListener(), clock)
        self._sequence = 0
        self._due = 0.0
        self._failure: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        entered = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(content, entered), name="room", daemon=True)
        self._thread.start()
        if not entered.wait(3 * PATIENCE):
            self._call(self._attendance.leave)  # nobody is left who could
            raise RoomError("the room did not let this program in in time.")
        self._check()

    @property
    def people(self) -> list[Person]:
        """Everybody else who is there."""
        return [person for person, _ in self._attendance.people]

    @property
    def direct(self) -> list[Person]:
        """Those of them who are reached directly."""
        return [person for person, is_direct in self._attendance.people if is_direct]

    def show(self, signal: FaceSignal, at: float | None = None) -> None:
        """Show a face, that of the time ``at`` of the clock (now where None); more than 30 a second are left out.

        Raises RoomError where one is not in the room any more.
        """
        self._check()
        now = self._clock() if at is None else at
        if now < self._due - EARLY / FACES:
            return
        self._due = max(self._due, now - EARLY / FACES) + 1 / FACES
        message = encode(signal, self._sequence, max(now - self._attendance.began, 0.0))
        self._sequence += 1
        self._call(self._attendance.show, message)

    def say(self, samples: ArrayLike, at: float | None = None) -> None:
        """Have (n,) mono samples at 48 kHz in [-1, 1] heard, the first of them at the time ``at`` of the clock.

        None: after those that were said before, or now. Up to two minutes may wait; what is more is left out. Raises
        RoomError where one is not in the room any more, and SettingsError for what is no sound.
        """
        self._check()
        sound = np.asarray(samples, np.float32)
        if sound.ndim != 1 or not np.isfinite(sound).all():
            raise SettingsError("sound for a room is a list of finite numbers, mono at 48 kHz")
        self._call(self._attendance.say, sound.copy(), at)

    def mute(self, muted: bool = True) -> None:
        """Be heard no more, or again; what is said meanwhile is lost."""
        self._call(self._attendance.mute, muted)

    def close(self) -> None:
        """Leave the room; may be called again, and by a listener, for which it does not wait."""
        self._call(self._attendance.leave)
        if threading.current_thread() is not self._thread:
            self._thread.join(JOIN_SECONDS)

    def __enter__(self) -> RoomMember:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        if self._failure is not None:
            self.close()
            raise self._failure

    def _call(self, method: Callable[..., None], *arguments: Any) -> None:
        if self._thread.is_alive():
            try:
                self._loop.call_soon_threadsafe(method, *arguments)
            except RuntimeError:  # it has ended meanwhile
                return

    def _run(self, avatar: bytes, entered: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._attendance.stay(avatar, entered.set))
        except Exception as error:
            self._failure = error
        finally:
            try:
                pending = asyncio.all_tasks(self._loop)
                for task in pending:
                    task.cancel()
                self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            finally:
                self._loop.close()
                entered.set()
