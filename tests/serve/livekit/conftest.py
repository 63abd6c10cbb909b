from __future__ import annotations

import pytest

from splatavatar.avatar.file import save_avatar
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.stage import Stage, open_stage
from support.consents import consenting
from support.livekit_sound import sent
from support.small_avatar import small_avatar

__all__ = ["sent"]

SMALL = FaceOptions(width=64, height=64)
"""pictures that are drawn in no time"""


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """An avatar whose person agrees to be shown."""
    path = tmp_path_factory.mktemp("stage") / "ann.splatavatar"
    save_avatar(path, consenting(small_avatar()))
    return open_stage(path, marks=False)
