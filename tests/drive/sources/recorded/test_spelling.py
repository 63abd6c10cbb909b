from __future__ import annotations

import pytest

from splatavatar.drive.sources.recorded.spelling import arkit_index, meant
from splatavatar.rig.arkit import INDEX, NAMES


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        ("jawOpen", "jawOpen"),
        ("JawOpen", "jawOpen"),
        ("JAWOPEN", "jawOpen"),
        ("jaw_open", "jawOpen"),
        ("Jaw Open", "jawOpen"),
        ("eyeBlink_L", "eyeBlinkLeft"),
        ("EyeBlink_r", "eyeBlinkRight"),
        ("eyeBlinkL", "eyeBlinkLeft"),
        ("eyeBlink.L", "eyeBlinkLeft"),
        ("mouth_L", "mouthLeft"),
        ("blendShapes.JawOpen", "jawOpen"),
        ("blendShape_jawOpen", "jawOpen"),
        ("bs_eyeBlink_L", "eyeBlinkLeft"),
        ("ARKit_MouthLeft", "mouthLeft"),
        ("head_geo.arkit.browInnerUp", "browInnerUp"),
        ("iPhone:cheekPuff", "cheekPuff"),
    ],
)
def test_is_understood(spelt: str, name: str) -> None:
    assert arkit_index(spelt) == INDEX[name]


@pytest.mark.parametrize("name", ["", "jaw", "smile", "L", "_R", "headYaw", "jawOpen2", "blendShapes.", "x" * 500, "²"])
def test_is_nothing(name: str) -> None:
    assert arkit_index(name) is None


def test_no_two_coefficients_are_meant_by_one_name() -> None:
    for name in NAMES:
        short = name.removesuffix("Left").removesuffix("Right")
        spelt = f"bs_{short}_{'L' if name.endswith('Left') else 'R'}" if short != name else f"bs_{name}"
        assert arkit_index(spelt) == INDEX[name]


def test_other_names_are_meant_in_the_same_ways() -> None:
    assert meant("blendShapes.Head_Yaw", {"headyaw": 7}) == 7
    assert meant("head", {"headyaw": 7}) is None
