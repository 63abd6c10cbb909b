"""The most recently baked avatar."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import remember, resolve
from splatavatar.errors import SettingsError

NONE_YET = "no avatar yet; bake one with: splatavatar bake CAPTURE, or name demo, which comes along"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_argument_is_taken_as_it_is(tmp_path: Path) -> None:
    remember(tmp_path / "other")
    assert resolve("some/face.splatavatar") == Path("some/face.splatavatar")


def test_the_last_one_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.splatavatar", "b ü.splatavatar"):
        Path(name).touch()
        remember(name)
    monkeypatch.chdir("/")
    assert resolve(None) == tmp_path / "b ü.splatavatar"


def test_the_default_place_is_below_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPLATAVATAR_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a").touch()
    remember(tmp_path / "a")
    assert (tmp_path / ".local/share/splatavatar/recent").read_text() == f"{tmp_path}/a\n"
    assert resolve(None) == tmp_path / "a"


def test_no_avatar_yet() -> None:
    with pytest.raises(SettingsError) as error:
        resolve(None)
    assert str(error.value) == NONE_YET


@pytest.mark.parametrize("content", [b"", b"relative\n", b"/a\0b\n", b"/" + b"x" * 5000])
def test_a_damaged_record_counts_as_none(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "recent").write_bytes(content)
    with pytest.raises(SettingsError, match=f"^{NONE_YET}$"):
        resolve(None)


def test_an_avatar_that_is_gone(tmp_path: Path) -> None:
    remember(tmp_path / "a")
    with pytest.raises(SettingsError) as error:
        resolve(None)
    assert str(error.value) == (
        f"the most recently baked avatar, {tmp_path}/a, is no longer there;"
        " name an avatar file, or bake one with: splatavatar bake CAPTURE"
    )


def test_a_home_that_cannot_be_written_is_no_error(home: Path, tmp_path: Path) -> None:
    home.write_text("a file, no folder")
    remember(tmp_path / "a")
    with pytest.raises(SettingsError, match="no avatar yet"):
        resolve(None)


def test_the_avatar_that_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    avatar = load_avatar(resolve("demo"))
    assert avatar.metadata["name"] == "demo" and resolve("demo").stat().st_size <= 4_000_000
    (tmp_path / "demo").write_bytes(b"")
    assert resolve("demo") == Path("demo")
