"""A page to look at what was found in a capture: overlays on its pictures, curves over time, what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Mask
from splatavatar.arrays import Layout, read_npz_or_none
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.images import load_frame
from splatavatar.capture.inspection.cameras import CameraReport, camera_report
from splatavatar.capture.inspection.critique import criticise
from splatavatar.capture.inspection.curves import Timeline, rig_charts, video_charts
from splatavatar.capture.inspection.overlay import cut_out, project, with_landmarks, with_mesh
from splatavatar.capture.preparation.folder import (
    CAPTURE,
    EXTRACT,
    TRACK,
    Extraction,
    landmarks_path,
    read_description,
    read_extraction,
)
from splatavatar.capture.readers.transforms import FILE
from splatavatar.capture.rig_pose import fitted_rig, posed_vertices
from splatavatar.errors import CaptureError, DependencyError, RigError
from splatavatar.output import atomic_write
from splatavatar.page.document import document, facts, items, jpeg, picture, section
from splatavatar.page.words import words
from splatavatar.printable import printable
from splatavatar.progress import Progress, unheard
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig

EVENLY, WORST = 8, 3
"""pictures shown: spread over the capture, and of each kind of trouble"""
DOUBT = 0.1
"""missing weight from which a matte is shown for its own sake"""
SIDE = 480
"""longest side of a picture on the page, pixels"""
QUALITY = 80
TRACK_LAYOUT: Layout = {
    **{"clip": ("iu", ("T",)), "frame": ("iu", ("T",))},
    **{"expression": ("f", ("T", "E")), "reprojection": ("f", ("T",))},
}
"""of what is shown of ``track.npz``"""
PROMISE = "Nothing that splatavatar looks for is missing."


@dataclass(frozen=True)
class Prepared:
    """What is in the folder of a capture; all but the capture itself may be absent."""

    capture: Capture
    extraction: Extraction | None
    landmarks: tuple[Landmarks, ...]
    track: Mapping[str, NDArray[Any]] | None
    facts: Mapping[str, Any]
    """of ``capture.json``"""
    cameras: CameraReport | None = None
    """of known cameras"""

    @property
    def source(self) -> dict[str, tuple[int, int]]:
        """The (clip, frame) of each picture by its name."""
        if self.extraction is None:
            return {}
        return {self.extraction.image_name(p): at for p, at in enumerate(self.extraction.chosen)}

    @property
    def weights(self) -> NDArray[np.float64]:
        """The matte weights (N) of the pictures."""
        return np.array([frame.matte_weight for frame in self.capture.frames])

    @property
    def foreign(self) -> Mask:
        """Whether something foreign is in each of the pictures (N)."""
        noted = self.facts.get("foreign")
        rows = [k for k in noted if type(k) is int] if isinstance(noted, list) else []
        return np.isin(np.arange(len(self.capture.frames)), rows)

    @property
    def reprojection(self) -> dict[tuple[int, int], float]:
        """Error in eye spans by (clip, frame); of cameras of one take by the frame of the first."""
        if self.track is None:
            return {}
        places = zip(self.track["clip"].tolist(), self.track["frame"].tolist(), strict=True)
        return dict(zip(places, self.track["reprojection"].tolist(), strict=True))

    def lacks(self) -> list[str] | None:
        """See ``criticise``; None without landmarks."""
        return criticise(self.landmarks, self.track, self.weights, self.foreign) if self.landmarks else None


def read_prepared(folder: Path, allow_outside: bool = False, layout: str | None = None) -> Prepared:
    """A capture with what extraction and tracking left beside it; see ``read_capture``.

    Raises:
        CaptureError: no capture, or damaged files.
        RigError: rig parameters that do not fit the capture.
    """
    if (folder / EXTRACT).is_file() and not (folder / FILE).is_file():
        raise CaptureError(f"{folder}: extracted but not tracked; first run: splatavatar capture track {folder}")
    capture = read_capture(folder, None, allow_outside, layout)
    extraction = read_extraction(folder) if (folder / EXTRACT).is_file() else None
    clips = 0 if extraction is None else len(extraction.clips)
    landmarks = tuple(Landmarks.load(landmarks_path(folder, clip)) for clip in range(clips))
    described = read_description(folder / CAPTURE) if (folder / CAPTURE).is_file() else {}
    return Prepared(capture, extraction, landmarks, _track(folder / TRACK), described)


@dataclass(frozen=True)
class Inspection:
    """What there is to say of a capture."""

    lacks: list[str] | None
    """what it lacks; None: not known"""
    cameras: CameraReport | None
    """of a capture of known cameras"""


def write_inspection(
    folder: Path,
    path: Path,
    progress: Progress = unheard,
    model: Path | None = None,
    allow_outside: bool = False,
    layout: str | None = None,
) -> Inspection:
    """Writes the page of the capture in ``folder`` to ``path`` and returns what it says in words.

    ``progress`` hears of each picture, and of the body model where it has to be prepared. Where the cameras are known,
    the landmarks that ``model`` finds are held against them. ``allow_outside`` and ``layout`` are those of
    ``read_capture``.

    Raises:
        CaptureError: no capture, or damaged files.
        RigError: rig parameters that do not fit the capture.
        OutputError: the page cannot be written.
    """
    prepared = read_prepared(folder, allow_outside, layout)
    if prepared.extraction is None:
        prepared = replace(prepared, cameras=camera_report(prepared.capture, model, progress))
    lacks = prepared.lacks()
    title = folder.resolve().name
    sections = [
        f"<header><h1>{words(title)}</h1></header>",
        facts(_facts(prepared)),
        section("What the capture lacks", _lacks(lacks)) if prepared.cameras is None else _cameras(prepared.cameras),
        section("Over time", _charts(prepared)),
        section("Pictures", _pictures(prepared, progress)),
    ]
    with atomic_write(path) as file:
        file.write(document(title, sections))
    return Inspection(lacks, prepared.cameras)


def chosen_pictures(prepared: Prepared) -> dict[int, list[str]]:
    """Indices of the frames to show, ascending, with the reasons."""
    count = len(prepared.capture.frames)
    reasons: dict[int, list[str]] = {}
    for index in np.linspace(0, count - 1, min(count, EVENLY)).round().astype(int).tolist():
        reasons.setdefault(index, [])
    error = np.array([_error(prepared, frame) or 0.0 for frame in prepared.capture.frames])
    doubt = 1 - prepared.weights
    for values, least, reason in ((error, 0.0, "among the largest errors"), (doubt, DOUBT, "a doubtful matte")):
        for index in np.argsort(-values, kind="stable")[:WORST].tolist():
            if values[index] > least:
                reasons.setdefault(index, []).append(reason)
    return dict(sorted(reasons.items()))


def _facts(prepared: Prepared) -> list[tuple[str, str]]:
    capture = prepared.capture
    values = [(f"{len(capture.frames)}", "pictures")]
    for clip, landmarks in zip(
        prepared.extraction.clips if prepared.extraction else [], prepared.landmarks, strict=True
    ):
        size = f"{clip['width']}x{clip['height']} at {clip['fps']:.4g} a second"
        values.append(
            (str(clip["name"]), f"{size}, face found in {landmarks.found.sum()} of {len(landmarks.found)} frames")
        )
    tracking = prepared.facts.get("tracking", {})
    if "focal" in tracking:
        values.append((", ".join(f"{focal:.0f}" for focal in np.atleast_1d(tracking["focal"])), "focal length, pixels"))
    if "reprojection_median" in tracking:
        values.append((f"{tracking['reprojection_median']:.2%}", "of the eye span between landmarks and head, median"))
    if capture.rig_parameters is not None:
        values.append((capture.rig_parameters.rig, f"rig, {len(capture.rig_parameters.expression)} timesteps"))
    return values


def _cameras(report: CameraReport) -> str:
    wrong = section("What is wrong with the cameras", items(report.wrong)) if report.wrong else ""
    return wrong + section("Cameras", items(report.lines))


def _lacks(lacks: list[str] | None) -> str:
    if lacks is None:
        return "<p>Not known: the folder holds no landmarks of a video.</p>"
    return items(lacks) or f"<p>{PROMISE}</p>"


def _charts(prepared: Prepared) -> str:
    parameters, extraction = prepared.capture.rig_parameters, prepared.extraction
    if extraction is not None and prepared.landmarks:
        source = prepared.source
        timeline = Timeline.of(prepared.landmarks, extraction.synchronised, list(source.values()))
        weights = sorted(
            (timeline.at(*source[frame.name]), frame.matte_weight)
            for frame in prepared.capture.frames
            if frame.name in source and source[frame.name][0] < len(timeline.landmarks)
        )
        names = parameters.expression_names if parameters else ()
        charts = video_charts(timeline, prepared.track, names, weights)
        legend = "<p>Ticks at the bottom: chosen frames. Grey: no face found.</p>"
        return f'<div class="strips">{"".join(charts)}</div>{legend}'
    if parameters is not None:
        return f'<div class="strips">{"".join(rig_charts(prepared.capture, parameters))}</div>'
    return ""


def _pictures(prepared: Prepared, progress: Progress) -> str:
    rig = _rig(prepared.capture.rig_parameters, progress)
    chosen = chosen_pictures(prepared)
    figures = []
    for done, (index, reasons) in enumerate(chosen.items()):
        frame = prepared.capture.frames[index]
        views = "".join(picture(jpeg(image, QUALITY), text) for text, image in _views(prepared, frame, rig))
        caption = f"<figcaption>{words(_caption(prepared, frame, reasons))}</figcaption>"
        figures.append(f'<figure>{caption}<div class="row">{views}</div></figure>')
        progress("drawing", (done + 1) / len(chosen))
    keys = ["<p>Mesh of the tracked head; landmarks detected (green) and fitted (red); the matte over magenta.</p>"]
    return "".join(keys + figures)


def _rig(parameters: RigParameters | None, progress: Progress) -> Rig | None:
    """The rig of ``parameters``; None where there are none, or it is one of another program's that is not here."""
    if parameters is None:
        return None
    try:
        return fitted_rig(load_rig(parameters.rig, parameters.identity, progress), parameters)
    except (RigError, DependencyError):
        if not parameters.tracker:
            raise
        return None


