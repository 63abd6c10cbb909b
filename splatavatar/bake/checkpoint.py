"""The state of an interrupted bake on disk: a safetensors file beside the avatar, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from splatavatar import __version__
from splatavatar.bake.rig_motion import MOVING, RigMotion
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.splats import Splats
from splatavatar.bake.trainer import Moments, RigMoments, TrainerState
from splatavatar.errors import SettingsError
from splatavatar.output import LONGEST, atomic_write, shortened

SUFFIX = ".checkpoint"


@dataclass(frozen=True)
class Checkpoint:
    """Where a bake stood."""

    state: TrainerState
    elapsed: float
    """seconds of wall time spent"""
    prepared: float
    """seconds of these that went before the first step"""
    curve: list[dict[str, float]]
    """what the monitor has recorded"""


def path_of(out: Path) -> Path:
    """The checkpoint of the bake that writes ``out``."""
    # A name may be as long as names can be; two that begin alike are told apart by what is in the file.
    return out.with_name(shortened(out.name, LONGEST - len(SUFFIX)) + SUFFIX)


def fingerprint(settings: BakeSettings) -> dict[str, Any]:
    """The settings that a resumed bake must share with the interrupted one."""
    keep = ("rig", "preset", "budget_seconds", "iterations", "seed", "fix_rig")
    values = asdict(settings)
    paths = {"capture": settings.capture, "rig_params": settings.rig_params}
    resolved = {k: None if p is None else str(p.resolve()) for k, p in paths.items()}
    clips = {
        "clips": [str(p.resolve()) for p in settings.clips],
        "prepare": json.loads(json.dumps(values["prepare"], default=str)),
    }
    return {"version": __version__, **{k: values[k] for k in keep}, **resolved, **clips}


def save(out: Path, settings: BakeSettings, checkpoint: Checkpoint, motion: RigMotion) -> None:
    """Writes the checkpoint of ``out``; the previous one survives a failure."""
    from safetensors.torch import save as serialise

    state = checkpoint.state
    tensors: dict[str, Tensor] = {n: getattr(state, n) for n in ("motion_sum", "motion_steps", "seen")}
    for prefix, splats in (("value", state.splats), ("first", state.moments.first), ("second", state.moments.second)):
        tensors |= {f"{prefix}.{name}": tensor for name, tensor in vars(splats).items()}
    for name in MOVING:
        tensors[f"rig.{name}"] = getattr(motion, name)
        tensors[f"rig.first.{name}"] = state.rig_moments.first[name]
        tensors[f"rig.second.{name}"] = state.rig_moments.second[name]
    tensors["rig.steps"] = state.rig_moments.steps
    header = {
        "settings": fingerprint(settings),
        "iteration": state.iteration,
        "rounds": state.rounds,
        "elapsed": checkpoint.elapsed,
        "prepared": checkpoint.prepared,
        "curve": checkpoint.curve,
    }
    data = serialise({k: v.cpu().contiguous() for k, v in tensors.items()}, {"bake": json.dumps(header)})
    with atomic_write(path_of(out)) as file:
        file.write(data)


def check(out: Path, settings: BakeSettings) -> dict[str, Any]:
    """The header of the checkpoint of ``out``; reads no tensors.

    Raises:
        SettingsError: there is none, it is damaged, or it is of a bake with other settings.
    """
    path = path_of(out)
    if not path.is_file():
        raise SettingsError(f"nothing to resume: {path} does not exist; leave out --resume to start a new bake")
    with _opened(path) as file:
        header: dict[str, Any] = json.loads(file.metadata()["bake"])
        before = header["settings"]
    wanted = fingerprint(settings)
    different = [k for k, v in wanted.items() if before.get(k) != v]
    if different:
        k = different[0]
        found, asked = before.get(k), wanted[k]
        raise SettingsError(
            f"{path} is of a bake with {k} {found!r}, this one asks for {asked!r}; they must agree to resume"
        )
    return header


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The safetensors file at ``path``. Raises SettingsError where the block finds it damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise SettingsError(
            f"{path} is damaged and cannot be resumed; leave out --resume to start a new bake"
        ) from error


def load(out: Path, settings: BakeSettings, motion: RigMotion) -> Checkpoint:
    """The checkpoint of ``out``; also puts ``motion`` where it stood.

    Raises:
        SettingsError: as ``check``.
    """
    header = check(out, settings)
    with _opened(path_of(out)) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    steps = tensors.pop("rig.steps")
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
    state = TrainerState(
        splats("value"),
        Moments(splats("first"), splats("second")),
        rig_moments,
        tensors["motion_sum"],
        tensors["motion_steps"],
        tensors["seen"],
        header["iteration"],
        header["rounds"],
    )
    return Checkpoint(state, header["elapsed"], header["prepared"], header["curve"])
