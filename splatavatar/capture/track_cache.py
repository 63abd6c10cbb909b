"""What tracking found, kept in the folder of the capture until the mattes are cut too, and for other mattes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.arrays import read_npz_or_none
from splatavatar.capture.prepared import VERSION
from splatavatar.capture.tracking.observations import Lenses
from splatavatar.capture.tracking.person import Person
from splatavatar.capture.tracking.solve import Motion, Track
from splatavatar.errors import CaptureError, RigError
from splatavatar.input import read_bytes
from splatavatar.output import atomic_write
from splatavatar.rig.anny_data import cache_path
from splatavatar.rig.loader import load_rig

FREE = ("free_focal", "free_scale", "free_place")


def key_of(kind: str, landmarks: Sequence[Path], synchronised: bool) -> str:
    """What a track depends on."""
    digest = hashlib.sha256(f"{VERSION} {kind} {synchronised} {cache_path(kind, 'data').name}".encode())
    for path in landmarks:
        digest.update(read_bytes(path, CaptureError, "the landmarks of a clip"))
    return digest.hexdigest()


def save_track(path: Path, tracked: Track, key: str) -> None:
    """Raises OutputError where ``path`` cannot be written."""
    person, lenses, motion = tracked.person, tracked.lenses, tracked.motion
    arrays: dict[str, Any] = {
        "key": np.array(key),
        "kind": np.array(person.rig.kind),
        "identity": np.array(json.dumps(person.identity)),
        "template_offset": person.template_offset,
        "habits": tracked.habits,
        **{f.name: np.asarray(getattr(lenses, f.name)) for f in fields(Lenses)},
        **{f.name: getattr(motion, f.name) for f in fields(Motion)},
    }
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def load_track(path: Path, key: str) -> Track | None:
    """The track at ``path``; None where there is none, another, or a damaged one."""
    names = ("key", "kind", "identity", "template_offset", "habits")
    arrays = read_npz_or_none(path, (*names, *(f.name for part in (Lenses, Motion) for f in fields(part))))
    if arrays is None or str(arrays["key"]) != key:
        return None
    try:
        identity = {str(name): float(value) for name, value in json.loads(str(arrays["identity"])).items()}
        camera: dict[str, Any] = {f.name: arrays[f.name] for f in fields(Lenses)}
        camera |= {name: bool(camera[name]) for name in FREE}
        lenses = Lenses(**camera)
        motion = Motion(**{f.name: arrays[f.name] for f in fields(Motion)})
        kind, offset, habits = str(arrays["kind"]), arrays["template_offset"], arrays["habits"]
        rig = load_rig(kind, identity)
        if offset.shape != rig.template.shape:
            return None
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError, RigError):
        return None
    return Track(Person(identity, offset, replace(rig, template=rig.template + offset)), habits, lenses, motion)