def _views(prepared: Prepared, frame: Frame, rig: Rig | None) -> list[tuple[str, NDArray[np.uint8]]]:
    """(what it shows, picture) of one frame."""
    image, matte = load_frame(frame)
    views, fitted = [], None
    parameters = prepared.capture.rig_parameters
    if rig is not None and parameters is not None:
        vertices = posed_vertices(rig, parameters, frame.timestep)
        views.append(("mesh", with_mesh(image, vertices, rig.faces, frame.camera, SIDE)))
        points = rig.landmarks["mediapipe"]
        surface = np.einsum("lkj,lk->lj", vertices[rig.faces[points.face]], points.barycentric)
        fitted = project(surface, frame.camera)[0]
    else:
        views.append(("picture", _small(image)))
    detected = _detected(prepared, frame)
    if prepared.cameras is not None and frame.name in prepared.cameras.landmarks:
        detected, fitted = prepared.cameras.landmarks[frame.name]
    if detected is not None:
        views.append(("landmarks", with_landmarks(image, detected, fitted, SIDE)))
    if frame.mask is not None:
        views.append(("matte", _small(cut_out(image, matte))))
    return [(f"{what} of {frame.name}", view) for what, view in views]


def _detected(prepared: Prepared, frame: Frame) -> NDArray[np.float64] | None:
    """(L, 2) landmarks in pixels of the picture."""
    extraction, place = prepared.extraction, prepared.source.get(frame.name)
    if extraction is None or place is None or not prepared.landmarks[place[0]].found[place[1]]:
        return None
    window = extraction.windows[extraction.chosen.index(place)]
    info = extraction.clips[place[0]]
    corner = window.rectangle(int(info["width"]), int(info["height"]))[:2]
    points = prepared.landmarks[place[0]].points[place[1], :, :2].astype(np.float64)
    return np.asarray((points - [window.x, window.y]) * window.scale - corner, np.float64)


