"""An avatar against video: frames that the bake has not seen are tracked with the finished avatar, then compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.scoring.driven import driven_poses
from splatavatar.bake.scoring.follow import FollowSettings, PhotometricFollower
from splatavatar.bake.scoring.gains import multiplied, picture_gain, without_gain
from splatavatar.bake.scoring.metrics import composite, psnr, psnr_masked, unit, with_head
from splatavatar.bake.scoring.split import score_split
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.head_region import head_region
from splatavatar.capture.images import load_frame
from splatavatar.capture.matting import METHODS
from splatavatar.capture.preparation.calibrated import (
    lenses_of,
    observed,
    placement_of,
    tracking_frames,
    training_timesteps,
)
from splatavatar.capture.preparation.estimated_mattes import with_mattes
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.capture.tracking.parameters import parameters_of
from splatavatar.capture.tracking.placement import settled_placement
from splatavatar.capture.tracking.solve import track_motion
from splatavatar.capture.tracking.track import Known, retrack
from splatavatar.capture.video.clips import open_clips
from splatavatar.capture.video.extract import ExtractOptions, extract
from splatavatar.capture.video.holdout import Holdout
from splatavatar.errors import CaptureError
from splatavatar.output import scratch_folder
from splatavatar.progress import Progress, unheard
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.loader import DEFAULT, load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters

ALL = 10**9
LIVE, LANDMARKS, FOLLOWED = BY = ("live", "landmarks", "followed")
"""where rig parameters come from"""
FOLLOWING = "following the face"
"""the stage that is told of"""
SEVERAL = FollowSettings(steps=90, sigmas=(0.5, 0.05, 0.005))
"""where several known cameras see each timestep: together they know better than the landmarks"""
EXPOSURE = "solved for: three gains a picture, applied to the render"
"""what metrics.json says of it"""
VIEWS = 5
"""pictures of a timestep that are followed together"""


def evaluate_footage(
    avatar: Avatar,
    video: Path,
    split: str,
    out: Path | None,
    progress: Progress = unheard,
    options: ExtractOptions | None = None,
    renderer: Renderer | None = None,
    by: str = FOLLOWED,
    who: str = "auto",
    clip: int | None = None,
) -> dict[str, Any]:
    """Scores frames of ``video`` by ``score_split``: ``test`` are those that the bake kept out, all of another video.

    ``clip`` says which clip of the bake it is, from 1, and 0 that it is none. None: the one whose SHA-256 the avatar
    holds; of an avatar that holds none, another video. metrics.json names it.

    ``by`` says where the rig parameters come from. ``landmarks``: all landmarks of all frames, tracked together.
    ``followed``: these, refined photometrically with the avatar as it is. ``live``: what a drive as ``who`` shows, see
    ``driven_poses``. metrics.json names it, and under ``landmarks_alone`` what the landmarks alone give.

    The exposure and white balance of each frame are solved for as well, three gains that the render takes on (see
    ``gains``); ``exposure`` says so.
    ``renderer`` is what draws ``avatar`` for the scores; the CPU where none is given.

    Raises:
        CaptureError: no video, no face in it, no frames of that split, or they are only there if it is a ``clip``.
    """
    number = clip_of(avatar, video, split, clip)
    known, wanted = _known(avatar, video, split, options or ExtractOptions(), number)
    with scratch_folder() as folder:
        wanted = replace(wanted, frames=ALL, size=known.window if known else None)
        extract([video], folder, wanted, progress)
        retrack(folder, avatar.rig, known, progress)
        capture = read_capture(folder)
        assert capture.rig_parameters is not None
        frames = list(capture.frames)
        starts = [pose_parameters(avatar.rig, capture.rig_parameters, frame.timestep) for frame in frames]
        drawn = renderer or open_renderer(avatar)
        if by == LIVE:
            habits = np.zeros((1, 3)) if known is None else known.habits
            found = driven_poses(avatar, folder, frames, habits, who)
        else:
            found = list(_followed(avatar, drawn, frames, starts, progress)) if by == FOLLOWED else starts
        poses = dict(zip((f.name for f in frames), found, strict=True))

        def render(frame: Frame) -> Floats:
            return _as_exposed(drawn, poses[frame.name], frame, *load_frame(frame))

        capture = replace(
            capture, splits={name: tuple(range(len(frames))) if name == split else () for name in capture.splits}
        )
        alone = _landmarks_alone(drawn, frames, starts)
        remarks = {"by": by, "clip": number, "landmarks_alone": alone, "exposure": EXPOSURE}
        return score_split(avatar, capture, split, out, render, progress, remarks, lambda frame: poses[frame.name])


def evaluate_untracked(
    avatar: Avatar,
    capture: Capture,
    split: str,
    out: Path | None,
    progress: Progress = unheard,
    options: ExtractOptions | None = None,
    renderer: Renderer | None = None,
) -> dict[str, Any]:
    """Scores a capture of known cameras and unknown motion by ``score_split``.

    Timesteps with training pictures are tracked in these alone, also where other pictures of them are compared.
    ``renderer`` is what draws ``avatar`` for the scores; the CPU where none is given.

    Timesteps without a face are left out, as in a bake.

    Raises:
        CaptureError: the split is empty, or more than half of the timesteps show no face.
    """
    model = options.model if options else None
    capture, seen = observed(capture, model, progress)
    capture = capture.placed(placement_of(capture, seen, load_rig(DEFAULT, None, progress)))
    form = arkit_form(avatar.rig)
    motion = track_motion(form, _habits(avatar), seen, lenses_of(capture))
    capture = capture.placed(settled_placement(form, motion, training_timesteps(capture)))
    motion = track_motion(form, _habits(avatar), seen, lenses_of(capture))
    parameters = parameters_of(avatar.rig, motion, {}, None)
    capture = with_mattes(capture, avatar.rig, parameters, METHODS[0], progress)[0]
    steps = sorted({frame.timestep for frame in capture.split(split)})
    follower, poses = PhotometricFollower(avatar, SEVERAL), {}
    for done, step in enumerate(steps):
        views = [frame for frame in tracking_frames(capture) if frame.timestep == step]
        views = [views[i] for i in spread(len(views), VIEWS)]
        poses[step] = follower.follow(pose_parameters(avatar.rig, parameters, step), load_targets(views))
        progress(FOLLOWING, (done + 1) / len(steps))
    drawn = renderer or open_renderer(avatar)

    def render(frame: Frame) -> Floats:
        return unit(drawn.render(poses[frame.timestep], frame.camera))

    return score_split(avatar, capture, split, out, render, progress, pose=lambda frame: poses[frame.timestep])


def _habits(avatar: Avatar) -> NDArray[np.float64]:
    habits = (avatar.metadata.get("footage", {}).get("tracking") or {}).get("habits", [[0.0, 0.0, 0.0]])
    return np.array(habits, np.float64).reshape(-1, 3)


def clip_of(avatar: Avatar, video: Path, split: str, clip: int | None) -> int:
    """Which clip of the bake ``video`` is, from 1; 0: none. ``clip`` is what somebody said of it.

    Raises:
        CaptureError: there is no such clip, or it matters and nobody has said it.
    """
    footage = avatar.metadata.get("footage", {})
    if clip is not None:
        count = len((footage.get("tracking") or {}).get("focal", ()))
        if not 0 <= clip <= count:
            raise CaptureError(f"--clip {clip}: the avatar was baked from {count} clip{'s' * (count != 1)} of video")
        return clip
    digest, clips = open_clips([video])[0].info.sha256, footage.get("sha256")
    if clips:
        return clips.index(digest) + 1 if digest in clips else 0
    if footage.get("tracking") and (split == "train" or _holdout(avatar)):
        raise CaptureError(
            f"{video}: the avatar does not say which clips it was baked from; "
            "say --clip 1 where this is its first, --clip 0 where it is none of them"
        )
    return 0


def _holdout(avatar: Avatar) -> Holdout:
    described = avatar.metadata.get("capture", {})
    return Holdout(float(described.get("holdout") or 0.0), described.get("holdout_yaw"))


def _known(
    avatar: Avatar, video: Path, split: str, options: ExtractOptions, clip: int
) -> tuple[Known | None, ExtractOptions]:
    """The camera of the bake, and the ``options`` with the frames to look at."""
    if clip == 0:
        return None, options
    known, holdout = Known.of(avatar.metadata.get("footage", {}), clip - 1), _holdout(avatar)
    if split == "train":
        return known, holdout.baked(options)
    if split == "test" and holdout:
        return known, holdout.kept_out(options)
    if not holdout:
        baked = "all of this video; bake with some of it held out (last:20% or yaw:25)"
    elif holdout.yaw is None:
        baked = "its beginning; the end is 'test'"
    else:
        baked = "the pictures in which the head is turned less; the others are 'test'"
    raise CaptureError(f"{video}: no frames of the split {split!r}: the avatar was baked from {baked}")


def _followed(
    avatar: Avatar, renderer: Renderer, frames: list[Frame], starts: list[PoseParameters], progress: Progress
) -> Iterator[PoseParameters]:
    """In the order of ``frames``. What the landmarks of a frame say of torso and neck is put right by as much as in the
    frame before it: a torso that they cannot see does not start anew in every frame."""
    follower, turned, moved = (
        PhotometricFollower(avatar),
        np.float32(0) * starts[0].joint_rotations,
        np.zeros(3, np.float32),
    )
    carrying = [0, *(joint for joint, _ in avatar.rig.head_chain)]
    for number, (frame, start) in enumerate(zip(frames, starts, strict=True)):
        if number and frame.camera_index != frames[number - 1].camera_index:
            turned, moved = np.zeros_like(turned), np.zeros_like(moved)
        (target,) = load_targets([frame])
        better = replace(start, joint_rotations=start.joint_rotations + turned, translation=start.translation + moved)
        gain = picture_gain(unit(renderer.render(better, frame.camera)), target.rgba[..., :3], target.rgba[..., 3])
        found = follower.follow(better, [without_gain(target, gain)], about=start)
        # A jaw is of an expression, and begins anew.
        turned[carrying] = (found.joint_rotations - start.joint_rotations)[carrying]
        moved = found.translation - start.translation
        yield found
        progress(FOLLOWING, (number + 1) / len(frames))


def _as_exposed(renderer: Renderer, pose: PoseParameters, frame: Frame, image: Bytes, matte: Bytes) -> Floats:
    """The render (H, W, 4) as the camera would have exposed it in ``frame``, whose picture and matte these are."""
    rgba = unit(renderer.render(pose, frame.camera))
    return multiplied(rgba, picture_gain(rgba, image, matte))


def _landmarks_alone(renderer: Renderer, frames: list[Frame], starts: list[PoseParameters]) -> dict[str, Any]:
    """Means over the pictures by the rule of ``metrics``; None where no picture has a matte or a head."""
    rig, whole, masked = renderer.avatar.rig, [], []
    for frame, start in zip(frames, starts, strict=True):
        image, matte = load_frame(frame)
        rgba = _as_exposed(renderer, start, frame, image, matte)
        matte = with_head(matte, head_region(rig, pose_numpy(rig, start), frame.camera))
        shown, truth = composite(rgba[..., :3], rgba[..., 3]), composite(unit(image), unit(matte))
        whole.append(psnr(shown, truth))
        masked.append(psnr_masked(shown, truth, matte))
    inside = [value for value in masked if value is not None]
    return {"psnr": float(np.mean(whole)), "psnr_masked": float(np.mean(inside)) if inside else None}
