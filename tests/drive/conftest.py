"""A small avatar; a package that adds sinks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.rig.rig import Rig
from support.small_avatar import small_avatar, small_rig


@pytest.fixture
def avatar() -> Avatar:
    return small_avatar()


@pytest.fixture
def rig() -> Rig:
    return small_rig()


@pytest.fixture
def rig_with_eyes() -> Rig:
    return small_rig(eye_joints=(3, 4))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a package as pip would install it."""

    def install(points: dict[str, str], **modules: str) -> None:
        for name, code in modules.items():
            (tmp_path / f"{name}.py").write_text(code)
            monkeypatch.delitem(sys.modules, name, raising=False)
        about = tmp_path / "a_stage-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: a-stage\nVersion: 1.0\n")
        lines = "\n".join(f"{name} = {value}" for name, value in points.items())
        (about / "entry_points.txt").write_text(f"[splatavatar.sinks]\n{lines}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install
