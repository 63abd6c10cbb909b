"""How close a render is to the truth.

The rule for scores: render and truth are composited over 0.6 grey, each by its own alpha or matte, then compared as
sRGB values. Where the head of the rig is in the picture the truth is the picture itself, whatever its matte says: a
render of nothing is wrong there, even where the matte is empty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Bytes, Floats, Mask

GREY = 0.6
PSNR_CEILING = 100.0
"""what equal pictures score, instead of infinity"""
WINDOW, SIGMA = 11, 1.5
FLIP_REACH = 20
"""pixels, twice the radius of FLIP's widest filter at its default viewing distance"""
OPAQUE = 250
"""level of a matte of 255 from which on nothing shines through"""


@dataclass(frozen=True)
class FrameScore:
    """Scores of one picture."""

    psnr: float
    """dB, whole picture"""
    psnr_masked: float | None
    """dB over the pixels with matte > 0 or within the head; None where there are none"""
    psnr_head: float | None
    """dB over the pixels within the head of the rig; None where it is not in the picture"""
    ssim: float
    flip: float | None
    """mean error in [0, 1], smaller is better; None where the package flip-evaluator is not installed"""
    alpha: float | None
    """mean alpha of the render in [0, 1] where the matte is opaque; None where it never is"""


def score(render_rgba: Floats, image: Bytes, matte: Bytes, head: Mask | None = None) -> FrameScore:
    """Score a render (H, W, 4) RGB and straight alpha in [0, 1] against ``image`` (H, W, 3) and ``matte`` (H, W).

    ``head`` (H, W) is where the head of the rig is in the picture; None where that is not known.
    """
    matte = matte if head is None else with_head(matte, head)
    render = composite(render_rgba[..., :3], render_rgba[..., 3])
    truth = composite(unit(image), unit(matte))
    return FrameScore(
        psnr=psnr(render, truth),
        psnr_masked=psnr_masked(render, truth, matte),
        psnr_head=None if head is None else psnr_masked(render, truth, head.view(np.uint8)),
        ssim=ssim(render, truth),
        flip=flip(render, truth),
        alpha=float(render_rgba[..., 3][solid].mean(dtype=np.float64)) if (solid := matte >= OPAQUE).any() else None,
    )


def with_head(matte: Bytes, head: Mask) -> Bytes:
    """The ``matte`` (H, W) in which all of ``head`` (H, W) is the person."""
    return np.where(head, np.uint8(255), matte)


def unit(values: Bytes) -> Floats:
    """Levels from 0 to 255 as numbers in [0, 1]."""
    return (values / np.float32(255)).astype(np.float32)


def composite(colour: Floats, alpha: Floats) -> Floats:
    """Lays ``colour`` (H, W, 3) over grey by ``alpha`` (H, W)."""
    return (colour * alpha[..., None] + GREY * (1 - alpha[..., None])).astype(np.float32)


def psnr(a: Floats, b: Floats) -> float:
    """Peak signal-to-noise ratio in dB of two arrays in [0, 1], over all values."""
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return PSNR_CEILING if error == 0 else min(PSNR_CEILING, float(-10 * np.log10(error)))


def psnr_masked(a: Floats, b: Floats, matte: Bytes) -> float | None:
    """The ``psnr`` (dB) over the pixels with ``matte`` (H, W) > 0, None if there are none."""
    inside = matte > 0
    return psnr(a[inside], b[inside]) if inside.any() else None


def ssim(a: Floats, b: Floats) -> float:
    """Structural similarity of two pictures (H, W, 3) in [0, 1], H and W at least 11: mean over pixels and channels.

    After Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE TIP 2004: an 11x11 Gaussian window with sigma 1.5, K1 = 0.01, K2 = 0.03, only where the window
    lies inside the picture.
    """
    import cv2

    if min(a.shape[:2]) < WINDOW:
        raise ValueError(f"SSIM needs pictures of at least {WINDOW}x{WINDOW} pixels, got {a.shape[1]}x{a.shape[0]}")
    x, y = a.astype(np.float64), b.astype(np.float64)
    edge = WINDOW // 2

    def blur(picture: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred: NDArray[np.float64] = cv2.GaussianBlur(picture, (WINDOW, WINDOW), SIGMA)
        return blurred[edge:-edge, edge:-edge]

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return float(np.mean(luminance * structure))


def flip(render: Floats, truth: Floats) -> float | None:
    """Mean LDR-FLIP error of two sRGB pictures (H, W, 3) by NVIDIA's flip-evaluator at its default 67 pixels a degree.

    None where the package is not installed. After Andersson et al., "FLIP: a difference evaluator for alternating
    images", HPG 2020.
    """
    try:
        import flip_evaluator
    except ImportError:
        return None
    # FLIP is slow and local, and a head fills half of its picture: only where something differs, and far enough around
    # it for every filter, can the error be other than zero.
    rows, columns = (np.nonzero((render != truth).any(axis=(2, axis)))[0] for axis in (1, 0))
    if not len(rows):
        return 0.0
    box = tuple(slice(max(0, line[0] - FLIP_REACH), line[-1] + 1 + FLIP_REACH) for line in (rows, columns))
    reference, test = (np.ascontiguousarray(picture[box], np.float32) for picture in (truth, render))
    _, mean, _ = flip_evaluator.evaluate(reference, test, "LDR", applyMagma=False)
    return float(mean) * reference.size / truth.size
