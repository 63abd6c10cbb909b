"""A capture of NeRSemble: one person, in one sequence or in all that are there; see ``folders`` for where these lie.

Films of more than a thousand pixels a side are read at a whole fraction of that, and of long sequences timesteps are
left out evenly, for a bake holds all pictures. Colours are corrected as the calibration says. The benchmark
``mono_flame_avatar`` brings FLAME (``tracking``); elsewhere the head is found in the pictures.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from splatavatar.capture.capture import Capture
from splatavatar.capture.colour import ColourCorrection
from splatavatar.capture.images import image_sizes
from splatavatar.capture.readers.nersemble.calibration import Calibrated, affine_colours, linear_colours, read_cameras
from splatavatar.capture.readers.nersemble.folders import PICTURES, Places, find_places
from splatavatar.capture.readers.nersemble.sequence import Filmed, read_sequence
from splatavatar.capture.readers.nersemble.tracking import find_tracking, parameters_of
from splatavatar.capture.readers.views import View, capture_of
from splatavatar.capture.references import PictureFile, PictureReference
from splatavatar.capture.video.film_frames import FilmFrame
from splatavatar.errors import CaptureError
from splatavatar.printable import printable

PIXELS = 1_500_000_000
"""of all pictures together; a bake holds four bytes of each"""

_log = logging.getLogger("splatavatar")
Sizes = Mapping[PictureReference, tuple[int, int]]


def read_nersemble(root: Path, rig_params: Path | None = None, allow_outside: bool = False) -> Capture:
    """The capture of NeRSemble in ``root``; see the top of this file.

    Raises:
        CaptureError: a calibration or pictures that are damaged, incomplete or contradict one another.
        RigError: a tracking that does not fit the films, or a file ``rig_params`` that does not fit the capture.
    """
    places = find_places(root)
    if places is None:
        raise CaptureError(f"{root}: no calibration and pictures of NeRSemble's cameras")
    cameras = read_cameras(places.cameras)
    sequences = [read_sequence(root, places, folder, cameras, allow_outside) for folder in places.sequences]
    tracked = [sequence.tracking for sequence in sequences if sequence.tracking is not None]
    if 0 < len(tracked) < len(sequences):
        _log.warning("%s: FLAME of %d of %d sequences; it is left out.", printable(root), len(tracked), len(sequences))
        sequences, tracked = [replace(sequence, tracking=None) for sequence in sequences], []
    sizes = _sizes(sequences)
    steps = _chosen(root, sequences, sizes)
    serials = {serial: index for index, serial in enumerate(cameras)}
    colours, files = _colours(places, {serial for sequence in sequences for serial, _ in sequence.pictures})
    views: list[View] = []
    first = 0
    for sequence, chosen in zip(sequences, steps, strict=True):
        moments = {step: first + number for number, step in enumerate(chosen)}
        views += _views(places, sequence, cameras, moments, sizes)
        first += len(chosen)
    parameters = None
    if tracked:
        rows = [[tracking.row[step] for step in chosen] for tracking, chosen in zip(tracked, steps, strict=True)]
        parameters = parameters_of(list(zip(tracked, rows, strict=True)), str(root))
        files += [path for sequence in sequences if (path := find_tracking(sequence.folder)) is not None]
    capture = capture_of(root, (places.cameras, *files), views, sizes, parameters, rig_params)
    by_camera = {serials[serial]: colour for serial, colour in colours.items()}
    frames = [replace(frame, colour=by_camera.get(frame.camera_index)) for frame in capture.frames]
    return replace(capture, frames=tuple(frames))


def _views(
    places: Places,
    sequence: Filmed,
    cameras: Mapping[str, Calibrated],
    moments: Mapping[int, int],
    sizes: Sizes,
) -> Iterator[View]:
    """The pictures of the timesteps ``moments``, camera by camera, as films are read; where each is in the capture."""
    tracking = sequence.tracking
    for index, (serial, camera) in enumerate(cameras.items()):
        for step, moment in moments.items():
            if (serial, step) not in sequence.pictures:
                continue
            picture, mask = sequence.pictures[serial, step]
            T = camera.T_camera_world
            yield View(
                where=f"{places.cameras}: camera {printable(serial)}",
                name="/".join(filter(None, [sequence.name, f"{PICTURES}/cam_{serial}_{step:05d}"])),
                picture=picture,
                mask=mask,
                T_camera_rig=T if tracking is None else tracking.seen_from(T, tracking.row[step]),
                K=camera.K,
                size=camera.size or _whole(picture, sizes),
                camera=index,
                timestep=moment,
            )


def _whole(picture: PictureReference, sizes: Sizes) -> tuple[int, int]:
    """Width and height of the ``picture`` as it is in its file, that of a film before it is made smaller."""
    if isinstance(picture, FilmFrame):
        return picture.film.video.width, picture.film.video.height
    return sizes[picture]


def _sizes(sequences: Sequence[Filmed]) -> Sizes:
    """Of all pictures and mattes."""
    pictures = [ref for sequence in sequences for pair in sequence.pictures.values() for ref in pair]
    sizes: dict[PictureReference, tuple[int, int]] = {}
    sizes |= image_sizes([ref for ref in pictures if isinstance(ref, PictureFile)])
    return sizes | {ref: ref.film.size for ref in pictures if isinstance(ref, FilmFrame)}


def _chosen(root: Path, sequences: Sequence[Filmed], sizes: Sizes) -> list[list[int]]:
    """The timesteps of each sequence that are read: all, or some evenly where they are too many."""
    pixels = sum(sizes[picture][0] * sizes[picture][1] for s in sequences for picture, _ in s.pictures.values())
    every = max(1, -(-pixels // PIXELS))
    chosen = [sequence.timesteps[::every] for sequence in sequences]
    if every > 1:
        total, kept = sum(len(s.timesteps) for s in sequences), sum(map(len, chosen))
        _log.warning("%s: %d of %d timesteps are read, for a bake holds all pictures.", printable(root), kept, total)
    return chosen


def _colours(places: Places, serials: set[str]) -> tuple[dict[str, ColourCorrection], list[Path]]:
    """The corrections of the cameras ``serials``, and the files that they come from."""
    used = sorted(serials)
    if places.linear_colours.is_file():
        known = linear_colours(places.linear_colours)
        missing = [serial for serial in used if serial not in known]
        if missing:
            raise CaptureError(f"{places.linear_colours}: no colours of camera {printable(missing[0])}")
        return {serial: known[serial] for serial in used}, [places.linear_colours]
    if places.affine_colours.is_dir():
        files = [places.affine_colours / f"{serial}.npy" for serial in used]
        return {serial: affine_colours(file) for serial, file in zip(used, files, strict=True)}, files
    return {}, []
