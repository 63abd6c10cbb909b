"""What of a person was completed rather than seen, in sentences."""

from __future__ import annotations

from splatavatar.array_types import Mask
from splatavatar.bake.completion.samples import CLOTH, HAIR, sampled_mask
from splatavatar.bake.completion.survey import Survey
from splatavatar.rig.rig import Rig

MOSTLY = 0.5
"""share of a place that must be lacking, or mirrored of what is lacking, to be named so"""
FACING = 0.5
"""cosine from which on a surface faces a way"""


def account(rig: Rig, found: Survey, long_hair: bool = False) -> list[str]:
    """A sentence for each place most of which no picture shows well, such as ``right ear: mirrored``.

    A place is mirrored where most of what is lacking was seen on the other side, else continued from around it. Of
    ``long_hair`` the front is seen and the rest continued.
    """
    said, lacking, mirrored = [], found.lacking, found.mirrored
    for name, place in _places(rig, found).items():
        missing = int((lacking & place).sum())
        if missing > MOSTLY * place.sum():
            how = "mirrored" if (mirrored & place).sum() > MOSTLY * missing else "continued"
            said.append(f"{name}: {how}")
    if long_hair:
        said.append("long hair: continued")
    return said


def _places(rig: Rig, found: Survey) -> dict[str, Mask]:
    """The samples (S) of each place that has a name; left and right are the subject's own."""
    samples = found.samples
    x, y, z = samples.normal.T
    ears, neck, scalp = (sampled_mask(rig, samples, name) for name in ("ears", "neck", "scalp"))
    left = samples.point[:, 0] > 0
    hair = scalp | (samples.material == HAIR)
    cloth = sampled_mask(rig, samples, "torso") | (samples.material == CLOTH)
    return {
        "left ear": ears & left,
        "right ear": ears & ~left,
        "left side of the head": hair & (x > FACING),
        "right side of the head": hair & (x < -FACING),
        "top of the head": hair & (y > FACING),
        "back of the head": hair & (z < -FACING),
        "left side of the neck": neck & (x > FACING),
        "right side of the neck": neck & (x < -FACING),
        "back of the neck": neck & (z < -FACING),
        "back of the shoulders": cloth & (z < -FACING),
    }
