"""Damage to recordings of every format, from a seed: what comes of it is a recording or one sentence."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.playback import schedule
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import MOST_HELD
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES
from support.joblib_files import joblib_dump

MUTANTS = 200
T = 20

NUMBERS = [
    *("inf", "-inf", "nan", "Infinity", "NaN", "1e308", "-1e308", "1e39", "5e-324", "-5e-324", "1e400", "-1", "0", "1"),
    *(
        "9" * 400,
        "-" + "9" * 400,
        "9" * 5000,
        "1e999999999",
        "0x10",
        "1_0",
        "²",
        "",
        "null",
        "true",
        "[]",
        '"1"',
        "1,5",
    ),
    *("2147483648", "4294967296", "9223372036854775808", "18446744073709551616", "1e18", "1e19", "33.3", "-0.0"),
]


def livelink(path: Path) -> Path:
    header = ["Timecode", "BlendshapeCount", *(name[0].upper() + name[1:] for name in NAMES), "HeadYaw", "LeftEyeYaw"]
    rows = [
        [f"{'23:59:59' if i < 10 else '00:00:00'}:{(50 + i) % 60:02d}.5", "61", *[f"{0.02 * i:.3f}"] * 52, "0.1", "0.2"]
        for i in range(T)
    ]
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
    return path


def audio2face(path: Path) -> Path:
    header = ["", "timeCode", *(f"blendShapes.{name}" for name in NAMES), "joy"]
    rows = [[str(i), repr(i / 30), *[f"{0.02 * i:.3f}"] * 52, "0"] for i in range(T)]
    path.write_text("\r\n".join(";".join(row).replace(".", ",") for row in rows))
    path.write_text("sep=;\n" + ";".join(header) + "\n" + path.read_text())
    return path


def arkit_json(path: Path) -> Path:
    frames = [{"weights": [round(0.02 * i, 3)] * 52, "time": i / 30, "rotation": []} for i in range(T)]
    path.write_text(json.dumps({"names": NAMES, "frames": frames}))
    return path


def ours(path: Path) -> Path:
    write_signal(path, moving_signal(T / 30))
    return path


def plain_npz(path: Path) -> Path:
    """Uncompressed: damage reaches the numbers and not only the deflate stream."""
    signal = moving_signal(T / 30)
    np.savez(path, time=signal.time, arkit=signal.arkit, arkit_names=np.array(NAMES), confidence=signal.confidence)
    return path


def flame(path: Path) -> Path:
    rng = np.random.default_rng(0)
    widths = {"rotation": 3, "neck_pose": 3, "jaw_pose": 3, "eyes_pose": 6, "translation": 3}
    np.savez(path, fps=np.array(25.0), **{name: rng.normal(0, 0.1, (T, width)) for name, width in widths.items()})
    return path


def artalk(path: Path) -> Path:
    np.savez_compressed(path, motions=np.random.default_rng(0).normal(0, 0.1, (T, 106)).astype(np.float32))
    return path


def amass(path: Path) -> Path:
    """Poses of SMPL-X, as AMASS names them."""
    np.savez(path, poses=np.random.default_rng(0).normal(0, 0.1, (T, 165)), mocap_frame_rate=np.array(30.0))
    return path


def talkshow(path: Path) -> Path:
    np.save(path, np.random.default_rng(0).normal(0, 0.1, (T, 265)).astype(np.float32))
    return path


def wham(path: Path) -> Path:
    poses = np.random.default_rng(0).normal(0, 0.1, (T, 72)).astype(np.float32)
    path.write_bytes(joblib_dump({np.int64(0): {"pose": poses, "frame_ids": np.arange(T)}}))
    return path


def romp(path: Path) -> Path:
    pictures = {f"{i}.png": {"smpl_thetas": np.full((1, 72), 0.01 * i), "track_ids": np.array([1])} for i in range(T)}
    np.savez(path, results=np.array(pictures, dtype=object))
    return path


FORMATS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "livelink": (".csv", livelink),
    "audio2face": (".csv", audio2face),
    "json": (".json", arkit_json),
    "ours": (".npz", ours),
    "plain": (".npz", plain_npz),
    "flame": (".npz", flame),
    "artalk": (".npz", artalk),
    "amass": (".npz", amass),
    "talkshow": (".npy", talkshow),
    "wham": (".pkl", wham),
    "romp": (".npz", romp),
}


def mutant(whole: bytes, random: Random, text: bool) -> bytes:
    """``whole`` after one to four kinds of damage."""
    content = bytearray(whole)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        if not content:
            break
        at, other = random.randrange(len(content)), random.randrange(len(content))
        low, high = sorted((at, other))
        kind = random.randrange(9)
        if kind == 0:
            content[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del content[at:]
        elif kind == 2:
            del content[low : min(high, low + 200)]
        elif kind == 3:
            content[at:at] = content[low : min(high, low + 400)]
        elif kind == 4:
            content[at : at + random.choice([1, 2, 4, 8])] = random.randbytes(random.choice([1, 2, 4, 8]))
        elif kind == 5:
            content[at : at + 8] = random.choice([b"\xff" * 8, b"\0" * 8, b"\xff\xff\xff\x7f", b"\0\0\0\0\0\0\xf0\x7f"])
        elif kind == 6:
            content[at:at] = random.choice([b"\n", b"\r", b'"', b"\0", b",", b";", b"\xef\xbb\xbf", b"[" * 3000, b"#"])
        else:
            content = replaced(content, random) if text else claimed(content, random)
    return bytes(content)


def replaced(content: bytearray, random: Random) -> bytearray:
    """One of the numbers of a text is another one."""
    at = content.find(random.choice([b",", b";", b" ", b":"]), random.randrange(len(content)))
    if at < 0:
        return content
    end = at + 1
    while end < len(content) and content[end] in b"0123456789.eE+- ":
        end += 1
    content[at + 1 : end] = random.choice(NUMBERS).encode()
    return content


def claimed(content: bytearray, random: Random) -> bytearray:
    """One of the arrays claims another shape or type, or holds other numbers; checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            arrays = {name: bytearray(archive.read(name)) for name in archive.namelist()}
        name = random.choice(list(arrays))
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        NotImplementedError,
        EOFError,
        RuntimeError,
        IndexError,
    ):
        return content
    array = arrays[name]
    old, new = random.choice([
        (b"(20,", b"(-1,"), (b"(20,", b"(10000000000,"), (b"(20,", b"(0,"), (b"52)", b"5200000000)"), (b"52)", b"51)"),
        (b"f8", b"f2"), (b"f8", b"i8"), (b"f4", b"c8"), (b"f4", b"U9"), (b"<f", b">f"), (b"False", b"True"),
        (b"'", b"("),
    ])  # fmt: skip
    if random.random() < 0.5 and len(array) > 136:
        value = random.choice([np.inf, np.nan, 1e308, -1e308, 5e-324, 1e39, 1e6, -1.0])
        at = 128 + 8 * random.randrange((len(array) - 128) // 8)
        array[at : at + 8] = random.choice([np.float64(value).tobytes(), 2 * float32(value)])
    else:
        at = array.find(old)
        if at >= 0:
            array[at : at + len(old)] = new
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        for other, data in arrays.items():
            archive.writestr(other, bytes(data))
    return bytearray(out.getvalue())


def float32(value: float) -> bytes:
    with np.errstate(over="ignore"):
        return np.float32(value).tobytes()


def try_mutants(folder: Path, name: str, count: int, seed: int) -> int:
    """Read ``count`` mutants; how many were read all the same. Any other exception than SignalError goes through."""
    suffix, make = FORMATS[name]
    path = make(folder / f"whole{suffix}")
    whole, read = path.read_bytes(), 0
    assert len(read_signal(path)) == T
    for number in range(count):
        damaged = folder / f"mutant{suffix}"
        damaged.write_bytes(mutant(whole, Random(f"{name} {seed} {number}"), suffix != ".npz"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                check(read_signal(damaged))
                read += 1
            except SignalError as error:
                assert "\n" not in str(error) and len(str(error)) < 1000, f"{name} {seed} {number}"
            except Exception as error:
                raise AssertionError(f"mutant {name} {seed} {number}") from error
    return read


def check(recording: Recording) -> None:
    """All that playing it relies on."""
    parts: dict[str, Any] = {**vars(recording), "steps": np.diff(recording.time)}
    assert all(np.isfinite(part).all() for part in parts.values())
    assert (parts["steps"] > 0).all() and recording.time[0] == 0
    assert recording.arkit.min() >= 0 and recording.arkit.max() <= 1
    assert recording.confidence.min() >= 0 and recording.confidence.max() <= 1
    assert len(schedule(recording)) <= MOST_HELD * (len(recording) + 30) + 1


@pytest.mark.parametrize("name", FORMATS)
def test_mutants(tmp_path: Path, name: str) -> None:
    assert try_mutants(tmp_path, name, MUTANTS, seed=0) < MUTANTS


def test_mutants_of_a_folder(tmp_path: Path) -> None:
    from splatavatar.drive.sources.recorded.flame_npz import FRAME

    widths = dict(zip(FRAME, (3, 3, 3, 6, 3, 100), strict=True))
    frames = tmp_path / "flame_param"
    frames.mkdir()
    for index in range(6):
        np.savez(frames / f"{index}.npz", **{name: np.full((1, width), 0.01) for name, width in widths.items()})
    whole = (frames / "3.npz").read_bytes()
    random = Random(0)
    for _ in range(MUTANTS):
        (frames / "3.npz").write_bytes(mutant(whole, random, False))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                check(read_signal(tmp_path))
            except SignalError as error:
                assert "\n" not in str(error)
