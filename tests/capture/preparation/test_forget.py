from __future__ import annotations

import json
from pathlib import Path

import pytest

from splatavatar.capture.preparation.forget import forget_footage
from splatavatar.kept.use import note_made, note_used, using

ME, YOU = "a" * 64, "b" * 64


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with captures prepared of two clips, with two choices of pictures each, and one that is damaged."""
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    for name, clips in (("me-1", [ME]), ("me-2", [ME]), ("both-3", [YOU, ME]), ("you-4", [YOU])):
        folder = tmp_path / "cache" / "captures" / name
        folder.mkdir(parents=True)
        described = [{"name": "clip.mp4", "sha256": digest} for digest in clips]
        (folder / "extract.json").write_text(json.dumps({"clips": described}))
    (tmp_path / "cache" / "captures" / "odd-5").mkdir()
    (tmp_path / "cache" / "captures" / "odd-5" / "extract.json").write_text('{"clips": 3')
    (tmp_path / "cache" / "captures" / "odd-6").mkdir()
    (tmp_path / "cache" / "captures" / "odd-6" / "extract.json").write_text('{"clips": [3, {"sha256": null}]}')
    (tmp_path / "cache" / "landmarks").mkdir()
    for digest in (ME, YOU):
        for number in range(2):
            (tmp_path / "cache" / "landmarks" / f"{digest[:16]}-{number}.npz").write_bytes(bytes(10))
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clip_is_forgotten_however_it_was_prepared(cache: Path) -> None:
    with using() as used:
        note_used(cache / "captures" / "me-1", [ME])
    gone = forget_footage(used)
    assert names(cache / "captures") == ["odd-5", "odd-6", "you-4"]
    assert names(cache / "landmarks") == [f"{YOU[:16]}-{number}.npz" for number in range(2)]
    assert (len(gone.removed), gone.kept) == (5, ())


def test_what_lies_beside_the_avatar_goes_when_the_bake_has_put_it_there(cache: Path, tmp_path: Path) -> None:
    for name in ("mine.checkpoint", "other.checkpoint"):
        (tmp_path / name).touch()
    with using() as used:
        note_made(tmp_path / "mine.checkpoint")
        note_used(tmp_path)  # the user's own folder
    forget_footage(used)
    assert names(tmp_path) == ["cache", "other.checkpoint"]
    assert len(names(cache / "captures")) == 6


def test_what_another_uses_stays_and_is_told_of(cache: Path) -> None:
    with using() as other:
        note_used(cache / "captures" / "me-2", [])
        with using() as used:
            note_used(cache / "captures" / "me-1", [ME])
            gone = forget_footage(used)
        assert gone.kept == (f"another splatavatar uses {cache / 'captures' / 'me-2'}; it stays",)
        assert "me-2" in names(cache / "captures")
        assert other.paths


def test_with_everything_gone_the_folders_go(cache: Path) -> None:
    with using() as used:
        for path in (cache / "captures").iterdir():
            note_used(path, [ME, YOU])
    forget_footage(used)
    assert not cache.exists()
