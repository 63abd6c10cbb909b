"""From pictures and landmarks to a capture that can be baked: rig parameters, cameras, mattes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.faces.shoulders import shows_shoulders
from splatavatar.capture.inspection.critique import criticise
from splatavatar.capture.matting import METHODS, Mattes, edition_of, estimate_mattes
from splatavatar.capture.matting.reach import share_of_rig
from splatavatar.capture.preparation.folder import (
    CAPTURE,
    FIT,
    TRACK,
    VERSION,
    Extraction,
    landmarks_path,
    read_extraction,
    write_json,
)
from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.capture.readers.transforms import FILE
from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.parameters import parameters_of
from splatavatar.capture.tracking.person import TrackedPerson
from splatavatar.capture.tracking.solve import Motion, Track, joint_rotations, place_camera, track, track_motion
from splatavatar.capture.tracking.track_cache import key_of, load_track, save_track
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import CaptureError, OutputError
from splatavatar.output import atomic_write, make_folder, why_unwritten
from splatavatar.pictures import read_picture, write_picture
from splatavatar.progress import Progress
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.loader import edition, load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from splatavatar.rotations import nearest_rotations

FOCAL = 1.3
"""of the longer side of a frame: between the front camera of a phone and a webcam"""
LEAP = 0.25
"""eye spans that a face may move between two frames of one take"""


@dataclass(frozen=True)
class Sightings:
    """The face in all frames of all clips."""

    observations: Observations
    clip: NDArray[np.int64]
    """(T) clip of each timestep; the first of them where cameras are synchronised"""
    frame: NDArray[np.int64]
    """(T)"""
    time: NDArray[np.float64]
    """(T) seconds"""
    lenses: Lenses


def track_capture(folder: Path, rig: str, matting: str, progress: Progress) -> Track:
    """Completes the extracted capture in ``folder``: see ``prepared``.

    Raises:
        CaptureError: nothing was extracted there.
        OutputError: it cannot be written.
    """
    extraction = read_extraction(folder)
    found = load_landmarks(folder, extraction)
    seen = observe(found, extraction.synchronised)
    paths = [landmarks_path(folder, clip) for clip in range(len(found))]
    key = key_of(rig, paths, extraction.synchronised)
    tracked = load_track(folder / FIT, key, progress)
    if tracked is None:
        tracked = track(
            arkit_form(load_rig(rig, None, progress)),
            seen.observations,
            seen.lenses,
            lambda done: progress("tracking the head", done),
        )
        save_track(folder / FIT, tracked, key)
    progress("tracking the head", 1.0)
    pictures = ChosenFrames.of(extraction, seen, tracked.lenses)
    mattes = pictures.mattes(folder, tracked.person.rig, tracked.motion, matting, shows_shoulders(found), progress)
    # From here on what an earlier tracking left is no longer one piece.
    try:
        (folder / CAPTURE).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {why_unwritten(error)}") from error
    pictures.write_mattes(folder, mattes.mattes)
    write_capture(folder, pictures, tracked, load_rig(rig, tracked.person.identity), mattes)
    arrays = _arrays(seen, tracked.motion, pictures)
    with atomic_write(folder / TRACK) as file:
        np.savez_compressed(file, **arrays)
    write_json(
        folder / CAPTURE,
        {
            "version": VERSION,
            "matting": edition_of(matting),
            "edition": edition(rig),
            "clips": extraction.clips,
            "window": {"size": extraction.windows[0].size, "scale": extraction.windows[0].scale},
            "tracking": described(tracked),
            "lacks": criticise(found, arrays, mattes.weights, mattes.foreign),
            "foreign": np.flatnonzero(mattes.foreign).tolist(),
            "lost": {str(c): np.flatnonzero(f.lost).tolist() for c, f in enumerate(found)},
        },
    )
    return tracked


@dataclass(frozen=True)
class Known:
    """The camera of footage that was tracked before."""

    focal: float
    T_camera_rig: NDArray[np.float64]
    """(4, 4)"""
    habits: NDArray[np.float64]
    """(L, 3) metres"""
    window: int
    """pixels of the frame"""

    @staticmethod
    def of(described: dict[str, Any], clip: int) -> Known:
        """From what an avatar remembers of its capture.

        Raises:
            CaptureError: it is damaged.
        """
        try:
            tracking = described["tracking"]
            known = Known(
                float(tracking["focal"][clip]),
                np.array(tracking["T_camera_rig"][clip], np.float64).reshape(4, 4),
                np.array(tracking["habits"], np.float64).reshape(-1, 3),
                int(described["window"]["size"]),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise CaptureError("the avatar does not remember the camera of its video; bake it again") from error
        if not all(np.isfinite(v).all() for v in (known.focal, known.T_camera_rig, known.habits)) or known.focal <= 0:
            raise CaptureError("the avatar does not remember the camera of its video; bake it again")
        return known


def retrack(folder: Path, rig: Rig, known: Known | None, progress: Progress) -> Motion:
    """Completes the extracted capture of one clip in ``folder`` for a person whose ``rig`` is known.

    Without ``known`` the focal length is found from the landmarks, and the detector is taken to have no habits.
    """
    extraction = read_extraction(folder)
    found = load_landmarks(folder, extraction)
    seen = observe(found, False)
    form = arkit_form(rig)
    if known is None:
        lenses, habits = place_camera(form, seen.observations, seen.lenses), np.zeros((1, 3))
    else:
        habits = known.habits
        lenses = replace(
            seen.lenses, T_camera_rig=known.T_camera_rig[None], focal=np.array([known.focal]), free_focal=False
        )
    motion = track_motion(form, habits, seen.observations, lenses)
    pictures = ChosenFrames.of(extraction, seen, lenses)
    mattes = pictures.mattes(folder, form, motion, METHODS[0], shows_shoulders(found), progress)
    pictures.write_mattes(folder, mattes.mattes)
    nobody = TrackedPerson({}, np.zeros((0, 3), np.float32), np.zeros((0, 0, 3), np.float32), form)
    write_capture(folder, pictures, Track(nobody, habits, lenses, motion), rig, mattes)
    return motion


def load_landmarks(folder: Path, extraction: Extraction) -> list[Landmarks]:
    """The landmarks of every clip."""
    return [Landmarks.load(landmarks_path(folder, clip)) for clip in range(len(extraction.clips))]


def described(tracked: Track) -> dict[str, Any]:
    """What the frames of the same camera need to be tracked again; JSON."""
    return {
        "rig": tracked.person.rig.kind,
        "focal": [round(float(f), 2) for f in tracked.lenses.focal],
        "T_camera_rig": [np.round(T, 6).tolist() for T in tracked.lenses.T_camera_rig],
        "habits": np.round(tracked.habits, 5).tolist(),
        "reprojection_median": round(float(np.median(tracked.motion.reprojection)), 5),
    }


def observe(found: Sequence[Landmarks], synchronised: bool) -> Sightings:
    """All landmarks as observations, in front of cameras of which only the kind is known."""
    focal = np.array([FOCAL * max(f.width, f.height) for f in found])
    centre = np.array([[f.width / 2, f.height / 2] for f in found])
    lenses = Lenses(np.stack([FACING_CAMERA] * len(found)), focal, centre, True, False, synchronised)
    rows = [(frame, clip) for clip, f in enumerate(found) for frame in np.flatnonzero(f.found)]
    if synchronised:
        frames = sorted({frame for frame, _ in rows})
        place = {frame: t for t, frame in enumerate(frames)}
        rows.sort()
        timestep = np.array([place[frame] for frame, _ in rows])
        clip_of, frame_of = np.zeros(len(frames), np.int64), np.array(frames)
    else:
        timestep = np.arange(len(rows))
        clip_of, frame_of = np.array([c for _, c in rows]), np.array([f for f, _ in rows])
    pixels = np.stack([found[c].points[f, :, :2] for f, c in rows]).astype(np.float64)
    observations = Observations(
        timestep=timestep,
        camera=np.array([c for _, c in rows]),
        pixels=pixels,
        rotation=nearest_rotations(np.stack([found[c].transform[f, :3, :3] for f, c in rows])),
        scores=np.stack([found[c].scores[f] for f, c in rows]).astype(np.float64),
        linked=np.zeros(len(clip_of), bool),
    )
    first = np.searchsorted(timestep, np.arange(len(clip_of)))
    moved = np.median(np.linalg.norm(np.diff(pixels[first], axis=0), axis=-1), 1) / observations.span[first][1:]
    linked = np.concatenate([[False], (np.diff(frame_of) == 1) & (np.diff(clip_of) == 0) & (moved < LEAP)])
    time = np.array([found[c].time[f] for c, f in zip(clip_of.tolist(), frame_of.tolist(), strict=True)])
    return Sightings(replace(observations, linked=linked), clip_of, frame_of, time, lenses)


@dataclass(frozen=True)
class ChosenFrames:
    """The chosen frames with their cameras."""

    names: list[str]
    cameras: list[Camera]
    windows: list[Crop]
    sizes: list[tuple[int, int]]
    """width and height of the frame that a window is cut from"""
    clip: list[int]
    step: NDArray[np.int64]
    """timestep of the motion, over all frames, that each shows"""
    time: list[float]

    @staticmethod
    def of(extraction: Extraction, seen: Sightings, lenses: Lenses) -> ChosenFrames:
        """The frames whose timestep was tracked."""
        place = {(int(c), int(f)): t for t, (c, f) in enumerate(zip(seen.clip, seen.frame, strict=True))}
        out = ChosenFrames([], [], [], [], [], np.zeros(0, np.int64), [])
        steps = []
        for p, ((clip, frame), window) in enumerate(zip(extraction.chosen, extraction.windows, strict=True)):
            step = place.get((0 if extraction.synchronised else clip, frame))
            if step is None:
                continue
            info = extraction.clips[clip]
            out.names.append(extraction.image_name(p))
            size = _size(info)
            out.cameras.append(window_camera(lenses, clip, window).cropped(*window.rectangle(*size)))
            out.windows.append(window)
            out.sizes.append(size)
            out.clip.append(clip)
            out.time.append(float(seen.time[step]))
            steps.append(step)
        if not steps:
            raise CaptureError("the face was lost in every chosen frame; film with the face in view")
        return replace(out, step=np.array(steps))

    def mattes(
        self, folder: Path, rig: Rig, motion: Motion, method: str, shoulders: bool, progress: Progress
    ) -> Mattes:
        """Estimated for the pictures in ``folder``, of the whole windows; where they show ``shoulders`` that ``rig``
        does not have, without these."""
        images, shapes, reaches = [], [], []
        cut = shoulders and not len(rig.regions.get("torso", ()))
        for p, (name, camera) in enumerate(zip(self.names, self.cameras, strict=True)):
            image = read_picture(folder / name, CaptureError, "the picture that was cut; extract the video again")
            if image.shape[:2] != (camera.height, camera.width):
                raise CaptureError(f"{folder / name}: not the picture that was cut; extract the video again")
            window, (left, top, _, _) = self.windows[p], self.windows[p].rectangle(*self.sizes[p])
            images.append(np.ascontiguousarray(window.squared(image, *self.sizes[p])))
            square = camera.cropped(-left, -top, window.out - left, window.out - top)
            body = pose_numpy(rig, pose_of(rig, motion, int(self.step[p])))
            shapes.append(silhouette(body, rig.faces, square))
            reaches.append(share_of_rig(square, rig, body) if cut else None)
        # A clip has its own background and its own neighbours.
        mattes: list[Bytes] = [np.zeros(0, np.uint8)] * len(images)
        weights, foreign, done = np.zeros(len(images), np.float32), np.zeros(len(images), bool), 0
        for clip in sorted(set(self.clip)):
            rows = [p for p, c in enumerate(self.clip) if c == clip]

            def heard(share: float, before: int = done, count: int = len(rows)) -> None:
                progress("cutting out", (before + share * count) / len(images))

            pictures, bodies = [images[p] for p in rows], [shapes[p] for p in rows]
            found = estimate_mattes(pictures, bodies, [self.windows[p] for p in rows], method, heard)
            for p, matte in zip(rows, found.mattes, strict=True):
                reach = reaches[p]
                mattes[p] = matte if reach is None else np.rint(matte * reach).astype(np.uint8)
            weights[rows], foreign[rows] = found.weights, found.foreign
            done += len(rows)
        return Mattes(mattes, weights, foreign)

    def write_mattes(self, folder: Path, mattes: Sequence[Bytes]) -> None:
        """Writes to ``folder`` the mattes of the pixels that lie in the frame.

        Raises:
            OutputError: they cannot be written.
        """
        make_folder(folder / "masks")
        for name, matte, window, size in zip(self.names, mattes, self.windows, self.sizes, strict=True):
            left, top, right, bottom = window.rectangle(*size)
            write_picture(folder / mask_name(name), matte[top:bottom, left:right])


def _size(clip: dict[str, Any]) -> tuple[int, int]:
    """Width and height of the frames of a clip, as extraction has described it."""
    width, height = clip.get("width"), clip.get("height")
    if not (type(width) is int and type(height) is int and width > 0 and height > 0):
        raise CaptureError("the description of the clips is damaged; extract the video again")
    return width, height


def window_camera(lenses: Lenses, clip: int, window: Crop) -> Camera:
    """The camera of a window of a frame of ``clip``."""
    focal = lenses.focal[clip] * window.scale
    cx, cy = (lenses.centre[clip] - [window.x, window.y]) * window.scale
    K = np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1.0]])
    return Camera(lenses.T_camera_rig[clip], K, window.out, window.out)


def pose_of(rig: Rig, motion: Motion, step: int) -> PoseParameters:
    """The pose of ``rig`` at one timestep of ``motion``."""
    pose = PoseParameters.neutral(rig)
    pose.expression[:] = motion.expression[step]
    for name, rotations in joint_rotations(rig, motion.head_rotation).items():
        pose.joint_rotations[rig.joint_names.index(name)] = rotations[step]
    pose.translation[:] = motion.translation[step]
    return pose


def mask_name(image: str) -> str:
    """Path of the matte of a picture."""
    return image.replace("images/", "masks/", 1)


def write_capture(folder: Path, pictures: ChosenFrames, tracked: Track, own: Rig, mattes: Mattes) -> None:
    """Writes ``transforms.json`` and ``rig_params.npz``; ``own`` is the person's rig with expressions of its own.

    Raises:
        OutputError: they cannot be written.
    """
    steps = sorted(set(pictures.step.tolist()))
    number = {step: i for i, step in enumerate(steps)}
    frames = []
    for p, (name, camera) in enumerate(zip(pictures.names, pictures.cameras, strict=True)):
        T = np.linalg.inv(T_rig_world) @ np.linalg.inv(camera.T_camera_world) @ np.linalg.inv(T_opengl_opencv)
        frames.append(
            {
                "file_path": name,
                "mask_path": mask_name(name),
                "timestep_index": number[int(pictures.step[p])],
                "camera_index": pictures.clip[p],
                "time": round(pictures.time[p], 4),
                "transform_matrix": np.round(T, 8).tolist(),
                "fl_x": float(camera.K[0, 0]),
                "fl_y": float(camera.K[1, 1]),
                "cx": float(camera.K[0, 2]),
                "cy": float(camera.K[1, 2]),
                "w": camera.width,
                "h": camera.height,
                "matte_weight": round(float(mattes.weights[p]), 4),
            }
        )
    person = tracked.person
    # Of a person who was known before, the rig has it all.
    found = len(person.template_offset) > 0
    parameters = parameters_of(
        own,
        tracked.motion,
        person.identity,
        person.template_offset if found else None,
        person.expression_offset if found else None,
        np.array(steps),
    )
    write_rig_params(folder / "rig_params.npz", parameters)
    write_json(folder / FILE, {"camera_model": "PINHOLE", "frames": frames})


def _arrays(seen: Sightings, motion: Motion, pictures: ChosenFrames) -> dict[str, Any]:
    """What ``track.npz`` holds; ``expression`` (T, 52) are ARKit coefficients, whatever the rig is."""
    chosen = np.zeros(len(seen.clip), bool)
    chosen[pictures.step] = True
    per_step = np.zeros(len(seen.clip))
    np.maximum.at(per_step, seen.observations.timestep, motion.reprojection)
    return {
        "clip": seen.clip,
        "frame": seen.frame,
        "time": seen.time,
        "expression": motion.expression.astype(np.float32),
        "head_rotation": motion.head_rotation.astype(np.float32),
        "head_translation": motion.translation.astype(np.float32),
        "reprojection": per_step.astype(np.float32),
        "chosen": chosen,
    }
