"""A short turn of ``benchmarks/soak.py``, which does hours."""

from __future__ import annotations

from soak import FLAT, soak

from splatavatar.avatar.avatar import Avatar


def test_a_minute_leaves_no_trace(avatar: Avatar) -> None:
    result = soak(avatar, 60.0, 32)
    assert result.drawn_alike and result.rested_alike
    assert result.growth < FLAT
    assert all(part.age < 60 for part in result.parts)
