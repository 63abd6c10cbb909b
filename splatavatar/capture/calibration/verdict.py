"""What the landmarks of the face say of the cameras of a capture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.capture.calibration.agreement import Agreement, agreement, keeps_still
from splatavatar.capture.calibration.mistakes import (
    MISSED,
    TWISTED,
    by_camera,
    is_doubtful,
    named_mistake,
    off_cameras,
)
from splatavatar.capture.calibration.sightings import Sightings
from splatavatar.capture.capture import Capture

FARTHEST = 9999.0
"""pixels that are said; what lies behind a camera is infinitely far off"""


@dataclass(frozen=True)
class Verdict:
    """How far known cameras agree on where the face is, and what they may have been meant to be."""

    found: Agreement
    pixels: tuple[float, float]
    """that landmarks miss: the median and what 90 % stay below"""
    mistake: str | None
    """a sentence without its end; None where none of the usual ones is it"""
    off: dict[int, float]
    """pixels, in the median, by the camera indices that are far worse than the others"""
    refusal: str | None
    """why a bake cannot be made of it, a sentence without its end"""

    @property
    def line(self) -> str:
        """The error, in a few words."""
        median, most = self.pixels
        if not np.isfinite(median):
            return "landmarks of the face lie behind the cameras that saw them"
        return f"landmarks of the face fall on the pixels within {_pixels(median)} ({_pixels(most)} for 90 % of them)"


def judged(capture: Capture, sightings: Sightings) -> Verdict | None:
    """The verdict on the cameras of ``capture``, which saw the ``sightings``; None where these can tell nothing: one
    camera that stands still."""
    found = agreement(sightings)
    if found is None:
        return None
    away = np.concatenate([meeting.distance.ravel() for meeting in found.meetings])
    median, most = (float(np.percentile(away, share, method="lower")) for share in (50, 90))
    mistake = named_mistake(sightings, found, capture.convention)
    worse = off_cameras(sightings, found)
    spans = {int(i): float(np.median(sightings.span[[f.camera_index == i for f in sightings.frames]])) for i in worse}
    missed = by_camera(sightings, found)
    off = {index: missed[index] * span for index, span in spans.items()}
    refusal = None
    if is_doubtful(found):
        if mistake is not None:
            refusal = mistake
        elif not keeps_still(sightings) and (found.missed > MISSED or found.twisted > 2 * TWISTED):
            refusal = (
                f"the cameras do not agree on where the face is: they miss it by {_pixels(median)},"
                f" {min(found.missed, 99.0):.1f} of the distance between the eyes, and its turn by"
                f" {np.degrees(found.twisted):.0f} degrees; check transform_matrix, focal lengths and principal points,"
                " and that pictures and cameras belong together"
            )
    return Verdict(found, (median, most), mistake, off, refusal)


def _pixels(number: float) -> str:
    return f"{number:.1f} px" if number < FARTHEST else "thousands of px"
