"""What tracking found, kept in the folder of the capture until the mattes are cut too, and for other mattes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.arrays import Layout, read_npz_or_none
from splatavatar.capture.preparation.folder import VERSION
from splatavatar.capture.tracking.observations import Lenses
from splatavatar.capture.tracking.person import TrackedPerson
from splatavatar.capture.tracking.solve import Motion, Track
from splatavatar.errors import CaptureError, RigError
from splatavatar.input import read_bytes
from splatavatar.output import atomic_write
from splatavatar.progress import Progress
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.loader import edition, load_rig

FREE = ("free_focal", "free_scale", "free_place")
LAYOUT: Layout = {
    **{"key": ("U", ()), "kind": ("U", ()), "identity": ("U", ())},
    **{"template_offset": ("f", ("V", 3)), "expression_offset": ("f", ("E", "V", 3)), "habits": ("f", ("L", 3))},
    **{"T_camera_rig": ("f", ("C", 4, 4)), "focal": ("f", ("C",)), "centre": ("f", ("C", 2))},
    **dict.fromkeys(FREE, ("b", ())),
    **{"expression": ("f", ("T", "E")), "head_rotation": ("f", ("T", 3)), "translation": ("f", ("T", 3))},
    "reprojection": ("f", ("N",)),
}
"""of the file"""
NUMBERS = tuple(name for name, (kind, _) in LAYOUT.items() if kind == "f")


def key_of(kind: str, landmarks: Sequence[Path], synchronised: bool) -> str:
    """What a track depends on."""
    digest = hashlib.sha256(f"{VERSION} {kind} {synchronised} {edition(kind)}".encode())
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
        "expression_offset": person.expression_offset,
        "habits": tracked.habits,
        **{f.name: np.asarray(getattr(lenses, f.name)) for f in fields(Lenses)},
        **{f.name: getattr(motion, f.name) for f in fields(Motion)},
    }
    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)


def load_track(path: Path, key: str, progress: Progress | None = None) -> Track | None:
    """The track at ``path``; None where there is none, another, or a damaged one.

    ``progress`` hears of the preparation of the body model, where its own cache is gone.
    """
    arrays = read_npz_or_none(path, LAYOUT)
    if arrays is None or str(arrays["key"]) != key:
        return None
    kind = str(arrays["kind"])
    try:
        identity = {str(name): float(value) for name, value in json.loads(str(arrays["identity"])).items()}
        rig = arkit_form(load_rig(kind, identity, progress))
    except (ValueError, TypeError, AttributeError, RecursionError, RigError):
        return None
    offset, expressions = arrays["template_offset"], arrays["expression_offset"]
    fits = offset.shape == rig.template.shape and expressions.shape == rig.expression_basis.shape
    if not fits or not all(np.isfinite(arrays[name]).all() for name in NUMBERS):
        return None
    camera: dict[str, Any] = {f.name: arrays[f.name] for f in fields(Lenses)}
    camera |= {name: bool(camera[name]) for name in FREE}
    motion = Motion(**{f.name: arrays[f.name] for f in fields(Motion)})
    shaped = replace(rig, template=rig.template + offset)
    person = TrackedPerson(identity, offset, np.zeros_like(rig.expression_basis), shaped).expressing(expressions)
    return Track(person, arrays["habits"], Lenses(**camera), motion)
