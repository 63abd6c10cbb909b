from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from splatavatar.array_types import Bytes
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.performer import Performer
from splatavatar.trust.watermark.payload import Payload


@pytest.fixture(scope="session")
def said() -> Payload:
    return Payload("0f9e8d7c6b", date(2026, 8, 2))


@pytest.fixture(scope="session")
def transparent() -> Bytes:
    """(384, 384, 4) the avatar of the package with nothing behind it."""
    performer = Performer(load_avatar(DEMO))
    return performer.draw(None, performer.camera(384, 384), None)


@pytest.fixture(scope="session")
def picture(transparent: Bytes) -> Bytes:
    """The same over white."""
    return over(transparent, 255)


def over(image: Bytes, behind: int) -> Bytes:
    alpha = image[..., 3:] / 255
    return np.rint(image[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)
