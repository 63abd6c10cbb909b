"""The mark in the pixels of an avatar's pictures."""

from __future__ import annotations

import datetime

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import digest_of
from splatavatar.trust.watermark.embed import marked
from splatavatar.trust.watermark.pattern import tile
from splatavatar.trust.watermark.payload import FIRST_DAY, ID_DIGITS, LAST_DAY, Payload


def short_id(avatar: Avatar) -> str:
    """The ten hexadecimal digits by which marks name ``avatar``. Raises AvatarFileError for one that is not valid."""
    return digest_of(avatar)[:ID_DIGITS]


class PictureMarks:
    """Puts the watermark of one avatar and the day into pictures; threads may share it.

    >>> import splatavatar as sa
    >>> from splatavatar.trust.marks import PictureMarks
    >>> performer = sa.Performer(sa.load_avatar("demo"))
    >>> picture = performer.draw(None, performer.camera(256, 256))
    >>> marked = PictureMarks(performer.avatar)(picture)
    >>> 0 < abs(marked.astype(int) - picture).max() < 32
    True
    """

    def __init__(self, avatar: Avatar, day: datetime.date | None = None) -> None:
        """``day`` is that of the pictures; for None the day on which each is marked, by universal time. What a mark
        cannot say, as a clock may that is wrong, becomes the nearest that it can.

        Raises AvatarFileError for an avatar that is not valid.
        """
        self._avatar, self._day = short_id(avatar), day
        self._mark = self._made(self._when())

    @property
    def payload(self) -> Payload:
        """What the mark of a picture says now."""
        return self._now()[0]

    def __call__(self, picture: Bytes) -> Bytes:
        """A copy of ``picture`` with the mark, (H, W, 3) or (H, W, 4) with straight alpha, which is kept."""
        return marked(picture, self._now()[1])

    def _now(self) -> tuple[Payload, NDArray[np.int8]]:
        """What the mark says, and its tile: of this day, which may be another than that of the picture before."""
        mark, when = self._mark, self._when()
        if mark[0].day != when:
            # Threads that make it at once make the same.
            mark = self._mark = self._made(when)
        return mark

    def _made(self, when: datetime.date) -> tuple[Payload, NDArray[np.int8]]:
        payload = Payload(self._avatar, when)
        return payload, tile(payload)

    def _when(self) -> datetime.date:
        when = self._day or datetime.datetime.now(datetime.timezone.utc).date()
        return min(max(when, FIRST_DAY), LAST_DAY)
