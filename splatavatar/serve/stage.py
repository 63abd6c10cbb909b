"""An avatar that is loaded once and drawn for everybody who shows it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import parse_avatar
from splatavatar.avatar.format.container import EXPECTED, LARGEST_FILE
from splatavatar.avatar.library import resolve
from splatavatar.avatar.renderers.renderer import Colour, Picture
from splatavatar.drive.label import Label
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.input import read_bytes
from splatavatar.printable import printable
from splatavatar.render.camera import Camera
from splatavatar.trust.known import read_known
from splatavatar.trust.marks import PictureMarks
from splatavatar.trust.policy import check_sharing

LOG = logging.getLogger("splatavatar")
SMALLEST, LARGEST = 64, 2048
"""pixels of a side of a picture"""


class Stage:
    """An avatar with what draws it. Threads may share it: it draws one picture at a time."""

    def __init__(
        self,
        avatar: Avatar,
        content: bytes,
        device: str = "cpu",
        background: Colour = (1.0, 1.0, 1.0),
        marks: bool = True,
        label: str | None = None,
    ) -> None:
        """
        Args:
            avatar: whose consent has been asked for: ``open_stage`` does both.
            content: the bytes of its file, for those who draw it themselves.
            device: one of ``renderer.DEVICES``.
            background: RGB in [0, 1] behind the avatar.
            marks: whether pictures carry the watermark.
            label: a word in a corner of every picture; None for none.

        Raises:
            SettingsError: a label that cannot be drawn.
        """
        self.avatar, self.content = avatar, content
        self._performer = Performer(avatar, device)
        self._background = background
        self._marks = PictureMarks(avatar) if marks else None
        self._label = None if label is None else Label(label)
        self._cameras: dict[tuple[int, int], Camera] = {}
        self._lock = threading.Lock()

    def draw(self, signal: FaceSignal | None, width: int, height: int, label: Label | None = None) -> Picture:
        """The picture (H, W, 3) of a face from the front, labelled and marked; of rest for None.

        ``label``: one for this picture; that of the stage, which is its operator's, goes before it.

        Raises SettingsError for a size that is not offered.
        """
        if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
            raise SettingsError(f"a picture of {width}x{height} pixels, expected {SMALLEST} to {LARGEST} on each side.")
        with self._lock:
            camera = self._cameras.get((width, height))
            if camera is None:
                camera = self._cameras[width, height] = self._performer.camera(width, height)
            picture = self._performer.draw(signal, camera, self._background)
        label = self._label or label
        if label is not None:
            picture = label(picture)
        return picture if self._marks is None else self._marks(picture)


def open_stage(
    avatar: str | Path = "demo",
    without_consent: bool = False,
    device: str = "cpu",
    background: Colour = (1.0, 1.0, 1.0),
    marks: bool = True,
    label: str | None = None,
) -> Stage:
    """Load an avatar for showing it to others; what is shown is the very file whose consent was asked for.

    Args:
        avatar: its file, or "demo".
        without_consent: whether it is shown even if its file has no consent to calls; a line says so.
        device, background, marks, label: see ``Stage``.

    Raises:
        AvatarFileError: it cannot be read.
        TrustError: nobody has consented to show it to others, or its signer took it back.
    """
    path = resolve(avatar)
    content = read_bytes(path, AvatarFileError, EXPECTED, LARGEST_FILE)
    shown = printable(path)
    loaded = parse_avatar(content, shown)
    told = check_sharing(loaded, shown, without_consent, read_known().revocations)
    if told is not None:
        LOG.warning("%s", told)
    return Stage(loaded, content, device, background, marks, label)
