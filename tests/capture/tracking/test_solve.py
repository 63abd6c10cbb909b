"""People who are not there are found again: who, where, and what their faces did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.tracking import solve
from splatavatar.capture.tracking.fit import LandmarkFit
from splatavatar.capture.tracking.landmark_model import LandmarkModel
from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses, Observations
from splatavatar.capture.tracking.solve import Motion, Track, joint_rotations, place_camera, track, track_motion
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from splatavatar.rotations import axis_angles, rotation_matrices
from support.synthetic_track import FOCAL, MOVING, NOISE, Take, movement, placed, take, without_scale

NO_HABITS = np.zeros((1, 3))
EXPECTED = NOISE * np.sqrt(2 * np.log(2))
"""median distance between a landmark and where it is, in eye spans"""


def turned_off(found: Motion, lenses: Lenses, truth: Take, camera: int = 0) -> np.ndarray:
    """(T) degrees between the head as found and as it was, seen from the camera."""
    R = lenses.T_camera_rig[camera, :3, :3] @ rotation_matrices(found.head_rotation)
    true = truth.T_camera_rig[camera, :3, :3] @ rotation_matrices(truth.turn)
    return np.asarray(np.degrees(np.linalg.norm(axis_angles(R @ true.transpose(0, 2, 1)), axis=1)))


def millimetres(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(T, L)."""
    return np.asarray(1e3 * np.linalg.norm(found - truth, axis=-1))


def some_rows(seen: Observations, kept: np.ndarray) -> Observations:
    """The timesteps ``kept`` (T) of one camera, linked where they were neighbours."""
    frames = np.flatnonzero(kept)
    some = seen.of_timesteps(frames)
    return replace(some, linked=np.concatenate([[False], np.diff(frames) == 1]))


def test_motion_before_a_known_camera(clip: Take) -> None:
    motion = track_motion(clip.rig, NO_HABITS, clip.seen, clip.lenses())
    assert turned_off(motion, clip.lenses(), clip).max() < 0.3
    off = millimetres(placed(clip.rig, motion, clip.T_camera_rig[0]), clip.in_camera())
    assert np.median(off) < 0.4 and np.percentile(off, 95) < 1.2
    wrong = np.abs(motion.expression - clip.expression)
    assert (wrong[:, MOVING].mean(0) < 0.07).all() and wrong.mean() < 0.02
    assert motion.expression.min() >= 0 and motion.expression.max() <= 1
    assert np.median(motion.reprojection) < 1.05 * EXPECTED


def test_closed_eyes_are_closed_and_open_ones_open(clip: Take) -> None:
    motion = track_motion(clip.rig, NO_HABITS, clip.seen, clip.lenses())
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        found, true = motion.expression[:, INDEX[name]], clip.expression[:, INDEX[name]]
        inside = np.flatnonzero((true[1:-1] > 0.8) & (true[:-2] > 0.8) & (true[2:] > 0.8)) + 1
        assert found[inside].min() > 0.8 and found[true > 0.8].min() > 0.5 and found[true == 0].max() < 0.2


