"""The lens that a frame of ``transforms.json`` describes: OpenCV's models, by nerfstudio's names of their numbers."""

from __future__ import annotations

from typing import Any

from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import FISHEYE_MODELS, FLAGS, Fields, number
from splatavatar.errors import CaptureError
from splatavatar.render.camera import Camera

NUMBERS = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")
WIDEST = 32_000
"""pixels; OpenCV counts them in 16 bits"""
RATIONAL_MODEL = "FULL_OPENCV"
"""in which k4, k5 and k6 divide"""


def lens_of(where: str, data: Fields, entry: Fields, camera: Camera) -> Lens | None:
    """The lens of the frame ``entry`` of the file ``data``, whose ``camera`` has its focal lengths and its middle.

    None where the stored picture is what a pinhole sees. Values of the frame go before those of the file; ``where``
    begins what is said. Raises CaptureError for numbers that the model does not have, or that no lens has.
    """
    values = {**data, **{name: value for name, value in entry.items() if value is not None}}
    k1, k2, k3, k4, k5, k6, p1, p2 = (
        number(where, values, name, 0.0) if values.get(name) is not None else 0.0 for name in NUMBERS
    )
    model = values.get("camera_model")
    if _is_fisheye(values, model):
        if any((k5, k6, p1, p2)):
            raise CaptureError(f"{where}: a fisheye lens has k1, k2, k3 and k4, and no k5, k6, p1 or p2")
        return checked(where, Lens("fisheye", (k1, k2, k3, k4), camera.K), camera)
    if not any((k1, k2, k3, k4, k5, k6, p1, p2)):
        return None
    if model == RATIONAL_MODEL:
        return checked(where, Lens("opencv", (k1, k2, p1, p2, k3, k4, k5, k6), camera.K), camera)
    if any((k4, k5, k6)):
        raise CaptureError(
            f"{where}: k4, k5 and k6 are numbers of the camera_model 'OPENCV_FISHEYE' or {RATIONAL_MODEL!r}, expected 0"
        )
    return checked(where, Lens("opencv", (k1, k2, p1, p2, k3), camera.K), camera)


def checked(where: str, lens: Lens, camera: Camera) -> Lens:
    """The ``lens``, which ``camera`` takes pictures with.

    Raises CaptureError where it would fold the picture over well within its border: none does.
    """
    if max(camera.width, camera.height) > WIDEST:
        raise CaptureError(
            f"{where}: a lens distorts pictures of up to {WIDEST} pixels a side; undistort the images first"
        )
    reach = lens.reach() * float(min(camera.K[0, 0], camera.K[1, 1]))
    if reach < min(camera.width, camera.height) / 4:
        raise CaptureError(
            f"{where}: this lens distortion folds the picture {reach:.0f} pixels from its middle; check k1, k2, p1 and "
            "p2"
        )
    return lens


def _is_fisheye(values: Fields, model: Any) -> bool:
    flagged = any(values.get(name) in (True, 1) for name in FLAGS)
    return flagged or (isinstance(model, str) and model.upper() in FISHEYE_MODELS)
