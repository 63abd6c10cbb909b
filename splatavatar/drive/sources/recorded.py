"""Recorded face signals, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.arkit_csv import read_arkit_csv
from splatavatar.drive.sources.arkit_json import read_arkit_json
from splatavatar.drive.sources.flame_npz import flame_recording, is_flame, load_arrays, read_flame_folder
from splatavatar.drive.sources.livelink_csv import read_livelink_csv
from splatavatar.drive.sources.signal_npz import read_signal_npz
from splatavatar.errors import SignalError


def _read_csv(path: Path) -> Recording:
    """A take of Live Link Face has a timecode; anything else is plain."""
    with path.open("rb") as file:
        header = file.readline(1 << 16)
    return read_livelink_csv(path) if b"timecode" in header.lower() or not header.strip() else read_arkit_csv(path)


def _read_npz(path: Path) -> Recording:
    arrays = load_arrays(path)
    return flame_recording(arrays, str(path)) if is_flame(arrays) else read_signal_npz(path)


READERS = {".json": read_arkit_json, ".csv": _read_csv, ".npz": _read_npz}


def read_signal(path: str | Path) -> Recording:
    """Read ARKit JSON or CSV, a Live Link Face take, our npz, or FLAME parameters (npz, or VHAP's folder of them).

    They are told apart by the suffix and by what they hold. Raises SignalError.
    """
    path = Path(path)
    if not path.exists():
        raise SignalError(f"{path}: no such file.")
    if path.is_dir() and (any(path.glob("*.npz")) or (path / "flame_param").is_dir()):
        return read_flame_folder(path)
    if not path.is_file():
        raise SignalError(f"{path}: a folder, expected a face signal (.json, .csv or .npz).")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SignalError(
            f"{path}: unknown kind of face signal, expected .json (ARKit), .csv (Live Link Face) or .npz."
        )
    try:
        return reader(path)
    except OSError as error:
        raise SignalError(f"{path}: cannot be read: {error.strerror}.") from error
