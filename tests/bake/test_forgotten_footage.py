"""What a bake keeps of its footage: the user's alone, in use while it runs, and gone where that was asked for."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from splatavatar.bake.api import bake
from splatavatar.bake.events import Event, FootageForgotten, FootageKept, Training
from splatavatar.bake.reporting.monitor import sentences
from splatavatar.kept.kinds import FOOTAGE
from splatavatar.kept.things import remove, things

SAMPLE = Path(__file__).parents[2] / "data" / "sample-capture"


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pictures of the sample capture, small and without mattes, and a cache that holds the body model alone."""
    from splatavatar.folders import cache_folder

    cache = tmp_path / "cache"
    cache.mkdir()
    for path in cache_folder().glob("anny-*.npz"):
        (cache / path.name).symlink_to(path)
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(cache))
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))
    root = tmp_path / "me"
    (root / "images").mkdir(parents=True)
    data = json.loads((SAMPLE / "transforms.json").read_text())
    factor = 128 / data["w"]
    data |= {name: data[name] * factor for name in ("fl_x", "fl_y", "cx", "cy")} | {"w": 128, "h": 128}
    data["frames"] = [f for f in data["frames"] if f["camera_index"] in (0, 5) and f["timestep_index"] == 0]
    for split in ("train", "val", "test"):
        data.pop(f"{split}_filenames", None)
    for frame in data["frames"]:
        for name in ("mask_path", "fg_mask_path"):
            frame.pop(name, None)
        Image.open(SAMPLE / frame["file_path"]).resize((128, 128)).save(root / frame["file_path"])
    (root / "transforms.json").write_text(json.dumps(data))
    shutil.copy(SAMPLE / "rig_params.npz", root)
    return root


def baked(bare: Path, heard: Callable[[Event], object], forget: bool = True) -> list[Event]:
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        heard(event)

    out = bare.parent / "me.splatavatar"
    with suppress(KeyboardInterrupt, RuntimeError):
        bake(bare, out, iterations=20, preset="fast", forget_footage=forget, on_event=listen)
    return told


def kept() -> list[str]:
    return sorted(thing.path.name for thing in things((FOOTAGE,)) if "work" not in thing.path.name)


def test_a_bake_keeps_and_another_forgets(bare: Path) -> None:
    during: list[bool] = []

    def clear(event: Event) -> None:
        if isinstance(event, Training) and not during:
            during.extend(remove(thing) for thing in things((FOOTAGE,)) if thing.path.name.startswith("me-"))

    baked(bare, clear, forget=False)
    assert during == [False]  # what a bake uses stays
    (name,) = kept()
    folder = bare.parent / "cache" / "captures" / name
    assert name.startswith("me-") and name.endswith("-mattes")
    for path in (folder.parent, folder, *folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    folder.parent.chmod(0o755)
    modes: list[int] = []

    def look(event: Event) -> None:
        if isinstance(event, Training):
            modes.append(stat.S_IMODE(folder.parent.stat().st_mode))

    told = baked(bare, look)
    assert set(modes) == {0o700}  # what older versions have left open is closed when it is used
    assert kept() == []
    (gone,) = [event for event in told if isinstance(event, FootageForgotten)]
    assert gone.places == 1 and gone.bytes > 1000
    assert gone.kept == (f"{bare.parent / 'me.report.html'} shows pictures of it, and names it",)
    assert sentences(gone)[0].startswith("the footage is forgotten: 1 file or folder is removed, ")
    assert sorted(path.name for path in bare.parent.glob("me*")) == ["me", "me.report.html", "me.splatavatar"]
    assert (bare / "transforms.json").is_file()  # the footage itself is the user's


def test_after_a_failure_it_is_forgotten_and_who_interrupts_finds_it(bare: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, Training):
            raise KeyboardInterrupt

    told = baked(bare, interrupt)
    assert [event for event in told if isinstance(event, FootageKept)]
    assert "--resume" in sentences(FootageKept())[0]
    assert len(kept()) == 1
    assert (bare.parent / "me.splatavatar.checkpoint").stat().st_mode & 0o077 == 0

    def fail(event: Event) -> None:
        if isinstance(event, Training):
            raise RuntimeError

    told = baked(bare, fail)
    assert isinstance(told[-1], FootageForgotten)
    assert kept() == []
    assert not (bare.parent / "me.splatavatar.checkpoint").exists()


def test_what_another_bake_uses_stays(bare: Path) -> None:
    def other(event: Event) -> None:
        if isinstance(event, Training) and len(kept()) == 1:
            told.extend(baked_within())

    told: list[Event] = []

    def baked_within() -> list[Event]:
        return baked(bare, lambda event: None)

    baked(bare, other, forget=False)
    gone = [event for event in told if isinstance(event, FootageForgotten)]
    assert gone and all("another splatavatar uses" in event.kept[0] for event in gone)
    assert len(kept()) == 1
