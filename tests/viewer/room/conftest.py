"""What the tests of rooms share."""

from __future__ import annotations

import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from support.thinned import thinned


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with every fiftieth Gaussian of the demo avatar."""
    path = tmp_path_factory.mktemp("room") / "few.splatavatar"
    save_avatar(path, thinned(load_avatar(DEMO), 50))
    return path.read_bytes()