def _error(prepared: Prepared, frame: Frame) -> float | None:
    """In eye spans; of known cameras in pixels."""
    if prepared.cameras is not None:
        return prepared.cameras.pixels.get(frame.name)
    place = prepared.source.get(frame.name)
    if place is None or prepared.extraction is None:
        return None
    return prepared.reprojection.get((0 if prepared.extraction.synchronised else place[0], place[1]))


def _caption(prepared: Prepared, frame: Frame, reasons: list[str]) -> str:
    parts = [frame.name]
    place = prepared.source.get(frame.name)
    if place is not None and prepared.extraction is not None:
        clip, at = place
        time = prepared.landmarks[clip].time[at]
        parts.append(
            f"{prepared.extraction.clips[clip]['name']}, frame {at + prepared.extraction.first[clip]}, {time:.2f} s"
        )
    else:
        parts.append(f"timestep {frame.timestep}, camera {frame.camera_index}")
    error = _error(prepared, frame)
    if error is not None:
        said = f"{error:.2%} of the eye span" if prepared.cameras is None else f"{error:.1f} px"
        parts.append(f"error {said}")
    if frame.mask is not None:
        parts.append(f"matte weight {frame.matte_weight:.2f}")
    return " · ".join([*parts, *reasons])


def _track(path: Path) -> dict[str, NDArray[Any]] | None:
    if not path.is_file():
        return None
    arrays = read_npz_or_none(path, TRACK_LAYOUT)
    if arrays is None:
        raise CaptureError(f"{printable(path)}: damaged; track the video again")
    return arrays


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    height, width = image.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
