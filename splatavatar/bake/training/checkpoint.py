"""The state of an interrupted bake on disk: a safetensors file beside the avatar, never a pickle."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from splatavatar import __version__
from splatavatar.bake.engines.splats import Splats
from splatavatar.bake.events import Measured
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.training.rig_motion import MOVING, RigMotion
from splatavatar.bake.training.trainer import AdamMoments, RigMoments, TrainerState, fresh_state
from splatavatar.errors import SettingsError
from splatavatar.input import open_input, read_bytes
from splatavatar.kept.use import note_made
from splatavatar.output import beside, private_write
from splatavatar.trust.consent_file import GivenConsent

SUFFIX = ".checkpoint"
LARGEST = 1 << 31
"""bytes of the file"""
LARGEST_HEADER = 1 << 24
"""bytes of what it says of its tensors and of the bake"""
MOST = 1 << 40
"""steps, seconds, and whatever is optimised"""
LOG_SCALE = 10.0
"""of a Gaussian that is larger than any"""
GROUPS = ("", "prepare", "extract")
"""of settings, whose names nobody knows them by"""
PLAIN = ("motion_sum", "motion_steps", "seen", "made", "measured", "mean_loss")
"""tensors of a ``TrainerState`` that are kept under their own names"""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a bake that is not finished."""

    state: TrainerState
    elapsed: float
    """seconds of wall time spent"""
    prepared: float
    """seconds of these that went before the first step"""
    curve: list[Measured]
    """what was measured"""


def path_of(out: Path) -> Path:
    """The checkpoint of the bake that writes ``out``."""
    return beside(out, SUFFIX)


def fingerprint(settings: BakeSettings) -> dict[str, Any]:
    """The settings that a resumed bake must share with the interrupted one; it may have another budget."""
    keep = ("rig", "preset", "iterations", "seed", "fix_rig", "crop")
    values = asdict(settings)
    paths = {"capture": settings.capture, "rig_params": settings.rig_params}
    resolved = {k: None if p is None else os.path.realpath(p) for k, p in paths.items()}
    if settings.known_as is not None:
        resolved["capture"] = settings.known_as
    clips = {
        "clips": [os.path.realpath(p) for p in settings.clips],
        "prepare": json.loads(json.dumps(values["prepare"], default=str)),
    }
    return {"version": __version__, **{k: values[k] for k in keep}, **resolved, **clips}


def save(out: Path, settings: BakeSettings, checkpoint: Checkpoint, motion: RigMotion) -> None:
    """Writes the checkpoint of ``out``; the previous one survives a failure."""
    from safetensors.torch import save as serialise

    tensors = tensors_of(checkpoint.state, motion)
    header = json.dumps(
        {
            "settings": fingerprint(settings),
            "consent": None if settings.consent is None else settings.consent.to_json(),
            "iteration": checkpoint.state.iteration,
            "rounds": checkpoint.state.rounds,
            "lent": checkpoint.state.lent,
            "elapsed": checkpoint.elapsed,
            "prepared": checkpoint.prepared,
            "curve": [{k: v for k, v in asdict(point).items() if v is not None} for point in checkpoint.curve],
        }
    )
    data = serialise(tensors, {"bake": header, "sum": _sum(header, tensors)})
    with private_write(path_of(out)) as file:
        file.write(data)
    note_made(path_of(out))


def tensors_of(state: TrainerState, motion: RigMotion) -> dict[str, Tensor]:
    """What is kept of a bake, by its name in the file, on the CPU; the counts of ``state`` go beside it."""
    tensors: dict[str, Tensor] = {name: getattr(state, name) for name in PLAIN}
    for prefix, splats in (("value", state.splats), ("first", state.moments.first), ("second", state.moments.second)):
        tensors |= {f"{prefix}.{name}": tensor for name, tensor in vars(splats).items()}
    for name in MOVING:
        tensors[f"rig.{name}"] = getattr(motion, name)
        tensors[f"rig.first.{name}"] = state.rig_moments.first[name]
        tensors[f"rig.second.{name}"] = state.rig_moments.second[name]
    tensors["rig.steps"] = state.rig_moments.steps
    return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}


