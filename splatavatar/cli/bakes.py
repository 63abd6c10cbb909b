"""``splatavatar bakes``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.bake import UNFINISHED, CropChoice, PresetChoice
from splatavatar.cli.numbers import LARGEST_SEED, MOST_STEPS
from splatavatar.cli.options import RigOption
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_duration
from splatavatar.errors import SettingsError, TrustError
from splatavatar.printable import printable

if TYPE_CHECKING:
    from splatavatar.serve.cluster.jobs import Outcome
    from splatavatar.serve.cluster.records import BakeRecord
    from splatavatar.trust.consent_file import GivenConsent

FAULT = 1
"""exit code where a bake came to nothing for another reason than what it was given"""
MOST_CPUS = 1024

bakes = typer.Typer(help="Bake many captures, on the machines of a cluster.", no_args_is_help=True)


class GpusChoice(str, Enum):
    """How many GPUs a bake takes."""

    none = "0"
    one = "1"


@bakes.command("submit")
def submit(
    captures: Annotated[
        list[str],
        typer.Argument(
            metavar="CAPTURE...",
            help="Folders of captures or videos, each of one person: paths, or s3://BUCKET/KEY.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER_OR_URL",
            help="Where avatars and checkpoints go: a folder, or s3://BUCKET/KEY.",
        ),
    ],
    cluster: Annotated[
        str,
        typer.Option("--cluster", metavar="ADDRESS", help="Of Ray: local, auto, HOST:PORT or ray://HOST:PORT."),
    ] = "local",
    preset: Annotated[
        PresetChoice, typer.Option("--preset", help="Trade of time for quality.")
    ] = PresetChoice.balanced,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="TIME", help="Wall time of each bake: 90s, 5m, 1h.")
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option("--iterations", metavar="N", min=1, max=MOST_STEPS, help="Optimiser steps instead of a budget."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=LARGEST_SEED, help="Random seed.")] = 0,
    rig: RigOption = "auto",
    crop: Annotated[
        CropChoice, typer.Option("--crop", help="Where the bust ends; auto: where the pictures do.")
    ] = CropChoice.auto,
    cpus: Annotated[int, typer.Option("--cpus", metavar="N", min=1, max=MOST_CPUS, help="Cores of a bake.")] = 2,
    gpus: Annotated[GpusChoice, typer.Option("--gpus", help="GPUs of a bake.")] = GpusChoice.none,
    consents: Annotated[
        Path | None,
        typer.Option(
            "--consents",
            metavar="FOLDER",
            help="Who is shown and has agreed to what: NAME.toml for the avatar NAME.",
            show_default="avatars are private",
        ),
    ] = None,
    forget_footage: Annotated[
        bool, typer.Option("--forget-footage", help="Remove in the end what workers' caches hold of the footage.")
    ] = False,
) -> None:
    """Bake each capture into an avatar, on as many machines as there are; the same command goes on where it ended."""
    if budget is not None and iterations is not None:
        raise SettingsError("--budget and --iterations exclude each other: give one of them.")
    seconds = None if budget is None else parse_duration(budget, "budget")

    from splatavatar.serve.cluster.connection import check_address
    from splatavatar.serve.cluster.jobs import BakeOptions, jobs_of
    from splatavatar.serve.places.opening import absolute, place_of

    check_address(cluster)
    options = BakeOptions(
        preset.value, seconds, iterations, seed, rig, crop.value, forget_footage, cpus, int(gpus.value)
    )
    place_of(out).check_writable()
    jobs = jobs_of([absolute(each) for each in captures], absolute(out), options, _consents(consents))

    from rich.console import Console

    from splatavatar.serve.cluster.display import Bars
    from splatavatar.serve.cluster.submit import submit as run

    bars = Bars(Console(stderr=True), len(jobs))
    try:
        with bars.running():
            outcomes = run(jobs, cluster, bars.tell, bars.done)
    except (KeyboardInterrupt, SystemExit):
        tell("ended; finished avatars are in their place, and the same command goes on with the others", err=True)
        raise
    _remember(out, outcomes)
    code = _code(outcomes)
    if code:
        raise typer.Exit(code)


@bakes.command("list")
def list_(
    place: Annotated[
        str, typer.Argument(metavar="FOLDER_OR_URL", help="Where bakes were submitted to.", show_default=False)
    ],
) -> None:
    """Show how far the bakes of a place are, as their workers have last said."""
    import time

    from splatavatar.serve.cluster.records import read_records
    from splatavatar.serve.places.opening import place_of

    records = read_records(place_of(place))
    if not records:
        tell("no bakes were submitted there")
    for record in records:
        tell(_line(record, time.time()))


def _line(record: BakeRecord, now: float) -> str:
    from splatavatar.serve.cluster.records import RUNNING, STOPPED

    steps = f", {record.iteration} steps" if record.iteration else ""
    where = f" on {record.machine}" if record.state in (RUNNING, STOPPED) else ""
    why = f": {record.why}" if record.why else ""
    minutes = max(0.0, now - record.told) / 60
    return printable(f"{record.name}  {record.state}{where}{steps}, told {minutes:.0f} min ago{why}")


def _consents(folder: Path | None) -> dict[str, GivenConsent]:
    """The records of ``NAME.toml`` in ``folder``, by name."""
    from splatavatar.trust.consent_file import read_consent

    if folder is None:
        return {}
    if not folder.is_dir():
        raise TrustError(f"{printable(folder)}: no such folder, expected one with NAME.toml for the avatar NAME.")
    return {path.stem: read_consent(path) for path in sorted(folder.glob("*.toml"))}


def _remember(out: str, outcomes: list[Outcome]) -> None:
    """Commands that are given no avatar play the last one that lies here."""
    from splatavatar.avatar.library import remember
    from splatavatar.serve.cluster.jobs import Finished
    from splatavatar.serve.places.opening import is_remote

    finished = [outcome for outcome in outcomes if isinstance(outcome, Finished) and not outcome.before]
    if finished and not is_remote(out):
        remember(finished[-1].address)


def _code(outcomes: list[Outcome]) -> int:
    """The exit code: 2 where an input was bad, else 1 for a fault, else 3 where an avatar is unfinished."""
    from splatavatar.serve.cluster.jobs import Failed, Finished

    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    if any(not outcome.fault for outcome in failed):
        return 2
    if failed or any(not isinstance(outcome, Finished) for outcome in outcomes):
        return FAULT
    return UNFINISHED if any(isinstance(outcome, Finished) and outcome.unfinished for outcome in outcomes) else 0
