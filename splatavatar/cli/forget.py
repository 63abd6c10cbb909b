"""``splatavatar forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from splatavatar.cli.removal import YesOption, remove_asked, show
from splatavatar.cli.terminal import tell

ELSEWHERE = (
    "not known here: avatars, reports, films, pictures, exports and checkpoints lie where they were written, or sent; "
    "so do copies in backups"
)


def forget(
    footage: Annotated[bool, typer.Option("--footage", help="What was prepared of footage.")] = False,
    calibration: Annotated[bool, typer.Option("--calibration", help="How users look at rest.")] = False,
    keys: Annotated[bool, typer.Option("--keys", help="Keys, certificates and who is trusted.")] = False,
    remembered: Annotated[bool, typer.Option("--remembered", help="Which avatar was baked last.")] = False,
    yes: YesOption = False,
) -> None:
    """List what is kept of people on this machine, ask, and remove it: all, or what is named."""
    import time
    from contextlib import suppress

    from splatavatar.avatar.library import resolve
    from splatavatar.errors import SettingsError
    from splatavatar.kept.kinds import CALIBRATION, FOOTAGE, KEYS, REMEMBERED
    from splatavatar.kept.things import strangers, things

    asked = {FOOTAGE: footage, CALIBRATION: calibration, KEYS: keys, REMEMBERED: remembered}
    found = things([group for group, named in asked.items() if named] or list(asked))
    if found:
        show(found, time.time())
    else:
        tell("nothing is kept")
    for path in strangers():
        tell(f"not known to this version, left alone: {path}", err=True)
    tell(ELSEWHERE, err=True)
    with suppress(SettingsError):  # none is known
        tell(f"the avatar baked last stays, with what lies beside it: {resolve(None)}", err=True)
    if found:
        remove_asked(found, yes)
