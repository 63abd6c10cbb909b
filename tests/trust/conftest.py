from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import save_avatar
from splatavatar.trust.keys import SigningKey, new_key
from splatavatar.trust.signing import sign_avatar
from support.random_avatar import random_avatar


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A config folder of the test's own, which is not there yet."""
    folder = tmp_path / "config"
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(folder))
    monkeypatch.delenv("SPLATAVATAR_KEY_PASSWORD", raising=False)
    return folder


@pytest.fixture
def small() -> Avatar:
    """The smallest avatar that has everything."""
    sizes = {"gaussians": 3, "vertices": 5, "faces": 4, "expressions": 1, "joints": 2, "correctives": 1}
    return random_avatar(np.random.default_rng(0), **sizes, support=1.0, uv=False, sh=False)


@pytest.fixture
def ann() -> SigningKey:
    return new_key("Ann")


@pytest.fixture
def signed(tmp_path: Path, small: Avatar, ann: SigningKey) -> Path:
    """A small avatar file that Ann has signed."""
    path = tmp_path / "signed.splatavatar"
    save_avatar(path, small)
    sign_avatar(path, path, ann)
    return path
