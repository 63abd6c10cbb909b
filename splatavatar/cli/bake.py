"""``splatavatar bake``."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.footage import (
    AllowOutsideOption,
    FaceOption,
    FramesOption,
    LayoutOption,
    MattingOption,
    ModelOption,
    extract_options,
)
from splatavatar.cli.numbers import LARGEST_SEED, MOST_STEPS
from splatavatar.cli.options import BodyModelOption, RigOption
from splatavatar.cli.signing import SigningKeyOption, signs
from splatavatar.cli.values import check_avatar_name, parse_duration
from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.rig.body_models.found import name_body_model

if TYPE_CHECKING:
    from splatavatar.trust.consent_file import GivenConsent

UNFINISHED = 3
"""exit code of a bake that has written an avatar and had no time to finish it"""


class PresetChoice(str, Enum):
    """How long a bake takes: one of ``settings.PRESETS``."""

    fast = "fast"
    balanced = "balanced"
    best = "best"


class CropChoice(str, Enum):
    """Where a bust ends: one of ``settings.CROPS``."""

    auto = "auto"
    neck = "neck"
    shoulders = "shoulders"
    chest = "chest"


class DeviceChoice(str, Enum):
    """What a bake computes on: one of ``device.DEVICES``."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


def bake(
    captures: Annotated[
        list[Path],
        typer.Argument(
            metavar="CAPTURE...",
            help="Folder of a capture; or video of one person: files, or a folder of pictures or of cameras.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="OUT", help="Avatar file to write.", show_default="named after the capture"
        ),
    ] = None,
    rig: RigOption = "auto",
    body_model: BodyModelOption = None,
    rig_params: Annotated[
        Path | None,
        typer.Option(
            "--rig-params", metavar="FILE", help="Rig parameters.", show_default="rig_params.npz of the capture"
        ),
    ] = None,
    preset: Annotated[
        PresetChoice, typer.Option("--preset", help="Trade of time for quality.")
    ] = PresetChoice.balanced,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="TIME", help="Wall time of the whole bake: 90s, 5m, 1h.")
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option("--iterations", metavar="N", max=MOST_STEPS, help="Optimiser steps instead of a budget."),
    ] = None,
    device: Annotated[DeviceChoice, typer.Option("--device", help="Where to optimise.")] = DeviceChoice.auto,
    seed: Annotated[int, typer.Option("--seed", metavar="N", max=LARGEST_SEED, help="Random seed.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint of an interrupted bake.")] = False,
    holdout: Annotated[
        str | None,
        typer.Option(
            "--holdout",
            metavar="last:P%|yaw:D",
            help="Keep out, for eval: the end of every clip, or heads turned by more than D degrees.",
        ),
    ] = None,
    frames: FramesOption = None,
    face: FaceOption = None,
    model: ModelOption = None,
    matting: MattingOption = "grabcut",
    fix_rig: Annotated[bool, typer.Option("--fix-rig", help="Leave the rig parameters as they are.")] = False,
    crop: Annotated[
        CropChoice, typer.Option("--crop", help="Where the bust ends; auto: where the pictures do.")
    ] = CropChoice.auto,
    allow_outside: AllowOutsideOption = False,
    layout: LayoutOption = None,
    consent: Annotated[
        Path | None,
        typer.Option(
            "--consent",
            metavar="FILE.toml",
            help="Who is shown and has agreed to what.",
            show_default="asked at a terminal; else the avatar is private",
        ),
    ] = None,
    record_sources: Annotated[
        bool, typer.Option("--record-sources", help="The avatar holds the names and SHA-256 of its clips.")
    ] = False,
    forget_footage: Annotated[
        bool, typer.Option("--forget-footage", help="Remove in the end what the cache holds of the footage.")
    ] = False,
    key: SigningKeyOption = None,
) -> None:
    """Bake a person into an avatar: from a video, or from a capture with many cameras."""
    started = monotonic()
    if budget is not None and iterations is not None:
        raise SettingsError("--budget and --iterations exclude each other: give one of them.")
    seconds = None if budget is None else parse_duration(budget, "budget")
    if out is not None:
        check_avatar_name(out)
    name_body_model(body_model)

    from splatavatar.capture.matting import METHODS
    from splatavatar.capture.preparation.prepare import PrepareOptions
    from splatavatar.capture.video.holdout import parse_holdout

    # Options that make no sense are refused before questions are answered in vain.
    if matting not in METHODS:
        raise SettingsError(f"unknown matting method '{printable(matting)}'; known are {', '.join(METHODS)}")
    footage = PrepareOptions(extract_options(frames, face, model, None), rig, matting, parse_holdout(holdout))
    asked = monotonic()
    given = _consent(consent, captures, resume)
    started += monotonic() - asked  # who is slow to answer has no smaller budget

    from splatavatar.bake.settings import BakeSettings

    settings = BakeSettings(
        capture=captures[0],
        clips=tuple(captures[1:]),
        prepare=footage,
        out=out,
        rig=rig,
        rig_params=rig_params,
        preset=preset.value,
        budget_seconds=seconds,
        iterations=iterations,
        device=device.value,
        seed=seed,
        resume=resume,
        fix_rig=fix_rig,
        crop=crop.value,
        allow_outside=allow_outside,
        layout=layout,
        consent=given,
        record_sources=record_sources,
        forget_footage=forget_footage,
        started=started,
    )

    from rich.console import Console

    from splatavatar.bake.reporting.monitor import Display
    from splatavatar.bake.run import bake as run

    display = Display(Console(stderr=True))
    with signs(key) as sign, display.running():
        baked = run(settings, display, sign=sign)
    if baked.unfinished is not None:
        raise typer.Exit(UNFINISHED)


def _consent(file: Path | None, captures: list[Path], resume: bool) -> GivenConsent | None:
    """The record in ``file``, or what somebody at the terminal says; a bake that goes on has been told already."""
    from splatavatar.cli.asking_consent import ask_consent, at_a_terminal
    from splatavatar.trust.consent_file import GivenConsent, read_consent

    if file is not None:
        return read_consent(file)
    # Nobody answers questions about what is not there.
    if resume or not at_a_terminal() or not all(map(os.path.exists, captures)):
        return None
    said = ask_consent()
    return None if said is None else GivenConsent(said)
