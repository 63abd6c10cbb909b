"""Recorded face signals, whatever program wrote them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from splatavatar.arrays import npz_names, read_npz
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.arkit_csv import read_arkit_csv
from splatavatar.drive.sources.recorded.arkit_json import read_arkit_json
from splatavatar.drive.sources.recorded.csv_table import Table
from splatavatar.drive.sources.recorded.flame_npz import flame_names, flame_recording, is_flame, read_flame_folder
from splatavatar.drive.sources.recorded.livelink_csv import is_livelink, read_livelink_csv
from splatavatar.drive.sources.recorded.signal_npz import signal_recording
from splatavatar.drive.sources.recorded.smpl.frame_files import frames_folder, read_body_folder
from splatavatar.drive.sources.recorded.smpl.parameters import BODY, NAMES, NOT_BODIES, POSES, body_motion, is_body
from splatavatar.drive.sources.recorded.smpl.pickled import ROMP, read_body_pickle, read_romp
from splatavatar.drive.sources.recorded.smpl.recording import body_recording
from splatavatar.drive.sources.recorded.smpl.talkshow import read_talkshow
from splatavatar.errors import SignalError
from splatavatar.input import open_input

MOST = 1 << 29
"""bytes of the arrays of a recording"""
EXPECTED = "a face signal (.json, .csv or .npz)"
HEAD = 4096
"""bytes of a file that show what it holds"""
PICKLE = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
"""how pickles begin that are not text"""
KINDS = {
    ".npz": "npz arrays",
    ".npy": "an npy array",
    ".pkl": "a pickle",
    ".json": "JSON",
    ".csv": "a table",
    ".gz": "a compressed file",
    ".mp4": "a video",
    ".wav": "sound",
}
"""what files hold, by the suffix that they have"""
SUGGESTIONS = {
    ".gz": "unpack it (packets of Live Link Face are for --livelink)",
    ".mp4": "a video drives with --video",
    ".wav": "sound drives with --audio",
}
"""where it is no recorded face"""
TORCH = (".pt", ".pth")
TORCH_ADVICE = (
    "of a motion by SMPL write the parameters as npz: numpy.savez('motion.npz', "
    "**{name: value.cpu().numpy() for name, value in parameters.items()}), which are smpl_params_global of GVHMR"
)
"""a file of torch is a pickle in a zip"""


def read_signal(path: str | Path) -> Recording:
    """Read ARKit JSON or CSV, a Live Link Face take, our npz, FLAME parameters (npz, or VHAP's folder of them), or what
    a face shows of a body by SMPL, SMPL-H or SMPL-X (npz, npy, pickles, or a folder with one file a frame).

    They are told apart by the suffix and by what they hold. Raises SignalError.
    """
    path = Path(path)
    if os.path.isdir(path):  # False where it may not be looked at: what opens it says so
        return _read_folder(path)
    with open_input(path, SignalError, EXPECTED) as file:
        holds = _kind(file.read(HEAD))
    suffix = path.suffix.lower()
    if suffix in TORCH:
        raise SignalError(f"{path}: a file of torch, expected {EXPECTED}; {TORCH_ADVICE}.")
    reader = READERS.get(suffix)
    if reader is not None and holds in (None, ".csv" if suffix == ".tsv" else suffix):
        return reader(path)
    if holds is None:
        raise SignalError(
            f"{path}: unknown kind of face signal, expected .json (ARKit), .csv (Live Link Face) or .npz."
        )
    advice = SUGGESTIONS.get(holds, f"rename it to {path.with_suffix(holds).name}")
    raise SignalError(f"{path}: holds {KINDS[holds]}, expected {EXPECTED}; {advice}.")


def _read_folder(path: Path) -> Recording:
    try:
        inner = None if os.path.isdir(path / "flame_param") else frames_folder(path)
        if inner is not None:
            return read_body_folder(inner)
        if os.path.isdir(path / "flame_param") or any(p.suffix.lower() == ".npz" for p in path.iterdir()):
            return read_flame_folder(path)
    except OSError as error:
        raise SignalError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}.") from error
    raise SignalError(f"{path}: a folder, expected {EXPECTED}.")


def _read_table(path: Path) -> Recording:
    table = Table(path)
    return read_livelink_csv(table) if is_livelink(table) else read_arkit_csv(table)


def _read_npz(path: Path) -> Recording:
    expected = "an intact npz file of plain arrays"
    names = npz_names(path, SignalError, expected)
    if ROMP in names and "arkit" not in names:
        recording = read_romp(path)
        if recording is not None:
            return recording
    if any(name in (*POSES, *BODY) for name in names):
        body = read_npz(path, SignalError, (*NAMES, *NOT_BODIES), expected, MOST)
        if is_body(body):
            return body_recording(body_motion(body, str(path)), str(path))
    chosen = None if "arkit" in names else flame_names(names)
    arrays = read_npz(path, SignalError, chosen, expected, MOST)
    return flame_recording(arrays, str(path)) if is_flame(arrays) else signal_recording(arrays, str(path))


READERS: dict[str, Callable[[Path], Recording]] = {
    ".json": read_arkit_json,
    ".csv": _read_table,
    ".tsv": _read_table,
    ".npz": _read_npz,
    ".npy": read_talkshow,
    ".pkl": read_body_pickle,
}


def _kind(head: bytes) -> str | None:
    """The suffix that files have which begin like ``head``; None where that shows nothing."""
    if head.startswith(b"PK\x03\x04"):
        return ".npz"
    if head.startswith(b"\x93NUMPY"):
        return ".npy"
    if head.startswith(PICKLE):
        return ".pkl"
    if head.startswith(b"\x1f\x8b"):
        return ".gz"
    if head[4:8] == b"ftyp" or head.startswith(b"\x1aE\xdf\xa3"):
        return ".mp4"
    if head.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3")):
        return ".mp4" if head[8:12] == b"AVI " else ".wav"
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith((b"{", b"[")):
        return ".json"
    return ".csv" if b"jawopen" in text.replace(b"_", b"") else None
