from __future__ import annotations

import os
from pathlib import Path

import pytest

from splatavatar import folders
from splatavatar.folders import cache_folder, config_folder, data_folder, plain_name


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SPLATAVATAR_CACHE", "SPLATAVATAR_HOME", "SPLATAVATAR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(folders.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    folders._among_temporary.cache_clear()


def test_what_is_said_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "c"))
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "h"))
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "f"))
    assert (cache_folder(), data_folder(), config_folder()) == (tmp_path / "c", tmp_path / "h", tmp_path / "f")


def test_a_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "splatavatar"
    assert data_folder() == tmp_path / ".local" / "share" / "splatavatar"
    assert config_folder() == tmp_path / ".config" / "splatavatar"


@pytest.mark.parametrize("home", ["", "relative", "/dev/null", "/proc/none"])
def test_no_home_that_can_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.setattr(folders.os, "access", lambda path, mode: not str(path).startswith("/proc"))
    own = tmp_path / "temporary" / f"splatavatar-{os.getuid()}"
    assert (cache_folder(), data_folder()) == (own / ".cache", own / "share")
    assert own.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("trap", ["link", "open", "file"])
def test_a_folder_that_others_may_write_to_is_not_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trap: str
) -> None:
    monkeypatch.setenv("HOME", "")
    own = tmp_path / "temporary" / f"splatavatar-{os.getuid()}"
    if trap == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        own.symlink_to(tmp_path / "elsewhere")
    elif trap == "open":
        own.mkdir()
        own.chmod(0o777)
    else:
        own.write_text("")
    assert cache_folder() == own.with_name(own.name + "-1") / ".cache"


def test_a_user_whom_nobody_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("only root can be another user")
    monkeypatch.delenv("HOME")
    (tmp_path / "temporary").chmod(0o777)
    made_by_pytest = [folder for folder in tmp_path.parents if folder.name.startswith(("pytest-", "popen-"))]
    for folder in (tmp_path, *made_by_pytest):
        folder.chmod(0o755)
    child = os.fork()
    if child == 0:
        right = False
        try:
            os.setuid(54321)
            right = cache_folder() == tmp_path / "temporary" / "splatavatar-54321" / ".cache"
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_plain_names() -> None:
    assert plain_name("me at home") == "me-at-home"
    assert plain_name("Fran\udce7ois/[red]\n") == "Fran-ois-red"
    assert plain_name("長い題名") == "unnamed"
    assert len(plain_name("x" * 300)) == 48
