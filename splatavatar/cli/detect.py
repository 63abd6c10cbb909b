"""``splatavatar detect``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splatavatar.cli.terminal import tell
from splatavatar.errors import SplatAvatarError

if TYPE_CHECKING:
    from splatavatar.trust.watermark.detect import Detection

NONE_FOUND = 1
"""exit code where a file has no mark, or that of another avatar than the one asked for"""
UNREADABLE = 2
TOOLS = {1: "splatavatar"}


def detect(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures and films.")],
    avatar: Annotated[
        str | None,
        typer.Option("--avatar", metavar="AVATAR", help="Whether it is this one: a file.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Look for the marks of an avatar in pictures, films and exports: its watermark and its content credentials.

    Exit code 0 if every one of them has one that holds, else 1; 2 if one cannot be read.
    """
    import json

    from splatavatar.avatar.file import load_avatar
    from splatavatar.avatar.library import resolve
    from splatavatar.cli.credentials import Said
    from splatavatar.trust.credentials.formats import has_pictures
    from splatavatar.trust.marks import short_id
    from splatavatar.trust.watermark.files import detect_in

    wanted = None if avatar is None else short_id(load_avatar(resolve(avatar)))
    every, all_found, failed = list[dict[str, Any]](), True, False
    for file in files:
        try:
            found = detect_in(file) if has_pictures(file) else None
            said = Said(file)
        except SplatAvatarError as error:
            # One bad file hides nothing of the others.
            failed = True
            every.append({"file": str(file), "error": str(error)})
            tell(f"Error: {error}", err=True)
            continue
        told = as_fields(found, wanted)
        every.append({"file": str(file), **told, "credentials": said.fields()})
        in_pixels = found is not None and told.get("same_avatar", True)
        all_found = all_found and (in_pixels or said.synthetic(wanted))
        if not as_json:
            if has_pictures(file):
                tell(f"{file}: {line(found, wanted)}")
            tell(f"{file}: {said.line()}")
    if as_json:
        sys.stdout.write(json.dumps(every, indent=2) + "\n")
    if failed:
        raise typer.Exit(UNREADABLE)
    if not all_found:
        raise typer.Exit(NONE_FOUND)


def as_fields(found: Detection | None, wanted: str | None) -> dict[str, Any]:
    """What was found in a file, for programs; ``wanted`` is the short id that was asked for."""
    if found is None:
        return {"found": False}
    fields: dict[str, Any] = {"found": True, "false_alarm": found.chance, "scale": round(found.scale, 4)}
    fields["mirrored"] = found.mirrored
    payload = found.payload
    if payload is not None:
        tool = TOOLS.get(payload.tool, str(payload.tool))
        fields |= {"tool": tool, "avatar": payload.avatar, "date": payload.day.isoformat()}
    if wanted is not None:
        fields["same_avatar"] = payload is not None and payload.avatar == wanted
    return fields


def line(found: Detection | None, wanted: str | None) -> str:
    """What was found in a file, for people."""
    if found is None:
        return "no mark found"
    sure = f"by chance at most once in {1 / found.chance:.0e} pictures"
    payload = found.payload
    if payload is None:
        return f"marked, too faint to say by what and when ({sure})"
    tool = TOOLS.get(payload.tool, f"tool {payload.tool}")
    told = f"made by {tool} on {payload.day.isoformat()} with avatar {payload.avatar}"
    if wanted is not None:
        told += ", the one asked for" if payload.avatar == wanted else f", not {wanted}"
    return f"{told} ({sure})"
