"""Somebody whose mouth moves otherwise than that of the rig."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking.landmark_model import LIP_OUTLINE
from splatavatar.capture.tracking.observations import Observations
from splatavatar.capture.tracking.personal_expressions import SOFT, Fields, personal_expressions
from splatavatar.capture.tracking.solve import track_motion
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.rig import Rig
from support.synthetic_track import Take, movement, placed, take

NO_HABITS = np.zeros((1, 3))
LEFT, RIGHT = INDEX["mouthLeft"], INDEX["mouthRight"]


def grimacing(steps: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A take in which the mouth opens, and goes to either side; the brows rise too."""
    expression, turn, shift = movement(steps)
    phase = 2 * np.pi * np.arange(steps) / 25 + seed
    expression[:, LEFT] = np.clip(np.sin(phase), 0, None)
    expression[:, RIGHT] = np.clip(-np.sin(phase), 0, None)
    expression[:, INDEX["browInnerUp"]] = 0.5 + 0.5 * np.cos(phase)
    return expression, 0.3 * turn, shift


@pytest.fixture(scope="module")
def other(someone: Rig) -> Rig:
    """Of ``someone`` who draws the corners of an open mouth up by up to 4 mm, and the mouth half as far again aside."""
    basis = someone.expression_basis.copy()
    mouth = np.unique(someone.faces[someone.regions["lips"]])
    corner = np.abs(someone.template[:, 0]) / np.abs(someone.template[mouth, 0]).max()
    near = np.exp(-((someone.template - someone.template[mouth].mean(0)) ** 2).sum(1) / (2 * 0.02**2))
    soft = np.zeros(len(near))
    soft[np.unique(someone.faces[np.concatenate([someone.regions[name] for name in SOFT])])] = 1
    basis[INDEX["jawOpen"], :, 1] += 0.004 * (corner.clip(0, 1) * near * soft).astype(np.float32)
    for side in (LEFT, RIGHT):
        basis[side] *= 1 + 0.5 * soft[:, None].astype(np.float32)
    return replace(someone, expression_basis=basis)


@pytest.fixture(scope="module")
def filmed(other: Rig) -> Take:
    return take(other, *grimacing(40))


@pytest.fixture(scope="module")
def learnt(someone: Rig, filmed: Take) -> np.ndarray:
    return personal_expressions(someone, NO_HABITS, filmed.seen, filmed.lenses())


def lips_off(rig: Rig, shown: Take) -> float:
    """Millimetres between the lips of ``rig``, which follows the landmarks, and those of whom they are of."""
    motion = track_motion(rig, NO_HABITS, shown.seen, shown.lenses())
    away = (placed(rig, motion, shown.T_camera_rig[0]) - shown.in_camera())[:, list(LIP_OUTLINE), :2]
    return float(1e3 * np.linalg.norm(away, axis=-1).mean())


def test_lips_follow_in_a_take_that_was_not_learnt_from(someone: Rig, other: Rig, learnt: np.ndarray) -> None:
    unseen = take(other, *grimacing(20, seed=1), seed=5)
    before = lips_off(someone, unseen)
    after = lips_off(replace(someone, expression_basis=someone.expression_basis + learnt), unseen)
    assert before > 0.5 and after < 0.6 * before


def test_only_soft_surface_around_the_mouth_moves(someone: Rig, learnt: np.ndarray) -> None:
    moved = np.abs(learnt).max((0, 2)) > 0
    for region in ("teeth_upper", "teeth_lower", "tongue", "eye_left", "eye_right", "scalp"):
        assert not moved[someone.faces[someone.regions[region]]].any(), region
    assert moved[someone.faces[someone.regions["lips"]]].all()
    assert np.linalg.norm(learnt, axis=2).max() < 0.012


def test_what_never_moved_is_left(someone: Rig, learnt: np.ndarray) -> None:
    corrected = {someone.expression_names[e] for e in np.flatnonzero(np.abs(learnt).max((1, 2)) > 0)}
    assert {"jawOpen", "mouthLeft", "mouthRight"} <= corrected
    assert not corrected & {"browInnerUp", "eyeBlinkLeft", "mouthFunnel"}


def test_one_side_speaks_for_the_other(someone: Rig, other: Rig) -> None:
    """A mouth that was seen going to the left goes to the right much alike."""
    expression, turn, shift = grimacing(30)
    expression[:, RIGHT] *= 0.3
    shown = take(other, expression, turn, shift)
    found = personal_expressions(someone, NO_HABITS, shown.seen, shown.lenses())
    lips = np.unique(someone.faces[someone.regions["lips"]])
    mirrored = np.linalg.norm(someone.template[lips][None] - someone.template[lips][:, None] * [-1, 1, 1], axis=2)
    left, right = found[LEFT, lips], found[RIGHT, lips[mirrored.argmin(1)]] * [-1, 1, 1]
    alike = float((left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum()))

    assert alike > 0.5
    assert np.linalg.norm(right) > 0.4 * np.linalg.norm(left) > 0


def test_a_rig_without_a_mouth_of_that_name_is_left_alone(someone: Rig, filmed: Take) -> None:
    strange = replace(someone, expression_names=tuple(f"e{e}" for e in range(52)))
    seen: Observations = filmed.seen
    assert not personal_expressions(strange, NO_HABITS, seen, filmed.lenses()).any()


def test_fields_are_alike_on_both_sides_or_opposite(someone: Rig) -> None:
    """Where a vertex has a mirror image among the others."""
    fields = Fields.around_mouth(someone)
    lips = np.unique(someone.faces[someone.regions["lips"]])
    mirrored = someone.template[lips] * [-1, 1, 1]
    distance = np.linalg.norm(someone.template[lips][None] - mirrored[:, None], axis=2)
    pairs = distance.argmin(1)
    exact = distance.min(1) < 1e-5
    assert exact.sum() > 50
    for mode, parity in zip(fields.modes, fields.parity, strict=True):
        here, there = mode[lips][exact], mode[lips[pairs]][exact]
        np.testing.assert_allclose(there, parity * here * [-1, 1, 1], atol=0.05 * np.abs(mode).max())
