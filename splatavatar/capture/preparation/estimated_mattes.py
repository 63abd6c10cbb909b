"""Mattes for a capture of known cameras that brings none, kept in the cache.

Of each picture the matting is shown a window about the tracked rig, as of video. The mattes end where the rig
does: shoulders that a rig does not have would hang from its neck.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from splatavatar.array_types import Bytes, Floats
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.images import is_opaque, load_frame
from splatavatar.capture.matting import edition_of, estimate_mattes
from splatavatar.capture.matting.reach import local, projected, share_of_rig
from splatavatar.capture.preparation.folder import write_json
from splatavatar.capture.preparation.prepare import WAITING
from splatavatar.capture.references import PictureFile
from splatavatar.capture.rig_pose import posed_vertices
from splatavatar.capture.video.crop import Crop
from splatavatar.errors import CaptureError
from splatavatar.folders import cache_folder, plain_name
from splatavatar.input import read_json
from splatavatar.kept.private import make_private, private_place
from splatavatar.kept.use import note_used
from splatavatar.locks import alone_in
from splatavatar.output import make_folder
from splatavatar.pictures import write_picture
from splatavatar.progress import Progress
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.rig import Rig

EDITION = 1
"""of what is done here"""
SPAN = 0.44
"""metres that a window spans at the head: one with hair, and shoulders; as of video"""
LARGEST = 512
"""pixels of the side of what the matting is shown"""
TOGETHER = 120
"""pictures that are cut out at a time: their colours are learnt together"""
FEWEST = 4
"""pictures of one camera from which on its colours are learnt by themselves"""
WIDER = 1.3
"""times the rig that a window is at least"""
NOTE = "mattes.json"


@dataclass(frozen=True)
class _Bare:
    """A picture without a matte."""

    frame: Frame
    number: int
    """in the capture"""


def with_mattes(
    capture: Capture, rig: Rig, parameters: RigParameters, method: str, progress: Progress
) -> tuple[Capture, bool]:
    """The ``capture`` with a matte for every picture, and whether any was estimated.

    A picture with a mask, or an alpha channel that is not opaque, keeps it. ``rig`` is the ``fitted_rig`` of
    ``parameters``, ``method`` one of the matting. Pictures that a lens has bent are kept straight beside their mattes.

    Raises:
        CaptureError: a picture that cannot be read.
        SettingsError, DependencyError: no such way to cut out, or not here.
        OutputError: the cache cannot be written.
    """
    bare = [
        _Bare(frame, number)
        for number, frame in enumerate(capture.frames)
        if frame.mask is None and is_opaque(frame.picture)
    ]
    if not bare:
        return capture, False
    folder = _folder(capture, rig, parameters, method, bare)
    with private_place(folder.parent), alone_in(folder, partial(progress, WAITING, 0.0)):
        weights = _kept(folder, bare)
        if weights is None:
            weights = _cut_out(folder, rig, parameters, method, bare, progress)
        note_used(folder)
        make_private(folder)
    frames = list(capture.frames)
    for one in bare:
        frame = one.frame
        if frame.lens is not None:  # what is kept straight has its colours corrected, too
            frame = replace(frame, picture=PictureFile(_picture(folder, one)), lens=None, colour=None)
        weight = min(frame.matte_weight, weights[one.number])
        mask = PictureFile(_mask(folder, one))
        frames[one.number] = replace(frame, mask=mask, matte_weight=weight)
    return replace(capture, frames=tuple(frames)), True


def _cut_out(
    folder: Path, rig: Rig, parameters: RigParameters, method: str, bare: Sequence[_Bare], progress: Progress
) -> dict[int, float]:
    """Writes the mattes, and returns their weights by the number of the picture."""
    make_folder(folder)
    (folder / NOTE).unlink(missing_ok=True)
    weights: dict[int, float] = {}
    for group in _groups(bare):
        pictures = [load_frame(one.frame) for one in group]
        vertices = [posed_vertices(rig, parameters, one.frame.timestep) for one in group]
        windows = [_window(one.frame.camera, points) for one, points in zip(group, vertices, strict=True)]
        known = [k for k, window in enumerate(windows) if window is not None]
        images, shapes, shown = [], [], []
        for k in known:
            window, camera, image = windows[k], group[k].frame.camera, pictures[k][0]
            assert window is not None
            images.append(np.ascontiguousarray(window.squared(window.cut(image), camera.width, camera.height)))
            shapes.append(silhouette(vertices[k], rig.faces, _camera_of(camera, window)))
            shown.append(window)

        def heard(share: float, before: int = len(weights), count: int = len(group)) -> None:
            progress("cutting out", (before + share * count) / len(bare))

        found = estimate_mattes(images, shapes, shown, method, heard)
        mattes = {
            k: (matte, float(weight)) for k, matte, weight in zip(known, found.mattes, found.weights, strict=True)
        }
        for k, one in enumerate(group):
            (image, inside), camera, window = pictures[k], one.frame.camera, windows[k]
            matte, weight = mattes.get(k, (None, 0.0))
            whole = np.zeros(image.shape[:2], np.uint8)
            if matte is not None and window is not None:
                kept = share_of_rig(camera, rig, vertices[k])
                whole = np.rint(kept * pasted(matte, window, camera.width, camera.height)).astype(np.uint8)
            write_picture(_mask(folder, one), np.minimum(whole, inside))
            if one.frame.lens is not None:
                write_picture(_picture(folder, one), image)
            weights[one.number] = round(weight, 4)
    write_json(folder / NOTE, {"weights": {str(number): weight for number, weight in weights.items()}})
    return weights


def pasted(matte: Bytes, window: Crop, width: int, height: int) -> Bytes:
    """The matte (H, W) of a whole picture of which the ``matte`` (S, S) is that of a ``window``; 0 beyond."""
    import cv2

    x0, y0, x1, y1 = max(window.x, 0), max(window.y, 0), window.x + window.size, window.y + window.size
    method = cv2.INTER_AREA if window.out > window.size else cv2.INTER_LINEAR
    square = np.asarray(cv2.resize(matte, (window.size, window.size), interpolation=method))
    out = np.zeros((height, width), np.uint8)
    inner = square[y0 - window.y :, x0 - window.x :][: height - y0, : width - x0]
    out[y0:y1, x0:x1] = inner
    return out


def _groups(bare: Sequence[_Bare]) -> list[list[_Bare]]:
    """What is cut out together: a camera's pictures in the order of time; where it has few, each by itself."""
    by_camera: dict[int, list[_Bare]] = {}
    for one in sorted(bare, key=lambda one: one.frame.timestep):
        by_camera.setdefault(one.frame.camera_index, []).append(one)
    groups = [group for group in by_camera.values() if len(group) >= FEWEST]
    groups += [[one] for group in by_camera.values() if len(group) < FEWEST for one in group]
    return [group[at : at + TOGETHER] for group in groups for at in range(0, len(group), TOGETHER)]


