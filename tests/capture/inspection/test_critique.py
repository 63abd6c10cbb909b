from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.inspection.critique import criticise, head_angles, lacks
from splatavatar.capture.inspection.guide import ADVICE, Kind
from splatavatar.rig.arkit import INDEX
from support.faces import FRAMES, SPAN, good_landmarks, without

WEIGHTS = np.full(20, 0.95)
NONE = np.zeros(20, bool)
EVERY = slice(None)


def kinds(*clips: Landmarks, weights: np.ndarray = WEIGHTS) -> list[Kind]:
    return [lack.kind for lack in lacks(clips, None, weights, NONE)]


def unexpressive(name: str) -> Landmarks:
    return without(good_landmarks(), "scores", (EVERY, INDEX[name]), 0.05)  # type: ignore[arg-type]


def closed_lips(frames: slice) -> Landmarks:
    points = good_landmarks().points.copy()
    points[frames, 14] = points[frames, 13]
    return replace(good_landmarks(), points=points)


def test_a_good_clip_lacks_nothing() -> None:
    track = {"reprojection": np.full(FRAMES, 0.008)}
    assert criticise([good_landmarks()], track, WEIGHTS, NONE) == []


def test_each_sentence_has_the_figure_and_the_remedy() -> None:
    frontal = replace(good_landmarks(), transform=np.tile(np.eye(4, dtype=np.float32), (FRAMES, 1, 1)))
    side, up_down = criticise([frontal], None, WEIGHTS, NONE)
    turns = "No side view: the head turns 0 degrees to the left and 0 to the right, 25 are wanted"
    assert side == f"{turns}: {ADVICE['side']}."
    assert up_down == f"The head tilts 0 degrees up and 0 down, 10 are wanted each way: {ADVICE['up_down']}."


@pytest.mark.parametrize(
    ("landmarks", "kind", "measured"),
    [
        (without(good_landmarks(), "found", slice(0, 3), False), "absent", "in 3 of 250 frames"),
        (without(good_landmarks(), "faces", slice(5, 9), 2), "several", "in 4 of 250 frames"),
        (without(good_landmarks(), "sharpness", slice(0, 60), 20.0), "blur", "60 of 250 frames are blurred"),
        (without(good_landmarks(), "brightness", slice(0, 60), 0.4), "exposure", "changes by 20%"),
        (unexpressive("browInnerUp"), "brows", "a score of 0.05"),
        (unexpressive("mouthPucker"), "pucker", "a score of 0.05"),
        (unexpressive("mouthSmileLeft"), "teeth", "There is no smile"),
        (closed_lips(slice(120, 130)), "teeth", "No smile shows teeth: 0.00 of the eye span"),
        (closed_lips(slice(110, 120)), "open", "0.15 of the eye span, 0.25 are wanted"),
        (replace(good_landmarks(), time=np.arange(FRAMES) / 100), "short", "Only 2.5 seconds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_named_and_nothing_else(landmarks: Landmarks, kind: Kind, measured: str) -> None:
    [lack] = lacks([landmarks], None, WEIGHTS, NONE)
    assert lack.kind == kind
    assert measured in lack.sentence


def test_eyes_that_stay_open() -> None:
    points = good_landmarks().points.copy()
    points[100:110, [145, 374], 1] = points[0, 145, 1] - 0.03 * SPAN
    [lack] = lacks([replace(good_landmarks(), points=points)], None, WEIGHTS, NONE)
    assert lack.measured == "The eyes never close: 67% of their usual opening at the least"


def test_one_eye_closed_is_not_both() -> None:
    points = good_landmarks().points.copy()
    points[100:110, 374, 1] = points[0, 374, 1]
    assert kinds(replace(good_landmarks(), points=points)) == ["eyes"]


def test_a_small_face() -> None:
    points = good_landmarks().points.copy()
    points[..., :2] = (points[..., :2] - [320, 240]) / 2
    [lack] = lacks([replace(good_landmarks(), points=points)], None, WEIGHTS, NONE)
    assert lack.measured == "The face is small: 60 pixels from eye to eye, 100 are wanted"


def test_a_turn_to_one_side_alone_names_the_other() -> None:
    transform = good_landmarks().transform.copy()
    transform[head_angles(good_landmarks())[:, 0] < 0] = np.eye(4)
    # What the subject turns to its left, the camera sees from its right.
    [lack] = lacks([replace(good_landmarks(), transform=transform)], None, WEIGHTS, NONE)
    assert lack.measured.startswith(
        "No view of the left side: the head turns 34 degrees to the left and 0 to the right"
    )


def test_what_one_clip_lacks_another_may_have() -> None:
    assert kinds(closed_lips(EVERY), good_landmarks()) == []
    assert set(kinds(closed_lips(EVERY))) == {"open", "teeth"}


def test_single_frames_are_slips_of_the_detector() -> None:
    landmarks = unexpressive("browInnerUp")
    assert kinds(without(landmarks, "scores", (slice(7, 9), INDEX["browInnerUp"]), 1.0)) == ["brows"]  # type: ignore[arg-type]


def test_mattes_and_tracking_that_are_not_to_be_trusted() -> None:
    leaky = np.where(np.arange(20) < 4, 0.1, 0.9)
    [matte] = lacks([good_landmarks()], None, leaky, NONE)
    assert (matte.kind, "4 of 20 pictures" in matte.measured) == ("mattes", True)
    error = np.where(np.arange(FRAMES) < 25, 0.05, 0.006)
    [fit] = lacks([good_landmarks()], {"reprojection": error}, WEIGHTS, NONE)
    assert (fit.kind, "25 of 250 frames" in fit.measured) == ("fit", True)


def test_hands_and_things_before_the_person_are_named() -> None:
    hands = np.arange(20) < 3
    [lack] = lacks([good_landmarks()], None, WEIGHTS, hands)
    assert (lack.kind, "3 of 20 pictures" in lack.measured) == ("foreign", True)
    assert "hands" in lack.sentence


def test_a_clip_without_any_face_is_said_to_have_none() -> None:
    empty = replace(good_landmarks(), found=np.zeros(FRAMES, bool))
    assert kinds(empty) == ["absent"]
    assert kinds(empty, good_landmarks()) == ["absent"]


def test_frames_that_are_held_out_are_no_loss() -> None:
    held_out = without(good_landmarks(), "found", slice(0, 3), False).kept(np.arange(FRAMES) >= 20)
    [absent] = [lack for lack in lacks([held_out], None, WEIGHTS, NONE) if lack.kind == "absent"]
    assert absent.measured == "No face was found in 3 of 233 frames"


def test_angles_are_those_of_the_subject() -> None:
    angles = head_angles(good_landmarks())
    np.testing.assert_allclose([angles[12, 0], angles[37, 0]], [35, -35], atol=1)
    np.testing.assert_allclose([angles[62, 1], angles[87, 1]], [15, -15], atol=1)
    np.testing.assert_allclose(angles[:, 2], 0, atol=1e-4)
