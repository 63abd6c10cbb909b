"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from splatavatar.errors import OutputError
from splatavatar.output import atomic_write

ROOT = Path(__file__).parents[1]
WRITE_A_MEGABYTE = """
import sys
from pathlib import Path
from splatavatar.errors import OutputError
from splatavatar.output import atomic_write

path = Path(sys.argv[1])
path.write_bytes(b"old")
LIMIT
try:
    with atomic_write(path) as file:
        file.write(bytes(1 << 20))
except OutputError as error:
    print(error)
print(path.read_bytes(), [entry.name for entry in path.parent.iterdir()])
"""


def test_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("exception", [ValueError("no"), KeyboardInterrupt()])
def test_any_exception_keeps_the_old_file(tmp_path: Path, exception: BaseException) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(type(exception)), atomic_write(path) as file:
        file.write(b"half")
        raise exception
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_first_file_that_fails_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(OutputError) as error, atomic_write(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(error.value) == f"cannot write {path}: no space left on the device"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=64k none {tmp_path} && exec "
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Urm", "sh", "-c", mount + "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    script = WRITE_A_MEGABYTE.replace("LIMIT", "")
    command = mount + f"'{sys.executable}' -c '{script}' {tmp_path}/x"
    done = subprocess.run([unshare, "-Urm", "sh", "-c", command], capture_output=True, text=True, env=_environment())
    assert done.stdout.splitlines() == [
        f"cannot write {tmp_path}/x: no space left on the device; the previous file is unchanged",
        "b'old' ['x']",
    ], done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_a_limit_on_the_size_keeps_the_old_file(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    script = WRITE_A_MEGABYTE.replace("LIMIT", limit)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, text=True, env=_environment()
    )
    assert done.stdout.splitlines() == [
        f"cannot write {tmp_path}/x: the file is larger than allowed here; the previous file is unchanged",
        "b'old' ['x']",
    ], done.stderr


def test_a_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x"
    with pytest.raises(OutputError) as error, atomic_write(path):
        pass
    assert str(error.value) == f"cannot write {path}: its folder does not exist"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc, where not even root can make a file")
def test_a_folder_that_is_not_writable() -> None:
    with pytest.raises(OutputError, match=r"^cannot write /proc/x: "), atomic_write("/proc/x"):
        pass


def test_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"it is a folder, expected the name of a file$"), atomic_write(tmp_path):
        pass
    with pytest.raises(OutputError, match="it is a device or a pipe"), atomic_write(os.devnull):
        pass
    assert not os.path.isfile(os.devnull)


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "x")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "x").read_bytes() == b"new"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
