"""The avatars of other tools that can be imported: how each is known, and what reads it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import FOV_Y, MARGIN
from splatavatar.avatar.importers.origin import IMPORTED
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.gaussians.binding import to_world
from splatavatar.printable import printable
from splatavatar.progress import Progress

UNNAMED = "avatar"
"""the name of an avatar that nobody has named"""


@dataclass(frozen=True)
class Importer:
    """One tool."""

    name: str
    """``lam``"""
    recognises: Callable[[Path], str | None]
    """what in a file or a folder says that it is of this tool; None where nothing does"""
    expects: str
    """what that would be, in words"""
    read: Callable[[Path, Progress | None, Doubles | None], Avatar]
    """takes the source, who hears of the progress and who is shown, as ``import_avatar``; returns an avatar whose
    metadata are what is known of its origin, such as ``NOTES``; raises AvatarFileError, RigError, DependencyError and
    SettingsError"""


def importer_of(source: Path) -> tuple[Importer, str]:
    """The first of ``IMPORTERS`` that knows ``source``, and why. Raises AvatarFileError where none does."""
    for importer in IMPORTERS:
        found = importer.recognises(source)
        if found is not None:
            return importer, found
    if not source.exists():
        raise AvatarFileError(f"{printable(source)}: no such file or folder.")
    expected = "; or ".join(importer.expects for importer in IMPORTERS)
    raise AvatarFileError(f"{printable(source)}: no avatar of another tool, expected {expected}.")


def import_avatar(source: str | Path, progress: Progress | None = None, shape: Doubles | None = None) -> Avatar:
    """The avatar that another tool has made, to be driven, drawn and saved as any.

    ``source`` is a bundle of LAM, a folder or a zip; a result of GaussianAvatars, ``point_cloud.ply`` beside its
    ``flame_param.npz``, or a folder with them; or the PLY of RGBAvatar. The last two need the user's FLAME, which
    ``SPLATAVATAR_BODY_MODELS`` names, RGBAvatar also FLAME's texture coordinates. The avatar stands where it stood: at
    rest its Gaussians are those of the source. Its metadata say which tool it is of and on which day it was imported.

    ``progress(message, fraction)`` hears of what is prepared when a body model is first seen. ``shape`` (up to 300)
    are FLAME's coefficients of the person, who is not in the files of RGBAvatar; they go before a ``flame_param.npz``.

    Raises:
        SettingsError: ``shape`` for another tool than RGBAvatar.
        AvatarFileError: ``source`` is none of these, damaged or cut off.
        RigError: the body model is not found, or is none.
        DependencyError: the package is absent that the face of a body model is carried over from.
    """
    source = Path(source)
    importer, _ = importer_of(source)
    avatar = importer.read(source, progress, shape)
    # Neither the name of the source nor an hour: an avatar goes to others, and they may tell what nobody meant to.
    metadata = {
        "name": UNNAMED,
        "created": datetime.now(timezone.utc).date().isoformat(),
        "camera": _camera(avatar),
        IMPORTED: {"tool": importer.name, **avatar.metadata},
    }
    return replace(avatar, metadata=metadata)


def _camera(avatar: Avatar) -> dict[str, Any]:
    """A camera that frames what can be seen of the head: the Gaussians may reach far beyond the mesh."""
    seen = avatar.gaussians.opacity > 0.1
    points = to_world(avatar.gaussians, avatar.rig.template, avatar.rig.faces).mean
    points = points[seen] if seen.any() else points
    low, high = np.quantile(points.astype(np.float64), [0.005, 0.995], axis=0)
    middle, size = (low + high) / 2, high - low
    distance = max(float(max(size[0], size[1])) * MARGIN / 2 / math.tan(FOV_Y / 2), 1e-3) + float(size[2]) / 2
    return {"target": middle.tolist(), "distance": distance, "fov_y": FOV_Y}


def _recognises_lam(source: Path) -> str | None:
    from splatavatar.avatar.importers.lam_bundle.importer import recognises

    return recognises(source)


def _read_lam(source: Path, progress: Progress | None, shape: Doubles | None) -> Avatar:
    from splatavatar.avatar.importers.lam_bundle.importer import read

    _check_no_shape(source, shape)
    return read(source, progress)


def _recognises_gaussian_avatars(source: Path) -> str | None:
    from splatavatar.avatar.importers.flame.gaussian_avatars import recognises

    return recognises(source)


def _read_gaussian_avatars(source: Path, progress: Progress | None, shape: Doubles | None) -> Avatar:
    from splatavatar.avatar.importers.flame.gaussian_avatars import read

    _check_no_shape(source, shape)
    return read(source, progress)


def _recognises_rgbavatar(source: Path) -> str | None:
    from splatavatar.avatar.importers.flame.rgbavatar import recognises

    return recognises(source)


def _read_rgbavatar(source: Path, progress: Progress | None, shape: Doubles | None) -> Avatar:
    from splatavatar.avatar.importers.flame.rgbavatar import read

    return read(source, progress, shape)


def _check_no_shape(source: Path, shape: Doubles | None) -> None:
    if shape is not None:
        raise SettingsError(f"{printable(source)} says itself who it shows: a person is given for RGBAvatar alone.")


IMPORTERS = (
    Importer("lam", _recognises_lam, "a LAM bundle (skin.glb, offset.ply, vertex_order.json)", _read_lam),
    Importer(
        "gaussian-avatars",
        _recognises_gaussian_avatars,
        "a result of GaussianAvatars (point_cloud.ply with binding_0, flame_param.npz)",
        _read_gaussian_avatars,
    ),
    Importer(
        "rgbavatar",
        _recognises_rgbavatar,
        "a result of RGBAvatar (a PLY with face_id and face_bary)",
        _read_rgbavatar,
    ),
)
"""asked in this order"""
