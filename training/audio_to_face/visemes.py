"""What the lips do for phonemes: articulatory targets with coarticulation, as ARKit coefficients.

Coarticulation is by dominance functions (Cohen and Massaro, "Modeling coarticulation in synthetic visual speech",
1993): each phoneme pulls each parameter to its target, with a strength that falls off exponentially before and after
it, and the parameter is the mean of the targets, weighted by the strengths. Bilabial closures are then cut into the
result, so that they are complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from espeak import Phone
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

STEP = 0.01
"""seconds between targets"""

CHANNELS: tuple[tuple[str, ...], ...] = (
    ("jawOpen",),
    ("mouthClose",),
    ("mouthFunnel",),
    ("mouthPucker",),
    ("mouthLowerDownLeft", "mouthLowerDownRight"),
    ("mouthUpperUpLeft", "mouthUpperUpRight"),
    ("mouthRollLower",),
    ("mouthRollUpper",),
    ("mouthPressLeft", "mouthPressRight"),
    ("mouthStretchLeft", "mouthStretchRight"),
    ("mouthSmileLeft", "mouthSmileRight"),
    ("cheekPuff",),
    ("tongueOut",),
    ("browInnerUp",),
    ("browOuterUpLeft", "browOuterUpRight"),
)
"""coefficients that share one output of the network"""
NAMES = tuple(names[0].removesuffix("Left") for names in CHANNELS)
GAP = np.array([0.41, -0.41, 0.17, 0, 0.045, 0.06, -0.045, -0.04, -0.035, 0, -0.037, 0, 0, 0, 0])
"""inner-lip gap over the distance of the outer eye corners, per unit of each channel: slopes of the Anny head's
landmarks 13-14 over 33-263, which are linear to 1 %"""
OPEN = 0.2
"""gap of a wide open vowel"""
NARROW, PRESSED = -0.02, -0.065
"""gap of the narrowest opening and of a bilabial closure, relative to the neutral face. That of the Anny head is 0.037
between the landmarks, and baked avatars show lips that are slightly parted: closed ones need less than nothing"""
ROLL_UPPER = 0.12
"""mouthRollUpper of a bilabial closure"""
NEUTRAL = -NARROW / (OPEN - NARROW)
"""the opening that the neutral face has"""

PARAMETERS = ("gap", "round", "funnel", "spread", "tuck", "tongue")


@dataclass(frozen=True)
class Viseme:
    """Targets in [0, 1] and the strength with which the lips, and the lip shape, go for them."""

    gap: float
    round: float = 0.0
    funnel: float = 0.0
    spread: float = 0.0
    tuck: float = 0.0
    tongue: float = 0.0
    strength: float = 1.0
    shape: float | None = None
    """strength for the parameters other than the gap; that of the gap if None"""


VOWELS = {
    "i": Viseme(0.30, spread=0.7),
    "y": Viseme(0.22, round=0.9),
    "ɪ": Viseme(0.38, spread=0.4),
    "ʏ": Viseme(0.28, round=0.7),
    "e": Viseme(0.48, spread=0.5),
    "ø": Viseme(0.36, round=0.75),
    "ɛ": Viseme(0.62, spread=0.35),
    "œ": Viseme(0.5, round=0.6),
    "æ": Viseme(0.85, spread=0.35),
    "a": Viseme(0.95, spread=0.1),
    "ä": Viseme(0.9),
    "ɑ": Viseme(1.0),
    "ɒ": Viseme(0.8, round=0.3, funnel=0.2),
    "ɔ": Viseme(0.65, round=0.5, funnel=0.35),
    "o": Viseme(0.45, round=0.8, funnel=0.2),
    "ʊ": Viseme(0.36, round=0.6),
    "u": Viseme(0.2, round=1.0),
    "ɯ": Viseme(0.28, spread=0.2),
    "ʌ": Viseme(0.65),
    "ɐ": Viseme(0.7),
    "ə": Viseme(0.40, strength=0.6),
    "ɘ": Viseme(0.40, strength=0.6),
    "ɜ": Viseme(0.48, round=0.2),
    "ɝ": Viseme(0.40, round=0.35),
    "ɚ": Viseme(0.38, round=0.3),
    "ɨ": Viseme(0.32, spread=0.2),
    "ʉ": Viseme(0.22, round=0.8),
    "ɤ": Viseme(0.45),
    "ɵ": Viseme(0.36, round=0.6),
    "ᵻ": Viseme(0.36, spread=0.2, strength=0.6),
}
CLOSED = "pbmɓ"
"""bilabial: the lips close"""
CONSONANTS = {
    **dict.fromkeys(CLOSED, Viseme(0.15, strength=0.8, shape=0.2)),
    **dict.fromkeys("fvɱⱱ", Viseme(0.06, tuck=1.0, strength=1.4)),
    **dict.fromkeys("ɸβʋ", Viseme(0.12, tuck=0.5, strength=1.0)),
    **dict.fromkeys("wʍɥ", Viseme(0.12, round=1.0, strength=1.4)),
    **dict.fromkeys("ʃʒɕʑʂʐ", Viseme(0.32, round=0.3, funnel=0.7, strength=0.8)),
    **dict.fromkeys("sz", Viseme(0.22, spread=0.3, strength=0.8, shape=0.4)),
    **dict.fromkeys("tdnʈɖɳɾ", Viseme(0.28, strength=0.35, shape=0.15)),
    **dict.fromkeys("lɫɭɬ", Viseme(0.36, tongue=0.15, strength=0.35, shape=0.2)),
    **dict.fromkeys("θð", Viseme(0.28, tongue=0.6, strength=0.6, shape=0.4)),
    **dict.fromkeys("rɹɻɽ", Viseme(0.28, round=0.45, strength=0.5)),
    **dict.fromkeys("kɡgŋxɣ", Viseme(0.38, strength=0.2, shape=0.05)),
    **dict.fromkeys("qχʁʀħʕɴ", Viseme(0.42, strength=0.2, shape=0.05)),
    **dict.fromkeys("hɦʔ", Viseme(0.45, strength=0.08, shape=0.02)),
    **dict.fromkeys("jɲʎcɟçʝ", Viseme(0.3, spread=0.4, strength=0.4)),
}
VISEMES = {**VOWELS, **CONSONANTS}
REST = Viseme(NEUTRAL, strength=1.0)

CLASSES = [REST, *{id(viseme): viseme for viseme in VISEMES.values()}.values()]
"""what the network also learns to tell apart, for training only"""

BEFORE = {"gap": 0.055, "round": 0.10, "funnel": 0.09, "spread": 0.09, "tuck": 0.035, "tongue": 0.04}
AFTER = {"gap": 0.050, "round": 0.08, "funnel": 0.07, "spread": 0.08, "tuck": 0.035, "tongue": 0.04}
"""seconds in which the strength falls to 1/e before and after a phoneme: lips anticipate"""
RELAX, PART = 0.5, 0.12
"""seconds after speech until the lips are at rest, and before it when they start to move"""
CLOSING, OPENING = 0.075, 0.085
"""seconds that the lips take to close and to open"""
SMOOTHING = 0.018
"""seconds, standard deviation"""
QUIETER, LOUDER = 0.6, 1.25
"""share of the opening of a vowel at 12 dB below, and at 6 dB above, the mean of the vowels"""


@dataclass(frozen=True)
class Segment:
    """A stretch that pulls to one viseme."""

    viseme: Viseme
    start: float
    end: float
    vowel: bool


def segments(phones: Sequence[Phone]) -> list[Segment]:
    """The stretches of ``phones``; a diphthong is two, an unknown sign none."""
    found = []
    for phone in phones:
        signs = [sign for sign in phone.ipa if sign in VISEMES]
        if not phone.ipa:
            found.append(Segment(REST, phone.start, phone.end, False))
            continue
        edges = np.linspace(phone.start, phone.end, len(signs) + 1)
        for sign, start, end in zip(signs, edges[:-1], edges[1:], strict=True):
            found.append(Segment(VISEMES[sign], float(start), float(end), sign in VOWELS))
    return found


def classes(phones: Sequence[Phone], times: Doubles) -> NDArray[np.int64]:
    """(T) index into CLASSES of what is spoken at ``times``."""
    found = np.zeros(len(times), np.int64)
    number = {id(viseme): index for index, viseme in enumerate(CLASSES)}
    for piece in segments(phones):
        found[(times >= piece.start) & (times < piece.end)] = number[id(piece.viseme)]
    return found


def closures(phones: Sequence[Phone], samples: Floats, rate: int) -> list[tuple[float, float]]:
    """(start, end) in seconds where the lips are closed.

    The marker of a stop is where it sounds: a silence before it is part of the closure. A voiceless stop opens right
    after its marker.
    """
    found = []
    for phone in phones:
        if not any(sign in CLOSED for sign in phone.ipa):
            continue
        quiet = phone.start
        step = 0.005
        while quiet > max(phone.start - 0.09, 0.0):
            piece = samples[int((quiet - step) * rate) : int(quiet * rate)]
            if len(piece) and float(np.square(piece).mean()) > 1e-5:
                break
            quiet -= step
        if "p" in phone.ipa:
            start, end = min(quiet, phone.start - 0.05), phone.start + 0.005
        elif "m" in phone.ipa:
            start, end = phone.start, phone.end - min(0.02, 0.2 * (phone.end - phone.start))
        else:
            start, end = min(quiet, phone.start), phone.end - 0.25 * (phone.end - phone.start)
        found.append((max(start, 0.0), end))
    return found


def coefficients(
    phones: Sequence[Phone],
    shut: Sequence[tuple[float, float]],
    breaths: Sequence[tuple[float, float]],
    loudness: Doubles,
    times: Doubles,
    step: float = STEP,
) -> Floats:
    """(T, len(CHANNELS)) at ``times`` (T), ``step`` apart, seconds; ``loudness`` (T) dB of the speech at them."""
    tracks = _dominated(phones, loudness, times)
    sigma = SMOOTHING / step
    for name in PARAMETERS:
        tracks[name] = gaussian_filter1d(tracks[name], sigma)
    for start, end in breaths:
        open_from, open_until = start + 0.3 * (end - start), end + 0.05
        rise = _smoothstep(np.clip((times - open_from) / 0.15, 0, 1))
        fall = _smoothstep(np.clip((open_until - times) / 0.12, 0, 1))
        tracks["gap"] = np.maximum(tracks["gap"], 0.6 * rise * fall)
    opened = np.ones(len(times))
    for start, end in shut:
        away = np.where(times < start, (start - times) / CLOSING, (times - end) / OPENING)
        opened = np.minimum(opened, _smoothstep(np.clip(away, 0.0, 1.0)))
    opened = gaussian_filter1d(opened, 0.006 / step)
    opened[opened < 0.02] = 0.0
    return _arkit(tracks, opened, _brows(loudness, step))


def _dominated(phones: Sequence[Phone], loudness: Doubles, times: Doubles) -> dict[str, Doubles]:
    pieces = segments(phones)
    scale = _openings(pieces, loudness, times)
    tracks = {}
    for name in PARAMETERS:
        weak = 1e-4
        above, below = np.full(len(times), weak * getattr(REST, name)), np.full(len(times), weak)
        for piece, opening in zip(pieces, scale, strict=True):
            viseme = piece.viseme
            strength = viseme.strength if name == "gap" or viseme.shape is None else viseme.shape
            half = (piece.end - piece.start) / 2
            # The pull is full in the middle half of the phoneme.
            early = piece.start + 0.5 * half - times
            late = times - (piece.end - 0.5 * half)
            away = np.maximum(early, 0.0) / BEFORE[name] + np.maximum(late, 0.0) / AFTER[name]
            pull = strength * np.exp(-away)
            if viseme is REST:  # lips relax slowly, and part before the next sound
                settled = np.minimum((times - piece.start) / RELAX, (piece.end - times) / PART)
                pull *= min(half / 0.1, 1.0) * _smoothstep(np.clip(settled, 0.0, 1.0))
            above += pull * getattr(viseme, name) * (opening if name == "gap" else 1.0)
            below += pull
        tracks[name] = above / below
    return tracks


def _openings(pieces: Sequence[Segment], loudness: Doubles, times: Doubles) -> Doubles:
    """(S) by how much each segment opens more or less than usual: louder vowels open more."""
    middles = np.array([(piece.start + piece.end) / 2 for piece in pieces])
    level = np.interp(middles, times, loudness)
    vowels = np.array([piece.vowel for piece in pieces])
    if not vowels.any():
        return np.ones(len(pieces))
    offset = np.clip(level - level[vowels].mean(), -12.0, 6.0)
    scale = np.where(offset < 0, 1 + offset / 12 * (1 - QUIETER), 1 + offset / 6 * (LOUDER - 1))
    return np.asarray(np.where(vowels, scale, 1.0))


def _brows(loudness: Doubles, step: float) -> Doubles:
    """(T) in [0, 1]: up where a syllable stands out of the last seconds."""
    calm = gaussian_filter1d(loudness, 1.0 / step)
    rise = gaussian_filter1d(np.clip(loudness - calm - 6.0, 0.0, 8.0) / 8.0, 0.12 / step)
    return np.asarray(np.clip(2.0 * rise - 0.3, 0.0, 1.0))


def _smoothstep(x: Doubles) -> Doubles:
    return np.asarray(x * x * (3.0 - 2.0 * x))


def _arkit(tracks: dict[str, Doubles], opened: Doubles, brows: Doubles) -> Floats:
    gap, tuck, spread = tracks["gap"], tracks["tuck"], tracks["spread"]
    pressed = 1.0 - opened
    out = dict.fromkeys(NAMES, np.zeros(len(gap)))
    parted = np.maximum(gap - NEUTRAL, 0.0) / (1.0 - NEUTRAL)
    jaw = 0.42 * parted * (1.0 - 0.25 * tracks["round"])
    out["jawOpen"] = jaw * (0.35 + 0.65 * opened)
    out["mouthFunnel"] = 0.45 * tracks["funnel"] + 0.15 * tracks["round"] * opened
    out["mouthPucker"] = 0.7 * tracks["round"]
    out["mouthLowerDown"] = (0.25 * parted + 0.1 * spread) * opened * (1 - tuck)
    out["mouthUpperUp"] = 0.15 * parted * opened + 0.2 * tuck * opened
    out["mouthRollLower"] = 0.45 * tuck + 0.15 * pressed
    out["mouthRollUpper"] = ROLL_UPPER * pressed
    out["mouthPress"] = 0.15 * pressed
    out["mouthStretch"] = 0.2 * spread
    out["mouthSmile"] = 0.15 * spread
    out["cheekPuff"] = 0.05 * pressed
    out["tongueOut"] = 0.25 * tracks["tongue"] * opened
    out["browInnerUp"], out["browOuterUp"] = 0.2 * brows, 0.12 * brows
    wanted = (NARROW + (OPEN - NARROW) * gap) * opened + PRESSED * pressed
    channels = np.stack([out[name] for name in NAMES], 1)
    # What the lips are still too far apart, mouthClose takes away.
    channels[:, NAMES.index("mouthClose")] = np.clip((channels @ GAP - wanted) / -GAP[NAMES.index("mouthClose")], 0, 1)
    return np.clip(channels, 0.0, 1.0).astype(np.float32)
