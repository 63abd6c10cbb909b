"""Which file of splats a path asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from splatavatar.array_types import Floats
from splatavatar.errors import OutputError
from splatavatar.gaussians.formats.gltf_splats import write_gltf_splats
from splatavatar.gaussians.formats.ply import write_ply
from splatavatar.gaussians.formats.splat import write_splat
from splatavatar.gaussians.formats.spz import write_spz
from splatavatar.gaussians.gaussians import Gaussians


class Writer(Protocol):
    """Writes Gaussians of the world frame, in their order; see ``ply.write_ply``."""

    def __call__(self, path: Path, gaussians: Gaussians[Floats], sh: Floats | None, licence: str) -> None: ...


WRITERS: dict[str, Writer] = {
    ".ply": write_ply,
    ".spz": write_spz,
    ".splat": write_splat,
    ".glb": write_gltf_splats,
    ".gltf": write_gltf_splats,
}
"""by the suffix of the path"""


def write_splats(path: str | Path, gaussians: Gaussians[Floats], sh: Floats | None = None, licence: str = "") -> None:
    """Write Gaussians as other programs read them, in their order.

    >>> import splatavatar as sa
    >>> performer = sa.Performer(sa.load_avatar("demo"))
    >>> gaussians, sh = performer.renderer.gaussians(performer.pose(None))
    >>> sa.write_splats("rest.spz", gaussians, sh, licence=performer.avatar.rig.licence)

    Args:
        path: ``.ply`` of 3DGS, ``.spz``, ``.splat``, or ``.glb`` and ``.gltf`` with ``KHR_gaussian_splatting``.
        gaussians: in the world frame, their colours without what depends on the view.
        sh: (N, 3, 3) [channel, axis] what does, for directions in the world frame; None where nothing does, and left
            out by ``.splat``.
        licence: notice of what the Gaussians were made from; ``.splat`` cannot hold it.

    Raises:
        OutputError: unknown suffix, nowhere to write, or what such a file cannot hold.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise OutputError(f"{path}: unknown kind of splats, expected {', '.join(WRITERS)}.")
    writer(path, gaussians, sh, licence)