def _sum(header: str, tensors: Mapping[str, Tensor]) -> str:
    """A checksum of all that is kept: what is damaged would else train on."""
    value = zlib.crc32(header.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        value = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), value)
        value = zlib.crc32(tensor.numpy().reshape(-1).view(np.uint8).data, value)
    return f"{value:08x}"


@dataclass(frozen=True)
class _Header:
    """What a checkpoint says beside its tensors."""

    settings: dict[str, Any]
    iteration: int
    rounds: int
    lent: bool
    elapsed: float
    prepared: float
    curve: list[dict[str, float]]
    consent: GivenConsent | None

    @staticmethod
    def of(text: str) -> _Header:
        """Raises ValueError, or what comes of values of other types."""
        values = json.loads(text)
        consent = None if values["consent"] is None else GivenConsent.from_json(values["consent"])
        header = _Header(**{**{field.name: values[field.name] for field in fields(_Header)}, "consent": consent})
        counts = (header.iteration, header.rounds)
        seconds = (header.elapsed, header.prepared)
        if not all(type(count) is int and 0 <= count < MOST for count in counts):
            raise ValueError("counts")
        if not all(type(value) in (int, float) and 0 <= value < MOST for value in seconds):
            raise ValueError("seconds")
        if type(header.lent) is not bool:
            raise ValueError("lent")
        for point in header.curve:
            if not {"seconds", "progress", "loss"} <= set(point) <= {"seconds", "progress", "loss", "psnr"}:
                raise ValueError("curve")
            if not all(type(value) in (int, float) for value in point.values()):
                raise ValueError("curve")
        if not isinstance(header.settings, dict) or not isinstance(header.curve, list):
            raise ValueError("types")
        return header


def check(out: Path, settings: BakeSettings) -> GivenConsent | None:
    """Whether the checkpoint of ``out`` is whole and of this bake; returns the record of consent that this began with.

    Raises:
        SettingsError: there is none, it is damaged, or it is of a bake with other settings.
    """
    return _read(out, settings)[0].consent


def _read(out: Path, settings: BakeSettings) -> tuple[_Header, dict[str, Tensor]]:
    from safetensors.torch import load as parse

    path = path_of(out)
    if not os.path.lexists(path):
        raise SettingsError(f"nothing to resume: {path} does not exist; bake anew, without resuming")
    content = read_bytes(path, SettingsError, "the checkpoint of a bake", LARGEST)
    try:
        tensors = parse(content)
        length = int.from_bytes(content[:8], "little")
        told = json.loads(content[8 : 8 + length])["__metadata__"]
        header = _Header.of(told["bake"])
        whole = told["sum"] == _sum(told["bake"], tensors)
    except Exception as error:
        # safetensors, json and our own look at the values raise a dozen kinds of exceptions, which mean the same.
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    different = _difference("", header.settings, fingerprint(settings))
    if different is not None:
        name, found, asked = different
        raise SettingsError(
            f"{path} is of a bake with {name} {found!r}, this one asks for {asked!r}; they must agree to resume"
        )
    return header, tensors


def _difference(name: str, found: Any, asked: Any) -> tuple[str, Any, Any] | None:
    """The first setting in which ``found`` and ``asked``, the settings ``name``, differ: as it is called, and both."""
    if found == asked:
        return None
    if not (isinstance(found, dict) and isinstance(asked, dict)):
        return name, found, asked
    of = "" if name in GROUPS else f"{name} "
    return next(filter(None, (_difference(of + key, found.get(key), value) for key, value in asked.items())), None)


def steps_of(path: Path) -> int | None:
    """The steps that the checkpoint at ``path`` has, by its header alone; None for what is no checkpoint."""
    try:
        with open_input(path, SettingsError) as file:
            length = int.from_bytes(file.read(8), "little")
            told = json.loads(file.read(min(length, LARGEST_HEADER)))["__metadata__"]
        return _Header.of(told["bake"]).iteration
    except Exception:  # see ``_read``
        return None


