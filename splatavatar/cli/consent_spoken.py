"""``splatavatar consent say`` and ``consent check``: the sentence by which a person on a film says that they agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.footage import FaceOption, ModelOption
from splatavatar.cli.progress import stages
from splatavatar.cli.terminal import tell


def say() -> None:
    """Print a sentence, in English, to be read aloud at the start of the video that is baked.

    It holds a code drawn by chance, which the bake listens for, and the day.
    """
    import datetime

    from splatavatar.capture.proof.code import new_code
    from splatavatar.capture.proof.open_codes import DAYS, hand_out

    code = new_code(datetime.date.today())
    hand_out(code)
    tell(code.sentence)
    tell(
        "Read it aloud within the first minute of the video, facing the camera, with a short pause after each word of "
        f"the code. The bake of that video listens for it, for {DAYS} days.",
        err=True,
    )


def check(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The film that is to be baked.", show_default=False)],
    face: FaceOption = None,
    model: ModelOption = None,
) -> None:
    """Say whether a sentence of ``consent say`` is spoken in a video, by the face in it, as a bake would find."""
    import datetime

    from splatavatar.capture.faces.landmark_cache import detect_once
    from splatavatar.capture.proof.open_codes import open_codes, why_none
    from splatavatar.capture.proof.proof import beginning, look_for
    from splatavatar.capture.video.clips import open_clips
    from splatavatar.errors import TrustError
    from splatavatar.models import locate

    today = datetime.date.today()
    reason = why_none(today)
    if reason is not None:
        raise TrustError(reason)
    samples = beginning(video)
    (clip,) = open_clips([video])
    with stages() as progress:
        landmarks = detect_once(clip, locate(given=model), face, lambda share: progress("finding the face", share))
    verdict = look_for(open_codes(today), samples, landmarks)
    tell(f"{video}: {verdict.sentence}")
    if verdict.proof is None:
        raise typer.Exit(1)
