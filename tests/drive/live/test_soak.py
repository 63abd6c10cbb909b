"""A short turn of ``benchmarks/soak.py``, which does hours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from splatavatar.avatar.avatar import Avatar

SOAK = Path(__file__).parents[3] / "benchmarks" / "soak.py"


def test_a_minute_leaves_no_trace(avatar: Avatar) -> None:
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    assert spec is not None and spec.loader is not None
    soak = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = soak
    try:
        spec.loader.exec_module(soak)
        result = soak.soak(avatar, 60.0, 32)
    finally:
        del sys.modules["soak"]
    assert result.drawn_alike and result.rested_alike
    assert result.growth < soak.FLAT
    assert all(part.age < 60 for part in result.parts)