def _window(camera: Camera, vertices: Floats) -> Crop | None:
    """The square about the rig; None where it is not before the camera, or not in the picture."""
    depth = local(camera, vertices)[:, 2]
    if depth.min() <= 0:
        return None
    pixels = projected(camera, vertices)
    low, high = pixels.min(0), pixels.max(0)
    if (high < 0).any() or (low > (camera.width, camera.height)).any():
        return None
    side = round(max(SPAN * camera.K[1, 1] / float(np.median(depth)), WIDER * float((high - low).max()), 16))
    side = min(side, max(camera.width, camera.height))
    corner = [
        # Inside of the picture where there is room, so that its borders are not pictures of nothing.
        int(np.clip(round(middle - side / 2), min(0, length - side), max(0, length - side)))
        for middle, length in zip((low + high) / 2, (camera.width, camera.height), strict=True)
    ]
    return Crop(corner[0], corner[1], side, min(LARGEST, side))


def _camera_of(camera: Camera, window: Crop) -> Camera:
    """The camera of what is seen in the ``window``."""
    K = camera.K.copy()
    K[:2, 2] -= (window.x, window.y)
    K[:2] *= window.scale
    return Camera(camera.T_camera_world, K, window.out, window.out)


def _folder(capture: Capture, rig: Rig, parameters: RigParameters, method: str, bare: Sequence[_Bare]) -> Path:
    """Where the mattes are kept: by all that they are made of."""
    digest = hashlib.sha256(f"{edition_of(method)} {EDITION} {rig.kind}".encode())
    for array in (rig.template, rig.expression_basis, parameters.expression, parameters.translation):
        digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    for joint in sorted(parameters.joint_rotations):
        digest.update(joint.encode() + parameters.joint_rotations[joint].tobytes())
    for one in bare:
        digest.update(f"{one.number} ".encode() + one.frame.fingerprint())
    name = os.path.basename(os.path.realpath(capture.root))
    return cache_folder() / "captures" / f"{plain_name(name)}-{digest.hexdigest()[:16]}-mattes"


def _kept(folder: Path, bare: Sequence[_Bare]) -> dict[int, float] | None:
    """The weights that an earlier run has left in ``folder`` with its mattes; None where they are not all there."""
    if not os.path.isfile(folder / NOTE):
        return None
    try:
        noted = read_json(folder / NOTE, CaptureError, "weights of mattes")
        weights = {one.number: float(noted["weights"][str(one.number)]) for one in bare}
    except (CaptureError, KeyError, TypeError, ValueError):
        return None
    needed = [_mask(folder, one) for one in bare] + [
        _picture(folder, one) for one in bare if one.frame.lens is not None
    ]
    sound = all(0 <= weight <= 1 for weight in weights.values()) and all(map(os.path.isfile, needed))
    return weights if sound else None


def _mask(folder: Path, one: _Bare) -> Path:
    return folder / f"{one.number:06d}_mask.png"


def _picture(folder: Path, one: _Bare) -> Path:
    return folder / f"{one.number:06d}.png"
