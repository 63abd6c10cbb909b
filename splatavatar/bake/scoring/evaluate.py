"""An avatar against a capture of any kind: known cameras with or without rig parameters, or video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.bake.scoring.footage import BY, FOLLOWED, evaluate_footage, evaluate_untracked
from splatavatar.bake.scoring.split import frame_renderer, score_split
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Frame
from splatavatar.capture.matting import METHODS
from splatavatar.capture.preparation.estimated_mattes import with_mattes
from splatavatar.capture.preparation.prepare import is_footage
from splatavatar.capture.rig_pose import means_the_same, pose_parameters
from splatavatar.capture.video.extract import ExtractOptions
from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.progress import Progress, unheard
from splatavatar.rig.rig import PoseParameters


def evaluate(
    avatar: Avatar,
    capture: str | Path,
    split: str = "val",
    out: str | Path | None = None,
    progress: Progress = unheard,
    options: ExtractOptions | None = None,
    device: str = "cpu",
    allow_outside: bool = False,
    by: str = FOLLOWED,
    layout: str | None = None,
    clip: int | None = None,
) -> dict[str, Any]:
    """Scores of ``avatar`` on one split of a capture: the folder of one, or a video.

    Args:
        split: ``val`` (unseen cameras), ``test`` (unseen expressions) or ``train``.
        out: folder for renders, the pictures that they were compared with, a contact sheet and metrics.json; None
            writes nothing.
        progress: told how far it has come.
        options: which face of a video, and by which landmark model.
        device: where the avatar is drawn, one of ``renderer.DEVICES``.
        allow_outside: whether the capture may name pictures outside of its folder.
        by: where the rig parameters of a video come from, one of ``footage.BY``.
        layout: how a folder with known cameras is read; None: as what it is recognised.
        clip: which clip of the bake a video is, from 1, or 0 for none; None: see ``evaluate_footage``.

    Returns:
        What metrics.json holds: ``mean`` has psnr, psnr_masked and psnr_head in dB, ssim, flip and alpha, each None
        where no picture has it; ``images`` has the same by the stem of each picture.

    Raises:
        CaptureError: the capture cannot be read, or the split is empty.
        SettingsError: ``by`` is none of these, or the capture is no video and ``clip`` or another than
            ``followed`` is given.
        DependencyError: the device cannot work on this machine.
        OutputError: a result cannot be written.
    """
    if by not in BY:
        raise SettingsError(f"--as {by!r}: expected one of {', '.join(BY)}")
    capture, folder = Path(capture), None if out is None else Path(out)
    renderer = open_renderer(avatar, device)
    if is_footage(capture):
        return evaluate_footage(avatar, capture, split, folder, progress, options, renderer, by, clip=clip)
    if clip is not None:
        raise SettingsError(f"--clip is for videos; {printable(capture)} has cameras of its own")
    if by != FOLLOWED:
        raise SettingsError(f"--as {by} is for videos; {printable(capture)} has cameras of its own")
    read = read_capture(capture, None, allow_outside, layout)
    known = read.rig_parameters
    if known is None or (known.tracker and not means_the_same(known, avatar.rig.kind)):
        return evaluate_untracked(avatar, read, split, folder, progress, options, renderer)
    read = with_mattes(read, avatar.rig, known, METHODS[0], progress)[0]

    def pose(frame: Frame) -> PoseParameters:
        return pose_parameters(avatar.rig, known, frame.timestep)

    return score_split(avatar, read, split, folder, frame_renderer(renderer, known), progress, pose=pose)
