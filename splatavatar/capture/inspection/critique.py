"""What a capture lacks: each lack in a sentence, with the figure that was measured and what to do about it.

The thresholds lie between figures of five clips: a man who talks to a tripod phone, with lively head and hands (L), a
smile and two blinks before a green screen (D0), a hand-held selfie (D13), a mouth wide open in a studio (D18) and pouts
in a room (D9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Mask
from splatavatar.capture.inspection.guide import ADVICE, Kind
from splatavatar.rig.arkit import INDEX

if TYPE_CHECKING:
    from splatavatar.capture.faces.landmarks import Landmarks


SHORT = 5.0
"""seconds; D0 has 3 and never returns to rest, D18 has 7"""
SMALL = 100.0
"""eye spans in pixels: a face of 100 fills its share of a picture of 512; the clips have 133 to 242"""
SIDE = 25.0
"""degrees of yaw at which the far cheek and the near ear are seen; L reaches 20, the others 2 to 12"""
UP_DOWN = 10.0
"""degrees of pitch; L goes from -21 to 11 and shows the chin from below, the others stay within 9"""
OPEN = 0.25
"""eye spans between the lips; speech reaches 0.19 (D9) to 0.24 (D13), a call 0.31 (L), wide open 0.53 (D18)"""
SMILE, TEETH = 0.5, 0.06
"""score of a smile, and eye spans between the lips that smile; D9 smiles with closed lips (0.008), teeth show from 0.1
(a smile of L has 0.17, of D0 0.20)"""
PUCKER = 0.5
"""score; D0 has no pout (0.13), the others 0.94 to 1"""
BROWS = 0.5
"""score; D18 (0.01) and D0 (0.33) never raise them, the others reach 0.85 to 0.95"""
CLOSED = 0.45
"""of the median distance between the lids; a blink goes down to 0.15 to 0.30, narrowed eyes to 0.65"""
BLURRED, BLURRED_SHARE = 0.4, 0.1
"""of the sharpness that a tenth of the frames exceeds, and the share of frames below that may pass; L has 0.02, the
others none"""
DRIFT = 0.15
"""of the median brightness of the face, from the 5th to the 95th percentile; the clips drift by 0.01 to 0.065"""
LEAK, LEAK_SHARE = 0.5, 0.05
"""weight of a matte that is hardly believed, and the share of them that may pass"""
FOREIGN_SHARE = 0.02
"""share of the pictures with something foreign that may pass; the clips have none"""
MISSED, MISSED_SHARE = 0.025, 0.05
"""eye spans between detected and fitted landmarks, median over a frame, where a whole clip has 0.007 to 0.010; and the
share of frames above that may pass"""
LEAST_FRAMES = 3
"""frames that a figure must hold for: a single one may be a slip of the detector"""

LIPS, LIDS, EYES = (13, 14), ((159, 145), (386, 374)), (33, 263)
"""indices of MediaPipe's landmarks: inner lips, lids of both eyes, outer corners of the eyes"""


@dataclass(frozen=True)
class Lack:
    """One thing that a capture lacks."""

    kind: Kind
    measured: str

    @property
    def sentence(self) -> str:
        """What was measured and what to do."""
        return f"{self.measured}: {ADVICE[self.kind]}."


def criticise(
    landmarks: Sequence[Landmarks],
    track: Mapping[str, NDArray[np.generic]] | None,
    matte_weights: NDArray[np.floating],
    foreign: Mask,
) -> list[str]:
    """What a capture lacks, one sentence each; empty for a good one.

    ``landmarks`` of every clip, ``track`` the arrays of ``track.npz`` (None before tracking), ``matte_weights`` (N) of
    the pictures (possibly empty), ``foreign`` (N) whether something foreign is in them.
    """
    return [lack.sentence for lack in lacks(landmarks, track, matte_weights, foreign)]


def lacks(
    landmarks: Sequence[Landmarks],
    track: Mapping[str, NDArray[np.generic]] | None,
    matte_weights: NDArray[np.floating],
    foreign: Mask,
) -> list[Lack]:
    """What ``criticise`` says, by kind."""
    found = [*_presence(landmarks)]
    if any(clip.found.any() for clip in landmarks):
        found += [*_views(landmarks), *_expressions(landmarks), *_pictures(landmarks)]
    if track is not None and len(track["reprojection"]):
        missed = np.asarray(track["reprojection"], np.float64) > MISSED
        if missed.mean() > MISSED_SHARE:
            by = f"by {MISSED:.1%} of the eye span or more"
            found.append(Lack("fit", f"The tracked head misses the landmarks {by} in {_count(missed)}"))
    leaky = np.asarray(matte_weights) < LEAK
    if len(leaky) and leaky.mean() > LEAK_SHARE:
        found.append(Lack("mattes", f"Hair and background could not be told apart in {_count(leaky, 'pictures')}"))
    if len(foreign) and foreign.mean() > FOREIGN_SHARE:
        what = "A hand, a thing or somebody else is before or beside the person"
        found.append(Lack("foreign", f"{what} in {_count(foreign, 'pictures')}"))
    return found


def head_angles(landmarks: Landmarks) -> Doubles:
    """The yaw, pitch and roll (found, 3) in degrees as the camera sees the head, 0 facing it.

    Positive: to the subject's left, up, and the head leaning to the subject's right shoulder.
    """
    turn = landmarks.transform[landmarks.found][:, :3, :3].astype(np.float64)
    return turn_angles(turn / np.linalg.norm(turn, axis=1, keepdims=True))


