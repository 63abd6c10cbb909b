from __future__ import annotations

import pytest

from splatavatar.drive.sources.recorded.spelling import DEEPEST, arkit_index, meant
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


class Asked(dict[str, int]):
    """Counts how often it is asked."""

    count = 0

    def __contains__(self, key: object) -> bool:
        self.count += 1
        return super().__contains__(key)


@pytest.mark.parametrize("name", ["." * 100 + "jawOpeny", "a.:/|" * 20 + "x_L", "bs " * 35 + "x"])
def test_a_name_of_a_stranger_costs_little(name: str) -> None:
    """Every datagram may hold hundreds of them."""
    known = Asked({"jawopen": 1})
    assert meant(name, known) is None
    assert 0 < known.count <= 2 * (1 + 2 * DEEPEST)
    assert meant("a:" * 20 + "jawOpen", known) == 1