def _damaged(path: Path) -> SettingsError:
    return SettingsError(f"{path} is damaged and cannot be resumed; bake anew, without resuming")


def load(out: Path, settings: BakeSettings, motion: RigMotion, correctives: int) -> Checkpoint:
    """The checkpoint of ``out``, of a bake with so many ``correctives``; also puts ``motion`` where it stood.

    Raises:
        SettingsError: as ``check``, or it does not fit ``motion``.
    """
    header, tensors = _read(out, settings)
    state = state_of(tensors, motion, correctives, header.iteration, header.rounds, header.lent)
    if state is None:
        raise SettingsError(
            f"{path_of(out)} does not fit the rig and the pictures of this bake and cannot be resumed; "
            "bake anew, without resuming"
        )
    note_made(path_of(out))
    return Checkpoint(state, header.elapsed, header.prepared, [Measured(**point) for point in header.curve])


def state_of(
    tensors: Mapping[str, Tensor], motion: RigMotion, correctives: int, iteration: int, rounds: int, lent: bool
) -> TrainerState | None:
    """The state that ``tensors_of`` gave ``tensors`` of, with its counts; also puts ``motion`` where it stood.

    None where they are not those of a bake of ``motion`` with so many ``correctives``; it stays where it is then.
    """
    if not _fits(tensors, motion, correctives):
        return None
    steps = tensors["rig.steps"]
    tensors = {name: tensor.to(motion.device) for name, tensor in tensors.items()}

    def splats(prefix: str) -> Splats:
        at = len(prefix) + 1
        return Splats(**{name[at:]: t for name, t in tensors.items() if name.startswith(prefix + ".")})

    for name in MOVING:
        setattr(motion, name, tensors[f"rig.{name}"])
    motion.forget_poses()
    rig_moments = RigMoments(
        {n: tensors[f"rig.first.{n}"] for n in MOVING},
        {n: tensors[f"rig.second.{n}"] for n in MOVING},
        steps,
    )
    return TrainerState(
        splats("value"),
        AdamMoments(splats("first"), splats("second")),
        rig_moments,
        tensors["motion_sum"],
        tensors["motion_steps"],
        tensors["seen"],
        tensors["made"],
        tensors["measured"],
        tensors["mean_loss"],
        iteration,
        rounds,
        lent,
    )


def _fits(tensors: Mapping[str, Tensor], motion: RigMotion, correctives: int) -> bool:
    """Whether the tensors are those of a bake of ``motion``: names, types, shapes, values that can be gone on with."""
    count = len(tensors["value.face"]) if "value.face" in tensors else 0
    wanted = tensors_of(fresh_state(_nothing(count, correctives), motion), motion)
    if {name: (t.dtype, t.shape) for name, t in tensors.items()} != {n: (t.dtype, t.shape) for n, t in wanted.items()}:
        return False
    face = tensors["value.face"]
    if not count or int(face.min()) < 0 or int(face.max()) >= len(motion.rig.faces) or bool((face.diff() < 0).any()):
        return False
    if float(tensors["value.log_scale"].max()) > LOG_SCALE:
        return False
    if int(tensors["made"].max()) > 2:
        return False
    # NaN is not below anything.
    return all(bool((tensor.abs() < MOST).all()) for tensor in tensors.values() if tensor.is_floating_point())


def _nothing(count: int, correctives: int) -> Splats:
    """``count`` Gaussians of the types and shapes that a bake has."""
    shapes = {"barycentric": (3,), "position": (3,), "rotation": (4,), "log_scale": (3,), "logit": (), "colour": (3,)}
    values = {name: torch.zeros((count, *shape)) for name, shape in shapes.items()}
    face, sh = torch.zeros(count, dtype=torch.int32), torch.zeros((count, 3, 3))
    return Splats(face=face, sh=sh, correctives=torch.zeros((correctives, count, 6)), **values)
