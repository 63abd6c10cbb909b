"""Whatever was filmed becomes a capture that can be baked, once: the result is kept by the content of the clips."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.faces.shoulders import shows_shoulders
from splatavatar.capture.matting import METHODS, edition_of
from splatavatar.capture.matting.rembg_matter import rembg_mattes
from splatavatar.capture.preparation.folder import (
    CAPTURE,
    EXTRACT,
    SOURCE,
    VERSION,
    Extraction,
    landmarks_path,
    read_description,
    read_extraction,
    read_facts,
    write_json,
)
from splatavatar.capture.readers.table import reader_of
from splatavatar.capture.readers.transforms import FILE
from splatavatar.capture.tracking.track import track_capture
from splatavatar.capture.video.clips import IMAGES, VIDEOS, open_clips
from splatavatar.capture.video.extract import ExtractOptions, extract, forget_drafts
from splatavatar.capture.video.holdout import Holdout
from splatavatar.errors import CaptureError, SettingsError
from splatavatar.folders import cache_folder, plain_name
from splatavatar.kept.private import make_private, private_place
from splatavatar.kept.use import note_used
from splatavatar.locks import alone_in
from splatavatar.progress import Progress
from splatavatar.rig.loader import edition

AUTO = "auto"
WAITING = "waiting for another splatavatar that prepares the same"


@dataclass(frozen=True)
class PrepareOptions:
    """How video becomes a capture."""

    extract: ExtractOptions = field(default_factory=ExtractOptions)
    rig: str = AUTO
    matting: str = "grabcut"
    holdout: Holdout = field(default_factory=Holdout)
    """what stays out, to be scored afterwards"""


def is_footage(path: Path) -> bool:
    """Whether ``path`` is something to prepare.

    That is a file, a folder of pictures or videos that describes no cameras, or one of which the rest is still to do.
    What is neither file nor folder, such as a pipe, is told by who opens it.
    """
    # Path.is_dir fails at names that are too long, and where no one may look.
    if not os.path.isdir(path):
        return os.path.lexists(path) and path.name != FILE
    if os.path.isfile(path / EXTRACT):
        return not os.path.isfile(path / CAPTURE)
    try:
        return reader_of(path) is None and any(_media(path))
    except OSError:
        return True  # a folder that cannot be looked into: who opens it says so


def prepare(paths: Sequence[Path], options: PrepareOptions, progress: Progress, folder: Path | None = None) -> Path:
    """The folder of the capture made from ``paths``; in the cache, where it stays, if no ``folder`` is given.

    What an earlier call has finished is not done again. A folder of pictures that were extracted before is completed
    where it is, whatever the options of extraction.

    Raises:
        CaptureError: no video, or no face in it, or too little of either.
        SettingsError: an unknown way to cut out, or an end to keep out of pictures that were extracted before.
        DependencyError: the landmark model is absent.
        OutputError: the folder cannot be written.
    """
    check_matting(options.matting)
    if len(paths) == 1 and os.path.isfile(paths[0] / EXTRACT):
        if options.holdout:
            raise SettingsError(f"--holdout goes with video; the pictures of {paths[0]} are chosen")
        tracked(paths[0], options.rig, options.matting, progress)
        note_used(paths[0], read_extraction(paths[0]).digests())
        return paths[0]
    if folder is not None:
        return _prepared(paths, options, folder, progress)
    folder = _kept(paths, options)
    with private_place(folder.parent):
        try:
            return _prepared(paths, options, folder, progress)
        finally:
            make_private(folder)


def _prepared(paths: Sequence[Path], options: PrepareOptions, folder: Path, progress: Progress) -> Path:
    extracted(paths, options, folder, progress)
    tracked(folder, options.rig, options.matting, progress)
    return folder


def extracted(paths: Sequence[Path], options: PrepareOptions, folder: Path, progress: Progress) -> Extraction:
    """The pictures and landmarks of ``paths`` in ``folder``, which no other process prepares meanwhile."""
    note = {"version": VERSION, "key": _key(paths, replace(options, rig=AUTO, matting=""))}
    with alone_in(folder, partial(progress, WAITING, 0.0)) as alone:
        if alone:
            forget_drafts(folder)
        mark = folder / SOURCE
        with suppress(CaptureError):  # damaged: made again
            if os.path.isfile(folder / EXTRACT) and os.path.isfile(mark) and read_description(mark) == note:
                extraction = read_extraction(folder)
                note_used(folder, extraction.digests())
                return extraction
        extraction = extract(paths, folder, options.holdout.baked(options.extract), progress)
        write_json(mark, note)
        note_used(folder, extraction.digests())
        return extraction


def tracked(folder: Path, rig: str, matting: str, progress: Progress) -> None:
    """Rig parameters and mattes of the pictures that were extracted into ``folder``.

    Raises:
        CaptureError: nothing was extracted there.
        SettingsError, DependencyError: no such way to cut out, or not here.
        OutputError: the folder cannot be written.
    """
    check_matting(matting)
    read_extraction(folder)  # before the folder is made
    with alone_in(folder, partial(progress, WAITING, 0.0)):
        extraction = read_extraction(folder)
        if rig == AUTO:
            rig = choose_rig([Landmarks.load(landmarks_path(folder, clip)) for clip in range(len(extraction.clips))])
        with suppress(CaptureError):  # damaged: made again
            if os.path.isfile(folder / CAPTURE):
                found = read_facts(folder)
                same = (found.matting, found.tracking.get("rig")) == (edition_of(matting), rig)
                # The user's own file of a body model may have become another, whose coefficients mean other heads.
                if same and found.edition in (None, edition(rig)):
                    return
        track_capture(folder, rig, matting, progress)


def check_matting(method: str) -> None:
    """Refuses a way to cut out that is none here, before anything takes long.

    Raises:
        SettingsError: an unknown method.
        DependencyError: the method needs a package that is absent.
    """
    if method not in METHODS:
        raise SettingsError(f"unknown matting method '{method}'; known are {', '.join(METHODS)}")
    if method == "rembg" and find_spec(method) is None:
        rembg_mattes([], lambda share: None)


def choose_rig(found: Sequence[Landmarks]) -> str:
    """The rig: ``anny-head`` where only a head and a neck show, else ``anny-bust``."""
    return "anny-bust" if shows_shoulders(found) else "anny-head"


def _kept(paths: Sequence[Path], options: PrepareOptions) -> Path:
    """The folder in the cache for what comes of ``paths``; that of a copy with another name, where there is one."""
    captures, key = cache_folder() / "captures", _key(paths, options)
    first = Path(os.path.realpath(paths[0]))
    known = sorted(captures.glob(f"*-{key}"))
    return known[0] if known else captures / f"{plain_name(first.stem if os.path.isfile(first) else first.name)}-{key}"


def _key(paths: Sequence[Path], options: PrepareOptions) -> str:
    """Of the contents of ``paths`` and all that matters beside them."""
    contents = [clip.info.sha256 for clip in open_clips(paths, options.extract.fps)]
    values = {**asdict(options), "contents": contents, "version": VERSION}
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _media(folder: Path) -> Iterator[Path]:
    return (p for p in folder.iterdir() if p.suffix.lower() in {*IMAGES, *VIDEOS})
