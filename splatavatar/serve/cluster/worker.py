"""What a worker does: it fetches a capture and a checkpoint, bakes, and puts the avatar into its place."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar import __version__
from splatavatar.errors import SettingsError, SplatAvatarError
from splatavatar.kept.use import note_used, using
from splatavatar.output import scratch_folder
from splatavatar.printable import printable
from splatavatar.serve.cluster.captures import FoundCapture, find_capture
from splatavatar.serve.cluster.jobs import Begun, Failed, Finished, Job, Noted, Outcome, Stopped
from splatavatar.serve.cluster.keeper import Keeper
from splatavatar.serve.cluster.records import (
    FAILED,
    FINISHED,
    RUNNING,
    STOPPED,
    UNFINISHED,
    BakeRecord,
    read_record,
    write_record,
)
from splatavatar.serve.places.fetched import forget
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Place

if TYPE_CHECKING:
    from splatavatar.bake.events import Event
    from splatavatar.bake.settings import BakeSettings

    Told = Event | Begun | Noted

PROGRESS_SECONDS = 0.5
"""at least between two words of mere progress"""


def work(job: Job, tell: Callable[[Told], None]) -> Outcome:
    """Bakes ``job``; ``tell`` hears what happens, also from another thread.

    It goes on from a checkpoint that lies in the place of the avatar, if it is of this capture, these options and this
    version; an avatar that is there already, of the same, is left as it is. Whatever is wrong with the input is an
    outcome; a fault of the program is noted in the place and raised. To be run in the main thread, where Ctrl-C has it
    write a checkpoint.
    """
    try:
        return _worked(job, tell)
    except SplatAvatarError as error:
        return Failed(job.name, str(error))


def _worked(job: Job, tell: Callable[[Told], None]) -> Outcome:
    if job.version != __version__:
        raise SettingsError(
            f"the workers have splatavatar {__version__}, {job.version} asks; install the same everywhere"
        )
    os.environ["SPLATAVATAR_THREADS"] = str(job.options.cpus)  # what Ray has set aside, not all that the machine has
    tell(Begun(socket.gethostname(), os.getpid()))
    place = place_of(job.place)
    record = BakeRecord(job.name, job.capture, RUNNING, "", 0, "", socket.gethostname(), os.getpid())
    with ExitStack() as stack:
        used = None if job.options.forget_footage else stack.enter_context(using())
        try:
            capture = find_capture(job.capture)
            if used is not None and capture.kept is not None:
                note_used(capture.kept)
            record = replace(record, digest=job.digest(capture.known_as))
            before = read_record(place, job.name)
            if before is not None and (before.state, before.digest) == (FINISHED, record.digest):
                entry = place.entry(job.avatar_file)
                if entry is not None:
                    return Finished(job.name, place.of(job.avatar_file), bytes=entry.bytes, before=True)
            outcome = _baked(job, place, capture, record, tell)
        except SplatAvatarError as error:
            _note_failure(place, record, str(error))
            raise
        except Exception as error:
            _note_failure(place, record, f"a fault of the program: {type(error).__name__}: {printable(error)[:300]}")
            raise
    if job.options.forget_footage and capture.kept is not None and not isinstance(outcome, Stopped):
        forget(capture.kept)
    return outcome


def _note_failure(place: Place, record: BakeRecord, why: str) -> None:
    """Have the place say that the bake failed.

    Where a finished avatar lies it says so still, unless another capture or other options are known to be asked: what
    failed may be there again the next time, and the avatar is not to be baked anew for it. So does a checkpoint.
    """
    with suppress(SplatAvatarError):  # what is told is why it failed
        before = read_record(place, record.name)
        same = before is not None and record.digest in ("", before.digest)
        if before is None or not same:
            write_record(place, replace(record, state=FAILED, why=why))
        elif before.state != FINISHED:
            write_record(
                place, replace(record, state=FAILED, why=why, digest=before.digest, iteration=before.iteration)
            )


def _baked(
    job: Job, place: Place, capture: FoundCapture, record: BakeRecord, tell: Callable[[Told], None]
) -> Finished | Stopped:
    from splatavatar.bake.reporting.reporter import report_path
    from splatavatar.bake.run import bake
    from splatavatar.bake.training import checkpoint

    with scratch_folder() as folder:
        out = folder / job.avatar_file
        settings = _settings(job, capture, out)
        listener = _Listener(tell)
        settings = _resuming(job, place, settings, tell)
        record = replace(record, iteration=(settings.resume and checkpoint.steps_of(checkpoint.path_of(out))) or 0)
        write_record(place, record)
        keeper = Keeper(job, place, checkpoint.path_of(out), record, tell)
        try:
            with keeper:
                baked = bake(settings, listener)
            written = listener.written
            assert written is not None  # a bake that returns has written
            # The avatar comes last: where it is, all of it is.
            place.put(report_path(out).name, report_path(out))
            place.put(job.avatar_file, out)
            why = "" if baked.unfinished is None else str(baked.unfinished)
            state = UNFINISHED if why else FINISHED
            write_record(place, replace(keeper.record, state=state, iteration=written.steps, why=why))
        except (KeyboardInterrupt, SystemExit):
            stopped = keeper.record
            write_record(place, replace(stopped, state=STOPPED))
            there = place.entry(job.checkpoint_file) is not None
            return Stopped(job.name, stopped.iteration if there else None)
        if not why:
            place.remove(job.checkpoint_file)
        return Finished(
            job.name,
            place.of(job.avatar_file),
            len(written.avatar.gaussians),
            out.stat().st_size,
            written.steps,
            written.score,
            written.seconds,
            why,
        )


def _settings(job: Job, capture: FoundCapture, out: Path) -> BakeSettings:
    from splatavatar.bake.settings import BakeSettings
    from splatavatar.capture.preparation.prepare import PrepareOptions

    options = job.options
    return BakeSettings(
        capture=capture.path,
        prepare=PrepareOptions(rig=options.rig),
        out=out,
        rig=options.rig,
        preset=options.preset,
        budget_seconds=options.budget_seconds,
        iterations=options.iterations,
        device="cuda" if options.gpus else "cpu",
        seed=options.seed,
        crop=options.crop,
        consent=job.consent,
        forget_footage=options.forget_footage,
        known_as=capture.known_as,
        remembered=False,
        started=time.monotonic(),
    )


def _resuming(job: Job, place: Place, settings: BakeSettings, tell: Callable[[Told], None]) -> BakeSettings:
    """``settings`` of a bake that goes on, where a checkpoint in the place is of it and whole."""
    from splatavatar.bake.training import checkpoint

    out = settings.out
    assert out is not None
    if place.entry(job.checkpoint_file) is None:
        return settings
    try:
        place.fetch(job.checkpoint_file, checkpoint.path_of(out), checkpoint.LARGEST)
        checkpoint.check(out, settings)
    except SplatAvatarError as error:
        checkpoint.path_of(out).unlink(missing_ok=True)
        why = str(error).replace(str(checkpoint.path_of(out)), place.of(job.checkpoint_file))
        tell(Noted(f"begins anew: {printable(why)}"))
        return settings
    return replace(settings, resume=True)


class _Listener:
    """Passes on what travels well, mere progress not more often than anybody can read."""

    def __init__(self, tell: Callable[[Told], None]) -> None:
        from splatavatar.bake import events

        self._tell, self._events, self._last = tell, events, 0.0
        self.written: events.AvatarWritten | None = None

    def __call__(self, event: Event) -> None:
        events = self._events
        if isinstance(event, events.AvatarWritten):
            self.written = event
            return
        silent = (events.Baked, events.ReportWritten, events.Interrupted, events.FootageKept, events.Measured)
        if isinstance(event, silent):
            return  # of paths that are gone with the worker, or told by the outcome
        if isinstance(event, (events.Training, events.Preparing)):
            now = time.monotonic()
            if now - self._last < PROGRESS_SECONDS:
                return
            self._last = now
        self._tell(event)
