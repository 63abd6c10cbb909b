"""Removal of what the cache holds of some footage, whichever options it was prepared with."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from splatavatar.capture.faces.landmark_cache import of_clips
from splatavatar.capture.preparation.folder import EXTRACT, read_description
from splatavatar.errors import CaptureError, OutputError
from splatavatar.folders import cache_folder
from splatavatar.kept.kinds import FOOTAGE
from splatavatar.kept.things import Thing, remove, remove_empty, thing_at
from splatavatar.kept.use import Used


@dataclass(frozen=True)
class Forgotten:
    """What became of footage that was to be forgotten."""

    removed: tuple[Thing, ...]
    kept: tuple[str, ...]
    """why something stays, a sentence each"""


def forget_footage(used: Used) -> Forgotten:
    """Remove what ``used`` names, and whatever else of the same clips the cache holds; its holds are let go of."""
    used.release()
    paths = dict.fromkeys([*used.paths, *of_clips(used.clips), *_prepared_of(used.clips)])
    removed, kept = [], []
    for path in paths:
        thing = thing_at(path, FOOTAGE, "")
        if thing is None:
            continue
        try:
            if remove(thing):
                removed.append(thing)
            else:
                kept.append(f"another splatavatar uses {path}; it stays")
        except OutputError as error:
            kept.append(str(error))
    remove_empty()
    return Forgotten(tuple(removed), tuple(kept))


def _prepared_of(clips: set[str]) -> list[Path]:
    """The folders in the cache that were prepared of any of ``clips``."""
    found = []
    for folder in sorted((cache_folder() / "captures").glob("*")):
        with suppress(CaptureError):  # no such folder, or a damaged one
            described = read_description(folder / EXTRACT).get("clips")
            known = described if isinstance(described, list) else []
            if clips & {str(clip.get("sha256")) for clip in known if isinstance(clip, dict)}:
                found.append(folder)
    return found