def turn_angles(rotation: Doubles) -> Doubles:
    """The yaw, pitch and roll (T, 3) in degrees of turns (T, 3, 3) in rig axes; signs as in ``head_angles``."""
    forward, across = rotation[:, :, 2], rotation[:, :, 0]
    yaw = np.arctan2(forward[:, 0], forward[:, 2])
    pitch = np.arcsin(forward[:, 1].clip(-1, 1))
    roll = np.arctan2(across[:, 1], np.hypot(across[:, 0], across[:, 2]))
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], 1)), np.float64)


def _presence(landmarks: Sequence[Landmarks]) -> Iterator[Lack]:
    # Frames that are held out are no loss.
    absent = np.concatenate([clip.lost[clip.faces >= 0] for clip in landmarks])
    if absent.any():
        yield Lack("absent", f"No face was found in {_count(absent)}")
    several = np.concatenate([clip.faces > 1 for clip in landmarks])
    if several.any():
        yield Lack("several", f"More than one face was seen in {_count(several)}")
    duration = sum(float(clip.time[-1] - clip.time[0]) for clip in landmarks if len(clip.time))
    if duration < SHORT:
        yield Lack("short", f"Only {duration:.1f} seconds were filmed")


def _views(landmarks: Sequence[Landmarks]) -> Iterator[Lack]:
    spans = np.concatenate([clip.eye_spans for clip in landmarks])
    if np.median(spans) < SMALL:
        yield Lack("small", f"The face is small: {np.median(spans):.0f} pixels from eye to eye, {SMALL:.0f} are wanted")
    angles = np.concatenate([head_angles(clip) for clip in landmarks])
    left, right, up, down = (max(0.0, _reached(side)) for a in angles.T[:2] for side in (a, -a))
    if min(left, right) < SIDE:
        one = "right" if left < SIDE else "left"
        which = "No side view" if max(left, right) < SIDE else f"No view of the {one} side"
        turns = f"the head turns {left:.0f} degrees to the left and {right:.0f} to the right"
        yield Lack("side", f"{which}: {turns}, {SIDE:.0f} are wanted")
    if min(up, down) < UP_DOWN:
        yield Lack(
            "up_down",
            f"The head tilts {up:.0f} degrees up and {down:.0f} down, {UP_DOWN:.0f} are wanted each way",
        )


def _expressions(landmarks: Sequence[Landmarks]) -> Iterator[Lack]:
    lips = np.concatenate([_gap(clip, LIPS) for clip in landmarks])
    scores = np.concatenate([clip.scores[clip.found] for clip in landmarks])
    smile = scores[:, [INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]]].mean(1)
    if _reached(lips) < OPEN:
        yield Lack("open", f"The mouth never opens wide: {_reached(lips):.2f} of the eye span, {OPEN:.2f} are wanted")
    if _reached(smile) < SMILE:
        yield Lack("teeth", f"There is no smile: a score of {_reached(smile):.2f}, {SMILE:.2f} are wanted")
    elif (teeth := _reached(lips[smile >= SMILE])) < TEETH:
        yield Lack("teeth", f"No smile shows teeth: {teeth:.2f} of the eye span between smiling lips")
    closed = [np.maximum(*(_gap(clip, lid) for lid in LIDS)) for clip in landmarks if clip.found.any()]
    narrowest = -_reached(-np.concatenate([lids / np.median(lids) for lids in closed]))
    if narrowest > CLOSED:
        yield Lack("eyes", f"The eyes never close: {narrowest:.0%} of their usual opening at the least")
    if (brows := _reached(scores[:, INDEX["browInnerUp"]])) < BROWS:
        yield Lack("brows", f"The brows are never raised: a score of {brows:.2f}, {BROWS:.2f} are wanted")
    if (pucker := _reached(scores[:, INDEX["mouthPucker"]])) < PUCKER:
        yield Lack("pucker", f"There is no pout: a score of {pucker:.2f}, {PUCKER:.2f} are wanted")


def _pictures(landmarks: Sequence[Landmarks]) -> Iterator[Lack]:
    seen = [clip for clip in landmarks if clip.found.any()]
    sharpness = [clip.sharpness[clip.found] for clip in seen]
    blurred = np.concatenate([values < BLURRED * np.quantile(values, 0.9) for values in sharpness])
    if blurred.mean() > BLURRED_SHARE:
        yield Lack("blur", f"{_count(blurred)} are blurred")
    drift = 0.0
    for clip in seen:
        low, middle, high = np.percentile(clip.brightness[clip.found], (5, 50, 95))
        drift = max(drift, float((high - low) / max(middle, 1e-6)))
    if drift > DRIFT:
        yield Lack("exposure", f"The brightness of the face changes by {drift:.0%} within a clip")


def _gap(landmarks: Landmarks, pair: tuple[int, int]) -> Doubles:
    """(found) distance of two landmarks in eye spans."""
    one, other = np.moveaxis(landmarks.of(*pair), 1, 0)
    distance = np.linalg.norm(one - other, axis=1)
    return np.asarray(distance / landmarks.eye_spans, np.float64)


def _reached(values: NDArray[np.floating]) -> float:
    """What ``LEAST_FRAMES`` of the values reach."""
    return float(np.sort(values)[-min(LEAST_FRAMES, len(values))])


def _count(which: NDArray[np.bool_], what: str = "frames") -> str:
    return f"{int(which.sum())} of {len(which)} {what}"
