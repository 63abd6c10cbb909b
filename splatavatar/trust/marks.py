"""The mark in the pixels of an avatar's pictures."""

from __future__ import annotations

import datetime

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
    """Puts the watermark of one avatar and one day into pictures; threads may share it.

    >>> import splatavatar as sa
    >>> from splatavatar.trust.marks import PictureMarks
    >>> performer = sa.Performer(sa.load_avatar("demo"))
    >>> picture = performer.draw(None, performer.camera(256, 256))
    >>> marked = PictureMarks(performer.avatar)(picture)
    >>> 0 < abs(marked.astype(int) - picture).max() < 32
    True
    """

    def __init__(self, avatar: Avatar, day: datetime.date | None = None) -> None:
        """``day`` is that of the pictures, today by universal time for None; what a mark cannot say, as a clock may
        that is wrong, becomes the nearest that it can.

        Raises AvatarFileError for an avatar that is not valid.
        """
        when = day or datetime.datetime.now(datetime.timezone.utc).date()
        self.payload = Payload(short_id(avatar), min(max(when, FIRST_DAY), LAST_DAY))
        self._tile = tile(self.payload)

    def __call__(self, picture: Bytes) -> Bytes:
        """A copy of ``picture`` with the mark, (H, W, 3) or (H, W, 4) with straight alpha, which is kept."""
        return marked(picture, self._tile)