def test_long_films_are_solved_in_stretches(clip: Take, pair: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose seams are nowhere to be seen, and each of which takes no more memory than another."""
    solved: list[int] = []
    fit_motion = LandmarkFit.fit_motion
    monkeypatch.setattr(
        LandmarkFit, "fit_motion", lambda fit, head: (solved.append(len(fit.goal)), fit_motion(fit, head))[1]
    )
    for taken, stretch, sizes in ((clip, 14, [24, 34, 22]), (pair, 8, [15, 15])):
        whole = track_motion(taken.rig, NO_HABITS, taken.seen, taken.lenses())
        with monkeypatch.context() as patch:
            patch.setattr(solve, "STRETCH", stretch)
            patch.setattr(solve, "OVERLAP", 10)
            solved.clear()
            parts = track_motion(taken.rig, NO_HABITS, taken.seen, taken.lenses())
        assert solved == sizes
        np.testing.assert_allclose(parts.head_rotation, whole.head_rotation, atol=2e-3)
        np.testing.assert_allclose(parts.translation, whole.translation, atol=5e-4)
        assert np.abs(parts.expression - whole.expression).mean() < 2e-3
        np.testing.assert_allclose(parts.reprojection, whole.reprojection, atol=2e-4)


def test_outliers_do_no_harm(clip: Take) -> None:
    """In some frames a fifth of the landmarks is anywhere; one frame in ten has an eyebrow on the forehead."""
    rng, pixels = np.random.default_rng(0), clip.seen.pixels.copy()
    for frame in (3, 4, 17, 30):
        anywhere = rng.choice(478, 95, replace=False)
        pixels[frame, anywhere] += rng.normal(0, 60, (95, 2))
    pixels[::10, [105, 66, 107, 55, 65]] -= [0, 40]
    seen = replace(clip.seen, pixels=pixels)
    motion = track_motion(clip.rig, NO_HABITS, seen, clip.lenses())
    assert turned_off(motion, clip.lenses(), clip).max() < 0.4
    off = millimetres(placed(clip.rig, motion, clip.T_camera_rig[0]), clip.in_camera())
    assert np.median(off, 1).max() < 1.0
    assert np.abs(motion.expression - clip.expression)[:, INDEX["jawOpen"]].max() < 0.1


def test_a_stretch_without_a_face_is_bridged(clip: Take) -> None:
    """The frames on either side are as right as with it, and no smoothness pulls them together."""
    kept = np.ones(len(clip.turn), bool)
    kept[12:24] = False
    motion = track_motion(clip.rig, NO_HABITS, some_rows(clip.seen, kept), clip.lenses())
    whole = track_motion(clip.rig, NO_HABITS, clip.seen, clip.lenses())
    assert len(motion.head_rotation) == kept.sum()
    between = np.linalg.norm(motion.head_rotation - whole.head_rotation[kept], axis=1)
    assert np.degrees(between).max() < 0.15
    off = millimetres(placed(clip.rig, motion, clip.T_camera_rig[0]), clip.in_camera()[kept])
    assert np.median(off, 1).max() < 0.8


def test_a_clip_of_a_single_frame(clip: Take) -> None:
    motion = track_motion(clip.rig, NO_HABITS, clip.seen.of_timesteps(np.array([5])), clip.lenses())
    np.testing.assert_allclose(motion.head_rotation, clip.turn[5:6], atol=np.radians(0.5))


@pytest.mark.parametrize("name", ["jawOpen", "eyeBlinkLeft"])
def test_smoothness_does_not_lag(someone: Rig, name: str) -> None:
    """A step is found at its frame, from both sides, and a blink of two frames where it was, if not all of it."""
    T, step, blink = 30, 11, slice(20, 22)
    expression = np.zeros((T, 52))
    expression[step:17, INDEX[name]] = 0.8
    expression[blink, INDEX[name]] = 0.8
    shot = take(someone, expression, np.zeros((T, 3)), np.zeros((T, 3)))
    motion = track_motion(someone, NO_HABITS, shot.seen, shot.lenses())
    found = motion.expression[:, INDEX[name]]
    assert ((found > 0.3) == (expression[:, INDEX[name]] > 0.3)).all()
    assert found[blink].min() > 0.4 and found[step] > 0.5 and found[step + 2 : 15].min() > 0.7
    assert max(found[step - 1], found[19], found[22]) < 0.2
    # Early as much as late.
    assert found[step] - found[16] == pytest.approx(0, abs=0.12)


def test_smoothness_takes_out_jitter(someone: Rig) -> None:
    """Of a head that keeps still; unlinked frames show what it would be."""
    T = 20
    shot = take(someone, np.zeros((T, 52)), np.zeros((T, 3)), np.zeros((T, 3)), noise=0.01)
    single = replace(shot.seen, linked=np.zeros(T, bool))
    linked, alone = (track_motion(someone, NO_HABITS, seen, shot.lenses()) for seen in (shot.seen, single))

    def jitter(motion: Motion) -> float:
        return float(np.abs(np.diff(motion.translation[:, 2], 2)).mean())

    assert jitter(linked) < 0.6 * jitter(alone)


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_the_camera_before_a_known_person_is_found(clip: Take, factor: float) -> None:
    """Whatever focal length was guessed; the head keeps its size in metres, so its distance is known too."""
    guess = replace(clip.lenses(free_focal=True), focal=np.array([factor * FOCAL]), T_camera_rig=FACING_CAMERA[None])
    lenses = place_camera(clip.rig, clip.seen, guess)
    assert lenses.focal[0] == pytest.approx(FOCAL, rel=0.02)
    motion = track_motion(clip.rig, NO_HABITS, clip.seen, lenses)
    assert turned_off(motion, lenses, clip).max() < 0.4
    seen = placed(clip.rig, motion, lenses.T_camera_rig[0])
    assert np.median(millimetres(seen, clip.in_camera())) < 20  # of 700, along the view
    assert np.median(millimetres(without_scale(seen, clip.in_camera()), clip.in_camera())) < 1.5


def test_the_rig_is_where_the_torso_is(clip: Take) -> None:
    """In a world of its own, the head faces forward in the mean and the rig stands where the head mostly was."""
    guess = replace(clip.lenses(free_focal=True), T_camera_rig=FACING_CAMERA[None])
    lenses = place_camera(clip.rig, clip.seen, guess)
    motion = track_motion(clip.rig, NO_HABITS, clip.seen, lenses)
    forward = rotation_matrices(motion.head_rotation)[:, :, 2].mean(0)
    assert abs(np.degrees(np.arctan2(forward[0], forward[2]))) < 1.0
    assert np.abs(np.median(motion.translation, 0)).max() < 0.02


@pytest.fixture(scope="module")
def tracked(clip: Take) -> Track:
    """Everything from the landmarks of one camera whose focal length is a guess, a fourth too long."""
    guess = replace(clip.lenses(free_focal=True), focal=np.array([1.25 * FOCAL]), T_camera_rig=FACING_CAMERA[None])
    told: list[float] = []
    result = track(load_rig("anny-head"), clip.seen, guess, told.append)
    assert told == sorted(told) and told[-1] <= 1
    return result


def test_of_an_unknown_person_the_pose_is_found(clip: Take, tracked: Track) -> None:
    off = turned_off(tracked.motion, tracked.lenses, clip)
    # What is straight ahead for a face of this shape is known to about a degree; how it moves is known better.
    assert off.max() < 2.0
    R = tracked.lenses.T_camera_rig[0, :3, :3] @ rotation_matrices(tracked.motion.head_rotation)
    true = clip.T_camera_rig[0, :3, :3] @ rotation_matrices(clip.turn)
    relative, expected = R @ R[:1].transpose(0, 2, 1), true @ true[:1].transpose(0, 2, 1)
    moved = np.degrees(np.linalg.norm(axis_angles(relative @ expected.transpose(0, 2, 1)), axis=1))
    assert moved.max() < 1.0
    assert np.median(tracked.motion.reprojection) < 1.1 * EXPECTED


def test_of_an_unknown_person_the_expression_is_found(clip: Take, tracked: Track) -> None:
    for i in MOVING:
        found, true = tracked.motion.expression[:, i], clip.expression[:, i]
        assert np.corrcoef(found, true)[0, 1] > 0.97
    assert np.abs(tracked.motion.expression - clip.expression).mean() < 0.04


def test_of_an_unknown_person_shape_and_focal_length_are_found(clip: Take, tracked: Track, mean_head: Rig) -> None:
    """Of the size a single camera knows nothing; the rest of the face is nearer to the truth than the mean face is."""
    assert tracked.lenses.focal[0] == pytest.approx(FOCAL, rel=0.08)

    def off(rig: Rig) -> float:
        found, true = (LandmarkModel.of(r, None).base for r in (rig, clip.rig))
        left, stretch, right = np.linalg.svd(found.T @ true)
        aligned = stretch.sum() / (found**2).sum() * found @ (left @ right)
        return float(np.median(millimetres(aligned, true)))

    assert off(tracked.person.rig) < min(1.2, 0.5 * off(mean_head))


TWO = [0.75, 1.3]
"""times what it is, guessed"""


@pytest.mark.parametrize("factor", TWO)
def test_two_cameras_whose_places_are_unknown(pair: Take, factor: float) -> None:
    """Recovered but for the world that both stand in: their relative turn and place, in metres by the known head, and
    their common focal length."""
    unknown = replace(
        pair.lenses(free_focal=True, free_place=True),
        T_camera_rig=np.stack([FACING_CAMERA] * 2),
        focal=np.full(2, factor * FOCAL),
    )
    lenses = place_camera(pair.rig, pair.seen, unknown)
    assert lenses.focal == pytest.approx(FOCAL, rel=0.02) and lenses.focal[0] == lenses.focal[1]
    found, true = (T[1] @ np.linalg.inv(T[0]) for T in (lenses.T_camera_rig, pair.T_camera_rig))
    turn = np.degrees(np.linalg.norm(axis_angles(found[:3, :3] @ true[:3, :3].T)))
    assert turn < 0.5
    np.testing.assert_allclose(found[:3, 3], true[:3, 3], atol=0.02)
    motion = track_motion(pair.rig, NO_HABITS, pair.seen, lenses)
    for camera in (0, 1):
        assert turned_off(motion, lenses, pair, camera).max() < 0.6
        seen = placed(pair.rig, motion, lenses.T_camera_rig[camera])
        assert np.median(millimetres(without_scale(seen, pair.in_camera(camera)), pair.in_camera(camera))) < 2.0
    assert motion.reprojection.shape == (2 * len(pair.turn),)
    assert np.median(motion.reprojection) < 1.2 * EXPECTED


@pytest.mark.parametrize("unit", [0.01, 0.7, 1.4])
def test_two_cameras_whose_unit_is_unknown(pair: Take, unit: float) -> None:
    """Their places are given up to one factor, which the known head tells; what else is known stays."""
    given = pair.lenses(free_scale=True)
    given.T_camera_rig[:, :3, 3] *= unit
    lenses = place_camera(pair.rig, pair.seen, given)
    np.testing.assert_allclose(lenses.T_camera_rig, pair.T_camera_rig, atol=0.004)
    np.testing.assert_array_equal(lenses.T_camera_rig[:, :3, :3], pair.T_camera_rig[:, :3, :3])
    np.testing.assert_array_equal(lenses.focal, [FOCAL, FOCAL])


def test_two_known_cameras_know_the_depth(pair: Take) -> None:
    motion = track_motion(pair.rig, NO_HABITS, pair.seen, pair.lenses())
    off = millimetres(placed(pair.rig, motion, pair.T_camera_rig[0]), pair.in_camera())
    assert np.percentile(off, 95) < 0.5
    assert turned_off(motion, pair.lenses(), pair).max() < 0.3


def test_takes_of_one_camera_each_have_their_world(someone: Rig) -> None:
    """Two clips filmed from different sides: in both the rig faces where the head mostly did."""
    expression, turn, shift = movement(24)
    left, right = (
        take(someone, expression, turn + np.array([0, yaw, 0]), shift, seed=i) for i, yaw in enumerate((0.3, -0.3))
    )
    both = Observations(
        np.arange(48),
        np.repeat([0, 1], 24),
        *(np.concatenate([getattr(t.seen, n) for t in (left, right)]) for n in ("pixels", "rotation", "scores")),
        np.arange(48) % 24 > 0,
    )
    camera = left.lenses(free_focal=True)
    two = replace(
        camera,
        T_camera_rig=np.stack([FACING_CAMERA] * 2),
        focal=np.repeat(1.2 * camera.focal, 2),
        centre=np.repeat(camera.centre, 2, 0),
    )
    lenses = place_camera(someone, both, two)
    assert lenses.focal == pytest.approx(FOCAL, rel=0.02)
    motion = track_motion(someone, NO_HABITS, both, lenses)
    for rows in (slice(0, 24), slice(24, 48)):
        forward = rotation_matrices(motion.head_rotation[rows])[:, :, 2].mean(0)
        assert abs(np.degrees(np.arctan2(forward[0], forward[2]))) < 3.0


def test_a_turn_of_the_head_is_shared_out_over_the_neck(someone: Rig) -> None:
    turn = np.array([[0.0, 0.4, 0.0], [0.1, 0.0, -0.2]])
    shared = joint_rotations(someone, turn)
    assert len(shared) > 1 and "head" in shared
    np.testing.assert_allclose(sum(shared.values()), turn)
