"""Mattes from the optional package ``rembg``, which brings neural networks and fetches their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.errors import DependencyError
from splatavatar.privacy import import_rembg

MODEL = "u2net_human_seg"


def rembg_mattes(images: Sequence[Bytes], heard: Callable[[float], None]) -> list[Bytes]:
    """The mattes (S, S) of ``images`` (S, S, 3).

    Raises:
        DependencyError: the package is absent.
    """
    try:
        rembg = import_rembg(MODEL)
    except ImportError as cause:
        raise DependencyError(
            "mattes by rembg need the package rembg, which is not installed: "
            'pip install "rembg[cpu]", or use the method grabcut, which needs nothing'
        ) from cause
    session = rembg.new_session(MODEL)
    mattes = []
    for k, image in enumerate(images):
        mattes.append(np.asarray(rembg.remove(image, session=session, only_mask=True), np.uint8))
        heard((k + 1) / len(images))
    return mattes
