"""Pictures of a capture that are frames of films: decoded when they are asked for, in one pass where that goes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

from splatavatar.array_types import Bytes
from splatavatar.capture.video.video import Video
from splatavatar.errors import CaptureError
from splatavatar.input import open_input

if TYPE_CHECKING:
    from PIL.Image import Image

WAITING = 8
"""pictures that are kept for whoever asks a little later: threads overtake one another"""
OPEN = 24
"""films that are open at once; each keeps some decoded pictures"""
PIECE = 1 << 20

_open: list[ref[Film]] = []
"""the oldest first; who forgets a film closes it"""
_opening = threading.Lock()


class Film:
    """The film in a file, of which frames are asked for mostly in their order.

    Raises CaptureError where it is none.
    """

    def __init__(self, path: Path, factor: int = 1) -> None:
        self.path = path
        self.factor = factor
        """by which pictures are made smaller, each pixel the mean of a square of them"""
        self.video = Video(path)
        self._lock = threading.Lock()
        self._frames: Iterator[tuple[int, float, Bytes]] | None = None
        self._next = 0
        self._waiting: OrderedDict[int, Bytes] = OrderedDict()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures, as they are given."""
        return -(-self.video.width // self.factor), -(-self.video.height // self.factor)

    def picture(self, index: int) -> Bytes:
        """(H, W, 3) RGB, not made smaller. Raises CaptureError where there is no such frame, or it does not decode."""
        with self._lock:
            if index in self._waiting:
                return self._waiting.pop(index)
            if self._frames is None or index < self._next:
                self._restart()
            assert self._frames is not None
            for at, _, picture in self._frames:
                self._next = at + 1
                if at == index:
                    return picture
                if at > index:
                    break
                if at >= index - WAITING:
                    self._waiting[at] = picture
                    if len(self._waiting) > WAITING:
                        self._waiting.popitem(last=False)
            self._frames = None
            raise CaptureError(f"{self.path}: frame {index} of {self.video.count} cannot be decoded")

    def close(self) -> None:
        """Gives back what decoding takes, unless somebody decodes now; the next picture opens it again."""
        # Never waits: two films whose frames are asked for at once may each be the other's oldest.
        if self._lock.acquire(blocking=False):
            try:
                self._frames = None
                self._waiting.clear()
            finally:
                self._lock.release()

    @cached_property
    def digest(self) -> bytes:
        """Of the bytes of the file."""
        digest = hashlib.sha256()
        with open_input(self.path, CaptureError, "a video") as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
        return digest.digest()

    def _restart(self) -> None:
        self._frames, self._next = self.video.frames(), 0
        self._waiting.clear()
        with _opening:
            known = [entry for entry in _open if entry() not in (None, self)]
            _open[:] = [*known[max(0, len(known) + 1 - OPEN) :], ref(self)]
            surplus = known[: max(0, len(known) + 1 - OPEN)]
        for entry in surplus:
            film = entry()
            if film is not None:
                film.close()


@dataclass(frozen=True)
class FilmFrame:
    """A picture that is one frame of a ``Film``."""

    film: Film
    index: int
    """from 0"""
    grey: bool = False
    """whether it is a matte, whose colours mean nothing"""

    def __str__(self) -> str:
        return f"{self.film.path}: frame {self.index}"

    @contextmanager
    def opened(self) -> Iterator[Image]:
        """See ``PictureReference``."""
        from PIL import Image as pil

        image = pil.fromarray(self.film.picture(self.index))
        image = image.convert("L") if self.grey else image
        yield image if self.film.factor == 1 else image.reduce(self.film.factor)

    def fingerprint(self) -> bytes:
        """Of the film, and which frame."""
        return self.film.digest + f"{self.index} {self.film.factor} {self.grey}".encode()
