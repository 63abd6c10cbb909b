"""What the tests of rooms share."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with every fiftieth Gaussian of the demo avatar."""
    avatar = load_avatar(DEMO)
    g, c = avatar.gaussians, avatar.correctives
    some = {field.name: getattr(g, field.name)[::50] for field in fields(g)}
    linear = replace(c, position=c.position[:, ::50], colour=c.colour[:, ::50])
    path = tmp_path_factory.mktemp("room") / "few.splatavatar"
    save_avatar(path, replace(avatar, gaussians=replace(g, **some), correctives=linear))
    return path.read_bytes()
