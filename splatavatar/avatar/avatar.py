"""What a bake produces: a personal rig and the Gaussians bound to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from splatavatar.gaussians.gaussians import BoundGaussians, Correctives
from splatavatar.rig.rig import Rig


@dataclass(frozen=True)
class Avatar:
    """A person, ready to be driven. Needs no body-model package and no torch."""

    rig: Rig
    """identity folded in: ``identity_basis`` is empty"""
    gaussians: BoundGaussians
    correctives: Correctives
    """possibly K = 0"""
    metadata: dict[str, Any] = field(default_factory=dict)
    """JSON: name, created, capture statistics, bake settings and metrics, default camera, calibration, consent,
    thumbnail; ``metadata.SCHEMA`` has the known keys"""
    unknown: dict[str, str] = field(default_factory=dict)
    """entries of the file's header that this version does not know, kept for those who do"""
    signature: str | None = field(default=None, compare=False)
    """the entry of the file's header as it was read or made, unverified (``avatar.format.signature``)"""
    digest: str | None = field(init=False, default=None, compare=False)
    """of the file that it was read from, see ``avatar.format.digest``; None for one that was made, such as by
    ``dataclasses.replace`` of another: its content is not that of the file any more"""


class Defect(Exception):
    """What is wrong with an avatar or its file, as the end of a sentence.

    The parts of the file raise it among themselves; ``file`` turns it into an AvatarFileError.
    """
