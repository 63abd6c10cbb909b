"""A calibrated capture: pictures with mattes, cameras and the rig parameters of each timestep."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats, Longs, Mask
from splatavatar.capture.colour import ColourCorrection
from splatavatar.capture.lens import Lens
from splatavatar.capture.readers.camera_fields import NERFSTUDIO, Convention
from splatavatar.capture.references import PictureReference
from splatavatar.printable import printable
from splatavatar.render.camera import Camera

_log = logging.getLogger("splatavatar")


@dataclass(frozen=True)
class Frame:
    """One picture."""

    name: str
    """path of the picture relative to the capture, POSIX separators"""
    picture: PictureReference
    mask: PictureReference | None
    """of the matte; None: the alpha channel of the picture is it"""
    camera: Camera
    """in the rig frame (readers turn their own world into it)"""
    camera_index: int
    timestep: int
    """index into the rig parameters"""
    matte_weight: float = 1.0
    """in [0, 1]: how far the matte is to be believed"""
    lens: Lens | None = None
    """of picture and mask as they are stored; None: they are as ``camera`` sees them"""
    colour: ColourCorrection | None = None
    """of the picture as it is stored; None: its colours are right"""

    def fingerprint(self) -> bytes:
        """Bytes that change when the picture does, when it was taken otherwise, or is to be read otherwise.

        Raises CaptureError for a picture that is gone.
        """
        camera, lens = self.camera, self.lens
        said = f"{self.camera_index} {self.timestep} {camera.width}x{camera.height}"
        said += f" {lens and (lens.model, lens.coefficients)}"
        arrays = [camera.T_camera_world, camera.K, *([] if lens is None else [lens.K])]
        corrected = b"" if self.colour is None else self.colour.fingerprint()
        return b"".join([said.encode(), *(array.tobytes() for array in arrays), corrected, self.picture.fingerprint()])


@dataclass(frozen=True)
class RigParameters:
    """Parameters of one subject over T timesteps, by the names of the rig they are for."""

    rig: str
    identity: dict[str, float]
    """identity parameters by the rig's own names; for Anny: phenotypes and local changes"""
    expression: Floats
    """(T, E') coefficients"""
    expression_names: tuple[str, ...]
    """(E')"""
    joint_rotations: dict[str, Floats]
    """(T, 3) axis-angle in rig axes (+Y up), by joint name"""
    translation: Floats | None = None
    """(T, 3) metres, of the whole rig; None: it stays where it is"""
    template_offset: Floats | None = None
    """(V, 3) metres added to the template that the identity gives; None: nothing"""
    expression_offset: Floats | None = None
    """(E', V, 3) metres per unit coefficient added to the expression basis; None: nothing"""
    placement: NDArray[np.float64] | None = None
    """(4, 4) similarity from the world in which the capture says where its cameras are, in rig axes, to the rig frame;
    readers apply it to the cameras. None: they are the same"""
    tracker: str = ""
    """the program that found them, where it was another than this; a bake on another rig does without them"""
    seen: Mask | None = None
    """(T) whether a face told how the rig stood; pictures of other timesteps are left out (``Capture.given``). None:
    all are known"""

    def of_timesteps(self, rows: Sequence[int] | Longs) -> RigParameters:
        """Those of the timesteps ``rows`` alone, in that order."""
        rows = np.asarray(rows, np.int64)
        return replace(
            self,
            expression=self.expression[rows],
            joint_rotations={name: turns[rows] for name, turns in self.joint_rotations.items()},
            translation=None if self.translation is None else self.translation[rows],
            seen=None if self.seen is None else self.seen[rows],
        )


@dataclass(frozen=True)
class Capture:
    """Frames of one subject, split into train, val (novel view) and test (novel expression)."""

    root: Path
    frames: tuple[Frame, ...]
    splits: dict[str, tuple[int, ...]]
    """indices into ``frames``; keys train, val, test, each possibly empty"""
    rig_parameters: RigParameters | None
    descriptions: tuple[Path, ...] = ()
    """files that say where the cameras are"""
    recognised: str = ""
    """which layout it was read as, and why; one line"""
    convention: Convention = NERFSTUDIO
    """what the cameras in its files mean"""

    def placed(self, T_rig_world: NDArray[np.float64]) -> Capture:
        """The same with its cameras carried along by ``T_rig_world`` (4, 4): a rotation times a factor, and a shift."""
        factor = float(np.cbrt(np.linalg.det(T_rig_world[:3, :3])))
        turn, shift = T_rig_world[:3, :3] / factor, T_rig_world[:3, 3]
        frames = []
        for frame in self.frames:
            T = frame.camera.T_camera_world.copy()
            T[:3, 3] = factor * T[:3, 3] - T[:3, :3] @ turn.T @ shift
            T[:3, :3] = T[:3, :3] @ turn.T
            frames.append(replace(frame, camera=replace(frame.camera, T_camera_world=T)))
        return replace(self, frames=tuple(frames))

    def of_timesteps(self, timesteps: Collection[int]) -> Capture:
        """The pictures of some ``timesteps`` alone, numbered from 0 without gaps."""
        number = {timestep: place for place, timestep in enumerate(sorted(timesteps))}
        kept = [at for at, frame in enumerate(self.frames) if frame.timestep in number]
        place = {at: new for new, at in enumerate(kept)}
        return replace(
            self,
            frames=tuple(replace(self.frames[at], timestep=number[self.frames[at].timestep]) for at in kept),
            splits={name: tuple(place[at] for at in rows if at in place) for name, rows in self.splits.items()},
        )

    def given(self, parameters: RigParameters) -> Capture:
        """The same with ``parameters`` of all of its timesteps, its cameras in the rig frame; without the pictures of
        timesteps in which no face was seen, which is said."""
        out = self if parameters.placement is None else self.placed(parameters.placement)
        if parameters.seen is not None:
            out = out.showing_faces(parameters.seen)
            parameters = parameters.of_timesteps(np.flatnonzero(parameters.seen))
        return replace(out, rig_parameters=parameters)

    def showing_faces(self, seen: Mask) -> Capture:
        """The pictures of those timesteps alone in which a face was ``seen`` (T), which is said of the others."""
        if seen.all():
            return self
        lost = np.flatnonzero(~seen)
        first = next(frame.name for frame in self.frames if frame.timestep == lost[0])
        _log.warning(
            "%s: %d of %d timesteps are left out, for no picture of them shows a face; the first is that of %s.",
            *(printable(self.root), len(lost), len(seen), printable(first)),
        )
        return self.of_timesteps(np.flatnonzero(seen).tolist())

    def split(self, name: str) -> list[Frame]:
        """The frames of one split."""
        return [self.frames[i] for i in self.splits[name]]
