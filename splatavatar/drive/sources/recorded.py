"""Recorded face signals, whatever program wrote them."""

from __future__ import annotations

from pathlib import Path

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.arkit_json import read_arkit_json
from splatavatar.drive.sources.livelink_csv import read_livelink_csv
from splatavatar.drive.sources.signal_npz import read_signal_npz
from splatavatar.errors import SignalError

READERS = {".json": read_arkit_json, ".csv": read_livelink_csv, ".npz": read_signal_npz}


def read_signal(path: str | Path) -> Recording:
    """Read ARKit JSON, a Live Link Face CSV take or our npz, told apart by the suffix. Raises SignalError."""
    path = Path(path)
    if not path.exists():
        raise SignalError(f"{path}: no such file.")
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
