"""``splatavatar rig``: body models that a user brings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.errors import DependencyError, OutputError, RigError
from splatavatar.printable import printable

rig = typer.Typer(help="Look at files of body models.", no_args_is_help=True)


@rig.callback()
def _rig() -> None:
    """Keeps ``inspect`` a command of its own."""


@rig.command("inspect")
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="FLAME or SMPL-X, as .pkl or .npz.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT.png", help="Also draw its face: regions, landmarks, expressions."),
    ] = None,
    for_rig: Annotated[
        str | None,
        typer.Option(
            "--rig", metavar="RIG", help="The rig that it is for: flame, flame-head or smplx.", show_default="any"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Say what a file of a body model holds, whether it is sound, and how well it shows the coefficients of ARKit.

    A pickle is read without running it.
    """
    import json

    from splatavatar.cli.progress import stages
    from splatavatar.drive.sinks.frames import write_png
    from splatavatar.output import check_writable
    from splatavatar.rig.body_models.describe import as_text, describe, describe_face
    from splatavatar.rig.body_models.face.face_map import face_map
    from splatavatar.rig.body_models.face.picture import draw_model
    from splatavatar.rig.body_models.model_file import read_model_file
    from splatavatar.rig.body_models.rigs import rigs_of

    if out is not None:
        if out.suffix.lower() != ".png":
            raise OutputError(f"{out}: a picture is written as .png.")
        check_writable(out)
    model = read_model_file(file)
    rigs = ", ".join(rigs_of(model))
    if for_rig is not None and for_rig not in rigs_of(model):
        raise RigError(f"{file}: a file of {model.kind.name} makes the rigs {rigs}, not {printable(for_rig)}")
    facts = {**describe(model), "rigs": rigs}
    try:
        with stages() as progress:
            face = face_map(model, progress)
    except (RigError, DependencyError) as error:
        if out is not None:
            raise
        facts["face"] = str(error)
    else:
        facts |= describe_face(face)
        if out is not None:
            write_png(out, draw_model(model, face))
    typer.echo(json.dumps(facts, indent=2) if as_json else as_text(facts))
