"""Channels share the coefficients out."""

from __future__ import annotations

import numpy as np

from splatavatar.drive.face.channels import BROWS, COEFFICIENTS, EYES, FACE, GAZE, HEAD, MOUTH, starting_with
from splatavatar.rig.arkit import INDEX, NAMES


def test_every_coefficient_is_in_exactly_one_channel() -> None:
    assert sorted(np.concatenate(list(COEFFICIENTS.values())).tolist()) == list(range(len(NAMES)))


def test_the_channels_are_those_of_the_sources() -> None:
    assert set(COEFFICIENTS) == FACE - {HEAD}


def test_what_belongs_where() -> None:
    wanted = {
        MOUTH: ("jawOpen", "mouthClose", "mouthRollUpper", "tongueOut", "cheekPuff"),
        EYES: ("eyeBlinkLeft", "eyeSquintRight", "cheekSquintLeft"),
        BROWS: ("browInnerUp", "noseSneerLeft"),
        GAZE: ("eyeLookInLeft", "eyeLookDownRight"),
    }
    for channel, names in wanted.items():
        assert {INDEX[name] for name in names} <= set(COEFFICIENTS[channel].tolist()), channel


def test_names_are_found_by_their_start() -> None:
    assert [NAMES[i] for i in starting_with("eyeBlink")] == ["eyeBlinkLeft", "eyeBlinkRight"]
    assert len(starting_with("brow", "eyeBlink")) == 7
