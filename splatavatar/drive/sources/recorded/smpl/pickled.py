"""Motions of bodies in pickles, which are read without running them: WHAM's and VIBE's of every person, ROMP's of every
picture.

WHAM writes by joblib a dictionary of the people by their tracks, with ``pose`` (T, 72) and ``frame_ids``. ROMP writes
npz with one pickled object, ``results``: by the name of each picture the people in it, or those of one picture alone.
Of several people the one with the most frames is taken, and a line of the log says so.
"""

from __future__ import annotations

import logging
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.arrays import MAGIC
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import check_length
from splatavatar.drive.sources.recorded.numbered_frames import ticks_of
from splatavatar.drive.sources.recorded.smpl.parameters import BODY, NAMES, POSES, body_motion, is_body
from splatavatar.drive.sources.recorded.smpl.recording import body_recording
from splatavatar.errors import SignalError
from splatavatar.input import open_input, read_bytes
from splatavatar.natural import natural
from splatavatar.pickles import DamagedPickle, RefusedPickle, array_of, objects_of, read_pickle
from splatavatar.printable import printable
from splatavatar.zips import Bounded, check_member

LOG = logging.getLogger("splatavatar")

MOST = 1 << 30
"""bytes of a pickle: WHAM adds the vertices of all frames, 83 kB each"""
EXPECTED = "a motion of a body, as WHAM and ROMP write it"
ADVICE = "write its poses as npz: numpy.savez('motion.npz', poses=poses, fps=30)"
PICTURES = (".jpg", ".jpeg", ".png", ".bmp")
"""suffixes of the names by which ROMP has its frames"""
ROMP = "results"
"""the object in its npz"""
OF_A_PICTURE = ("smpl_thetas", "pj2d", "pj2d_org")
"""names of what ROMP says of a picture: the rows of its arrays are people"""
COMPRESSED = (b"x", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x04\x22\x4d\x18")
"""how files of joblib begin that are compressed: zlib, gzip, bz2, xz, lz4"""

Arrays = dict[str, NDArray[Any]]


def read_body_pickle(path: Path) -> Recording:
    """The motion in ``path``, a pickle or a file of joblib without compression. Raises SignalError."""
    content = read_bytes(path, SignalError, EXPECTED, MOST)
    if content.startswith(COMPRESSED):
        raise SignalError(
            f"{path}: compressed, or no pickle, expected {EXPECTED}; save it by joblib without compression, or "
            f"{ADVICE}."
        )
    return _recording(_opened(content, str(path)), str(path))


def read_romp(path: Path) -> Recording | None:
    """The motion in the pickled object of an npz of ROMP; None where there is no such object. Raises SignalError."""
    with open_input(path, SignalError, EXPECTED) as file:
        try:
            with zipfile.ZipFile(Bounded(file)) as archive:
                info = archive.getinfo(f"{ROMP}.npy")
                check_member(ROMP, info, path.stat().st_size)
                with archive.open(info) as stream:
                    content = stream.read(min(info.file_size, MOST) + 1)
        except Exception as error:
            # zipfile and zlib raise many kinds of exceptions at damaged bytes; all of them mean the same.
            raise SignalError(f"{path}: damaged, expected {EXPECTED}.") from error
    if len(content) > MOST:
        raise SignalError(f"{path}: more than {MOST >> 20} MiB, expected {EXPECTED}.")
    head = re.match(re.escape(MAGIC) + rb"[\x01-\x03]\0.{2,4}?\{'descr': '\|O'[^}]{0,200}\} *\n", content, re.DOTALL)
    if head is None:
        return None
    held = objects_of(_opened(content[head.end() :], str(path)))
    if held is None or len(held) != 1:
        raise _no_motion(str(path))
    return _recording(held[0], str(path))


def _opened(content: bytes, source: str) -> Any:
    try:
        return read_pickle(content)
    except RefusedPickle as error:
        raise SignalError(f"{source}: {error}, which no motion needs, and was not opened; {ADVICE}.") from error
    except DamagedPickle as error:
        raise SignalError(f"{source}: damaged, expected {EXPECTED}.") from error


def _recording(held: Any, source: str) -> Recording:
    if not isinstance(held, dict):
        raise _no_motion(source)
    if any(name in held for name in OF_A_PICTURE):
        held = {"picture.png": held}
    arrays = _arrays(held)
    if is_body(arrays):
        return body_recording(body_motion(arrays, source), source, _ticks(held, source))
    if held and all(isinstance(name, str) and name.lower().endswith(PICTURES) for name in held):
        return _of_pictures(held, source)
    tracks = [(name, track, _arrays(track)) for name, track in held.items() if isinstance(track, dict)]
    tracks = [track for track in tracks if is_body(track[2])]
    if not tracks:
        raise _no_motion(source)
    name, track, arrays = max(tracks, key=lambda track: _length(track[2]))
    _say_who(len(tracks), name, source)
    return body_recording(body_motion(arrays, source), source, _ticks(track, source))


def _of_pictures(held: Mapping[str, Any], source: str) -> Recording:
    """The person who is in most of the pictures, which follow each other by their names."""
    check_length(len(held), source)
    pictures = [_people(held[name]) for name in sorted(held, key=natural)]
    count = Counter(person for people in pictures for person in people)
    if not count:
        raise _no_motion(source)
    chosen = max(count, key=lambda person: count[person])
    _say_who(len(count), chosen, source)
    shown = [index for index, people in enumerate(pictures) if chosen in people]
    rows = [pictures[index][chosen] for index in shown]
    arrays = {}
    for name in rows[0]:
        if all(name in row and row[name].shape == rows[0][name].shape for row in rows):
            arrays[name] = np.stack([row[name] for row in rows])
    if not is_body(arrays):
        raise _no_motion(source)
    ticks = np.array(shown, np.int64) - shown[0]
    return body_recording(body_motion(arrays, source), source, ticks)


def _people(picture: Any) -> dict[int, Arrays]:
    """What is said of each person in a picture, by the number of a track or the place in the picture."""
    if isinstance(picture, list):
        each = [_arrays(person) for person in picture if isinstance(person, dict)]
        people = dict(enumerate(each))
    else:
        arrays = _arrays(picture) if isinstance(picture, dict) else {}
        N = _length(arrays)
        tracks = array_of(picture.get("track_ids")) if isinstance(picture, dict) else None
        known = tracks is not None and tracks.shape == (N,) and tracks.dtype.kind in "iu"
        numbers = [int(number) for number in tracks] if tracks is not None and known else range(N)
        rows = {name: array for name, array in arrays.items() if array.ndim > 1 and len(array) == N}
        people = {number: {name: rows[name][i] for name in rows} for i, number in enumerate(numbers)}
    return {
        number: {name: array.reshape(-1) for name, array in person.items()}
        for number, person in people.items()
        if any(name in person for name in (*POSES, *BODY))
    }


def _arrays(held: Mapping[Any, Any]) -> Arrays:
    """The arrays of parameters in a dictionary; numbers alone are arrays of no dimension."""
    found = {name: array_of(held[name]) for name in NAMES if name in held}
    found |= {name: np.array(held[name]) for name in found if isinstance(held[name], int | float | np.number)}
    return {name: array for name, array in found.items() if array is not None}


def _length(arrays: Arrays) -> int:
    return next((len(arrays[name]) for name in (*POSES, *BODY) if name in arrays and arrays[name].ndim), 0)


def _ticks(held: Mapping[Any, Any], source: str) -> NDArray[np.int64] | None:
    """The places of the frames in time by the numbers that they had in a video; None where none are given."""
    numbers = array_of(held.get("frame_ids"))
    if numbers is None or numbers.shape != (_length(_arrays(held)),) or numbers.dtype.kind not in "iu":
        return None
    numbers = numbers.astype(np.int64)
    if len(numbers) == 0 or np.abs(numbers).max() > 1 << 40 or (np.diff(numbers) <= 0).any():
        raise SignalError(f"{source}: frame_ids do not increase, expected the numbers of the frames of one person.")
    return ticks_of(numbers)


def _say_who(people: int, name: Any, source: str) -> None:
    if people > 1:
        LOG.warning("%s: %d people; number %s, who is in most frames, is taken.", source, people, printable(name))


def _no_motion(source: str) -> SignalError:
    return SignalError(f"{source}: no poses of SMPL in it, expected {EXPECTED}; {ADVICE}.")
