"""Which file of a recorded face a path asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.signals.arkit_csv import write_arkit_csv
from splatavatar.drive.sinks.signals.arkit_json import write_arkit_json
from splatavatar.drive.sinks.signals.livelink_csv import write_livelink_csv
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import OutputError, SettingsError

LOG = logging.getLogger("splatavatar")


@dataclass(frozen=True)
class Kind:
    """A format of recorded faces, and which parts of a ``Recording`` it holds beside times and coefficients."""

    suffix: str
    write: Callable[[Path, Recording], None]
    head_rotation: bool = True
    head_translation: bool = False
    gaze: bool = True
    absence: bool = True
    """whether it can say that a frame shows no face"""
    confidence: bool = False


def _write_flame_npz(path: Path, recording: Recording) -> None:
    from splatavatar.drive.sinks.signals.flame_npz import write_flame_npz

    write_flame_npz(path, recording)


KINDS = {
    "signal": Kind(".npz", write_signal, head_translation=True, confidence=True),
    "flame": Kind(".npz", _write_flame_npz, head_translation=True, absence=False),
    "arkit": Kind(".csv", write_arkit_csv),
    "livelink": Kind(".csv", write_livelink_csv),
    "arkit-json": Kind(".json", write_arkit_json, head_rotation=False, gaze=False, absence=False),
}
"""by name; of those with one suffix the first is meant where nothing else is said"""
SUFFIXES = tuple(dict.fromkeys(kind.suffix for kind in KINDS.values()))


def write_recording(path: str | Path, recording: Recording, kind: str | None = None) -> None:
    """Write a recorded face as its suffix says; what such a file cannot hold is named in one line of the log.

    >>> import numpy as np
    >>> import splatavatar as sa
    >>> still, looks, sure = np.zeros((2, 3)), np.zeros((2, 2, 2)), np.ones(2)
    >>> recording = sa.Recording(np.arange(2) / 30, np.zeros((2, 52)), still, still, looks, sure, 30.0)
    >>> sa.write_signal("rest.csv", recording, "livelink")

    Args:
        path: ``.npz`` of our own, which holds everything, ``.csv`` or ``.json`` of ARKit's coefficients.
        recording: what is written.
        kind: which of ``KINDS``; for a .csv, ``livelink`` is a take of the Live Link Face app, for an .npz ``flame``
            are parameters of FLAME.

    Raises:
        OutputError: unknown suffix, nowhere to write.
        SettingsError: a ``kind`` that is none of the suffix.
        RigError: ``flame``, without a file of FLAME.
    """
    path = Path(path)
    name = kind_of(path, kind)
    lost = _lost(KINDS[name], recording)
    if lost:
        LOG.warning("%s: %s left out, which such a file cannot hold; an .npz holds everything.", path, lost)
    KINDS[name].write(path, recording)


def kind_of(path: Path, kind: str | None = None) -> str:
    """The name of the format in which ``path`` is written. Raises OutputError, SettingsError."""
    suffix = path.suffix.lower()
    of_suffix = [name for name, known in KINDS.items() if known.suffix == suffix]
    if not of_suffix:
        raise OutputError(f"{path}: unknown kind of recorded face, expected {', '.join(SUFFIXES)}.")
    if kind is None:
        return of_suffix[0]
    if kind not in of_suffix:
        raise SettingsError(f"{path}: no {suffix} is written as {kind!r}, expected {' or '.join(of_suffix)}.")
    return kind


def _lost(kind: Kind, recording: Recording) -> str:
    """What of ``recording`` such a file cannot hold, with the verb that follows; empty where that is nothing."""
    confidence = recording.confidence
    unsure = (confidence < 1) & (confidence > 0)
    parts = {
        "the head rotation": not kind.head_rotation and bool(np.any(recording.head_rotation)),
        "the head translation": not kind.head_translation and bool(np.any(recording.head_translation)),
        "the gaze": not kind.gaze and bool(np.any(recording.gaze)),
        "the absence of a face": not kind.absence and bool(np.any(confidence <= 0)),
        "the confidence": not kind.confidence and bool(np.any(unsure)),
    }
    names = [name for name, lost in parts.items() if lost]
    if not names:
        return ""
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"
