"""The record of consent that goes into a baked avatar."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from splatavatar.avatar.consent import MOST_SOURCES
from splatavatar.bake.inputs import footage_of
from splatavatar.capture.capture import Capture
from splatavatar.capture.references import PictureFile
from splatavatar.capture.video.film_frames import FilmFrame
from splatavatar.errors import SettingsError
from splatavatar.trust.consent_file import GivenConsent


def with_sources(given: GivenConsent | None, capture: Capture) -> GivenConsent | None:
    """A record that was ``given`` with the SHA-256 of what ``capture`` is made of, where it asks for them.

    That is of clips, or else of picture files. Raises SettingsError for more files than a record holds, CaptureError
    for what is gone.
    """
    if given is None or not given.hash_sources:
        return given
    return GivenConsent(replace(given.consent, sources=_sources(capture)))


def _sources(capture: Capture) -> tuple[str, ...]:
    facts = footage_of(capture)
    if facts is not None:
        return tuple(facts.sha256)
    found: dict[Path, PictureFile | FilmFrame] = {}
    for frame in capture.frames:
        if isinstance(frame.picture, PictureFile):
            found[frame.picture.path] = frame.picture
        elif isinstance(frame.picture, FilmFrame):
            found[frame.picture.film.path] = frame.picture
    if len(found) > MOST_SOURCES:
        raise SettingsError(
            f"hash_sources: {capture.root} has {len(found)} files, a record of consent holds up to {MOST_SOURCES};"
            " leave hash_sources out"
        )
    return tuple(map(_sha256, found.values()))


def _sha256(picture: PictureFile | FilmFrame) -> str:
    """Of its file."""
    if isinstance(picture, FilmFrame):
        return picture.film.digest.hex()
    return hashlib.sha256(picture.fingerprint()).hexdigest()
