"""The native sources state the constants of ``render/splatting.py`` a second time: here they are held equal."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.render import splatting

NATIVE = Path(splatting.__file__).parent / "native"


def stated(name: str) -> float:
    """The value that the sources give to the constant ``name``, a number or a quotient of two."""
    pattern = re.compile(rf"\b{name} = ([-+.\de]+)f?(?: / ([-+.\de]+)f?)?;")
    found = [
        match for path in sorted(NATIVE.iterdir()) if path.is_file() for match in pattern.findall(path.read_text())
    ]
    assert len(found) == 1, f"{name} is stated {len(found)} times"
    number, divisor = found[0]
    return float(number) / float(divisor or 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kTile", splatting.TILE),
        ("kDilation", splatting.DILATION),
        ("kMinAlpha", splatting.MIN_ALPHA),
        ("kMaxAlpha", splatting.MAX_ALPHA),
        ("kMinTransmittance", splatting.FINISHED),
        ("kNear", splatting.NEAR),
        ("kMinPower", splatting.FAINTEST),
        ("kMaxPower", float(np.log2(splatting.MAX_ALPHA))),
        ("kLog2e", float(np.log2(np.e))),
        ("kLargestPicture", splatting.LARGEST),
        ("kPsiLimit", PSI_LIMIT),
    ],
)
def test_the_native_constants_are_these(name: str, value: float) -> None:
    assert stated(name) == pytest.approx(value, rel=2e-7)


def test_the_constants_of_triton_are_these() -> None:
    pytest.importorskip("triton")
    from splatavatar.render import adam
    from splatavatar.render.gpu import adam as gpu_adam
    from splatavatar.render.gpu import blend, projection, tiles

    assert (projection._DILATION.value, projection._NEAR.value) == (splatting.DILATION, splatting.NEAR)
    assert (projection._TILE.value, tiles._TILE.value) == (splatting.TILE, splatting.TILE)
    assert (projection._FAINTEST.value, blend._FAINTEST.value) == (splatting.FAINTEST, splatting.FAINTEST)
    assert blend._MAX_ALPHA.value == splatting.MAX_ALPHA
    moments = (gpu_adam._BETA1.value, gpu_adam._BETA2.value, gpu_adam._EPSILON.value)
    assert moments == (adam.BETA1, adam.BETA2, adam.EPSILON)
