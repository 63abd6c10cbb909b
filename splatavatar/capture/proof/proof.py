"""Looking for the sentence in a film: heard in its sound, and spoken by the face that is in the picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.avatar.consent import SpokenProof
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.proof.code import Code
from splatavatar.capture.proof.hearing import RATE, Ear
from splatavatar.capture.proof.lips import Agreement, agreement
from splatavatar.capture.video.video import Video
from splatavatar.errors import CaptureError
from splatavatar.sounds import Sound

LISTENED = 60.0
"""seconds of a film in which the sentence is looked for"""


@dataclass(frozen=True)
class Verdict:
    """What was found in a film."""

    code: Code | None
    """that was heard"""
    lips: Agreement | None
    """how the face moved meanwhile; None where no code was heard, or no face was seen"""
    proof: SpokenProof | None
    """where the code was heard and the face spoke it"""
    sentence: str
    """what there is to say of it"""


def beginning(film: Path) -> Floats:
    """The sound (n) of ``LISTENED`` seconds of a film from its first picture on, at 16 kHz, all channels mixed.

    Raises SignalError for a film without sound that can be decoded.
    """
    sound = Sound(film, 1, RATE, _first_picture(film))
    left, pieces = round(LISTENED * RATE), [np.zeros(0, np.float32)]
    try:
        for piece in sound.pieces():
            pieces.append(piece[0, :left])
            left -= len(pieces[-1])
            if left <= 0:
                break
    finally:
        sound.close()
    return np.concatenate(pieces)


def _first_picture(film: Path) -> float:
    """Seconds from the beginning of a film to its first picture, from which landmarks count; browsers and phones record
    sound some tenths earlier. 0 for a sound alone."""
    try:
        return Video(film).start
    except CaptureError:
        return 0.0


def look_for(codes: Sequence[Code], samples: Floats, landmarks: Landmarks) -> Verdict:
    """Whether one of ``codes`` is spoken in ``samples`` (n), the sound of a film from its first picture on (16 kHz), by
    the face of ``landmarks``.

    The proof is the SHA-256 of the samples of the span as 16-bit little-endian integers, in its first and last second
    as the record holds them. Raises DependencyError where pocketsphinx is absent.
    """
    heard = Ear().hear(samples)
    code = None if heard is None else next((code for code in codes if code.heard_in(heard.words)), None)
    if heard is None or code is None:
        return Verdict(None, None, None, "the sentence of splatavatar consent say was not heard")
    begins, ends = round(heard.begins, 2), round(heard.ends, 2)
    lips = agreement(landmarks, samples, begins, ends)
    span = f"the code was heard from {begins:.1f} to {ends:.1f} s"
    if lips is None:
        return Verdict(code, None, None, f"{span}, but the face is not seen while it is said")
    if not lips.speaks:
        return Verdict(code, lips, None, f"{span}, but the lips of the face do not move with it")
    proof = SpokenProof(digest_of(samples, begins, ends), begins, ends, code.date)
    return Verdict(code, lips, proof, f"{span}, spoken by the face")


def digest_of(samples: Floats, begins: float, ends: float) -> str:
    """The SHA-256 of the samples at 16 kHz from ``begins`` to before ``ends``, as 16-bit little-endian integers."""
    span = samples[round(begins * RATE) : round(ends * RATE)]
    return hashlib.sha256(np.rint(span.clip(-1, 1) * 32767).astype("<i2").tobytes()).hexdigest()
