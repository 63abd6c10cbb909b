"""The page's pictures against those of ``splatavatar render``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import chosen_frame
from splatavatar.drive.sources.recorded.read import read_signal

Bytes = NDArray[np.uint8]
SIZE = 512
SIGNAL = Path(__file__).parents[2] / "data" / "signals" / "hello.npz"


@dataclass(frozen=True)
class View:
    """A pose and a camera."""

    yaw: float = 0.0
    pitch: float = 0.0
    frame: int | None = None
    distance: float | None = None

    def query(self, background: str, **more: str) -> str:
        """Of the deep link, without the watermark: pictures are compared."""
        size = f"{SIZE}x{SIZE}"
        fields = {"yaw": f"{self.yaw:g}", "pitch": f"{self.pitch:g}", "size": size, "ui": "0", "marks": "0", **more}
        if self.distance is not None:
            fields["distance"] = f"{self.distance:g}"
        if self.frame is not None:
            fields.update(signal=f"signals/{SIGNAL.name}", frame=str(self.frame))
        return urlencode({**fields, "background": background})


VIEWS = (
    View(),
    View(yaw=30),
    View(yaw=-30),
    View(yaw=60),
    View(yaw=-75),
    View(pitch=20),
    View(yaw=30, pitch=-20),
    View(yaw=-60, pitch=35, distance=0.7),
    View(frame=40),
    View(yaw=-30, pitch=10, frame=70),
)


def rendered(avatar: Avatar, view: View, background: tuple[float, float, float] | None) -> Bytes:
    """What ``splatavatar render`` draws: (SIZE, SIZE, 3), or (SIZE, SIZE, 4) with straight alpha."""
    recording = None if view.frame is None else read_signal(SIGNAL)
    camera = default_camera(avatar, SIZE, SIZE, math.radians(view.yaw), math.radians(view.pitch), view.distance)
    return Performer(avatar).draw(chosen_frame(recording, view.frame or 0), camera, background)


SWAP = 8.0
"""levels"""


@dataclass(frozen=True)
class Difference:
    """Of two pictures, in levels of 255, where the avatar is."""

    mean: float
    p999: float
    largest: float
    swapped: int
    """pixels that differ by more than ``SWAP``: there two Gaussians, the one less than the page's 0.05 mm behind the
    other, have changed places"""


def difference(page: Bytes, reference: Bytes, alpha: Bytes) -> Difference:
    """Of two pictures over one background, or with straight alpha, which are then compared over white.

    ``alpha`` (H, W) says where there is something.
    """
    off = np.abs(over_white(page) - over_white(reference)).mean(-1)[alpha > 8]
    return Difference(float(off.mean()), float(np.quantile(off, 0.999)), float(off.max()), int((off > SWAP).sum()))


def over_white(picture: Bytes) -> NDArray[np.float64]:
    """(H, W, 3) levels."""
    colour = picture[..., :3].astype(np.float64)
    if picture.shape[2] == 3:
        return colour
    share = picture[..., 3:] / 255
    return colour * share + 255 * (1 - share)
