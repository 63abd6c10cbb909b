"""Small random avatars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from support.random_avatar import differences, random_avatar


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def make_avatar() -> Callable[..., Avatar]:
    return random_avatar


@pytest.fixture
def compare() -> Callable[[Avatar, Avatar], list[str]]:
    return differences


@pytest.fixture
def avatar(rng: np.random.Generator) -> Avatar:
    return random_avatar(rng)
