"""What a worker does with a job, in this process: real bakes of a few steps."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import splatavatar.bake.training.job
from splatavatar.avatar.file import load_avatar
from splatavatar.bake.events import Resumed, Training
from splatavatar.serve.cluster.captures import find_capture
from splatavatar.serve.cluster.jobs import BakeOptions, Begun, Failed, Finished, Job, Noted, Stopped, jobs_of
from splatavatar.serve.cluster.records import BakeRecord, read_records, write_record
from splatavatar.serve.cluster.worker import work
from splatavatar.serve.places.folder import FolderPlace
from splatavatar.serve.places.opening import place_of
from splatavatar.trust.consent_file import GivenConsent
from support.consents import ANN
from support.cut_capture import write_cut_capture

pytest.importorskip("anny", reason="the body model comes with the package anny")
STEPS = 24


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cut_capture(tmp_path_factory.mktemp("captures") / "ann")


@pytest.fixture
def job(capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SPLATAVATAR_THREADS", "2")  # as it was, once the test is over
    options = BakeOptions(preset="fast", iterations=STEPS)
    return jobs_of([str(capture)], str(tmp_path / "place"), options)[0]


def interrupted_at(step: int) -> Callable[[Any], None]:
    """What is told; Ctrl-C comes once the bake is that far."""

    def tell(told: Any) -> None:
        if isinstance(told, Training) and told.iteration >= step:
            signal.raise_signal(signal.SIGINT)

    return tell


def test_a_job_from_beginning_to_end(job: Job, tmp_path: Path) -> None:
    told: list[Any] = []
    outcome = work(job, told.append)
    assert isinstance(outcome, Finished)
    place = tmp_path / "place"
    assert outcome.address == str(place / "ann.splatavatar")
    assert (outcome.steps, outcome.unfinished, outcome.before) == (STEPS, "", False)
    avatar = load_avatar(outcome.address)
    assert len(avatar.gaussians) == outcome.gaussians
    assert avatar.metadata["bake"]["iterations"] == STEPS
    assert isinstance(told[0], Begun)
    assert {path.name for path in place.iterdir()} == {"ann.splatavatar", "ann.report.html", ".bakes"}
    (record,) = read_records(place_of(str(place)))
    assert (record.name, record.state, record.iteration, record.capture) == ("ann", "finished", STEPS, job.capture)
    assert not (tmp_path / "home" / "recent").exists()  # of a worker's folder, which is gone
    again = work(job, told.append)
    assert isinstance(again, Finished) and again.before


@pytest.mark.slow
def test_what_is_there_of_other_options_is_baked_anew(job: Job) -> None:
    assert isinstance(work(job, lambda told: None), Finished)
    given = work(replace(job, consent=GivenConsent(ANN)), lambda told: None)
    assert isinstance(given, Finished) and not given.before
    assert load_avatar(given.address).metadata["consent"] == ANN.to_json()


@pytest.mark.slow
def test_it_goes_on_from_the_checkpoint_in_its_place(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another folder of another process or machine, and ends where a whole bake ends."""
    stopped = work(job, interrupted_at(20))
    assert stopped == Stopped("ann", 20)
    (record,) = read_records(place_of(job.place))
    assert (record.state, record.iteration) == ("stopped", 20)
    assert not (tmp_path / "place" / "ann.splatavatar").exists()
    told: list[Any] = []
    outcome = work(job, told.append)
    assert isinstance(outcome, Finished)
    assert [each.iteration for each in told if isinstance(each, Resumed)] == [20]
    whole = work(replace(job, place=str(tmp_path / "whole")), told.append)
    assert isinstance(whole, Finished)
    assert Path(whole.address).read_bytes() == Path(outcome.address).read_bytes()
    assert not (tmp_path / "place" / job.checkpoint_file).exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["damaged", "of other options"])
def test_a_checkpoint_that_does_not_fit_is_told_and_left(job: Job, tmp_path: Path, kind: str) -> None:
    place = place_of(job.place)
    if kind == "damaged":
        place.write(job.checkpoint_file, b"no checkpoint")
    else:
        assert isinstance(work(job, interrupted_at(20)), Stopped)
        job = replace(job, options=replace(job.options, seed=1))
    told: list[Any] = []
    outcome = work(job, told.append)
    assert isinstance(outcome, Finished)
    (note,) = (each.sentence for each in told if isinstance(each, Noted))
    assert note.startswith("begins anew: ")
    assert job.checkpoint_file in note and "splatavatar-work" not in note
    assert not any(isinstance(each, Resumed) for each in told)


@pytest.mark.slow
def test_checkpoints_are_there_while_it_runs(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker has them though this one never says another word."""
    monkeypatch.setattr(splatavatar.bake.training.job, "CHECKPOINT_SECONDS", 0.1)
    monkeypatch.setattr("splatavatar.serve.cluster.keeper.SECONDS", 0.05)
    seen = []

    def tell(told: Any) -> None:
        file = tmp_path / "place" / ".bakes" / "ann.json"
        if isinstance(told, Training):
            seen.append(json.loads(file.read_text())["iteration"] > 0)

    monkeypatch.setattr("splatavatar.serve.cluster.worker.PROGRESS_SECONDS", 0)
    work(replace(job, options=replace(job.options, iterations=60)), tell)
    assert any(seen)


def test_bad_input_is_one_sentence(job: Job, tmp_path: Path) -> None:
    missing = work(replace(job, capture=str(tmp_path / "none"), name="none"), lambda told: None)
    assert isinstance(missing, Failed) and not missing.fault
    assert missing.why.endswith("none: no such file or folder on this machine, expected a capture.")
    (record,) = read_records(place_of(job.place))
    assert (record.name, record.state, record.why) == ("none", "failed", missing.why)
    (tmp_path / "transforms.json").write_text("{}")
    broken = work(replace(job, capture=str(tmp_path)), lambda told: None)
    assert isinstance(broken, Failed)
    assert "\n" not in broken.why
    other = work(replace(job, version="9.9"), lambda told: None)
    assert isinstance(other, Failed)
    assert "9.9 asks; install the same everywhere" in other.why


def test_what_is_finished_stays_so_when_its_capture_is_away(job: Job, tmp_path: Path) -> None:
    """A disk that is not there for a moment is no reason to bake for hours again."""
    capture, place = tmp_path / "ann", place_of(job.place)
    capture.mkdir()
    (capture / "0.png").write_bytes(b"x")
    job = replace(job, capture=str(capture))
    place.write(job.avatar_file, b"an avatar")
    finished = BakeRecord("ann", job.capture, "finished", job.digest(find_capture(job.capture).known_as), STEPS)
    write_record(place, finished)
    capture.rename(tmp_path / "away")
    assert isinstance(work(job, lambda told: None), Failed)
    capture.mkdir()  # where it is mounted
    outcome = work(job, lambda told: None)
    assert outcome == Failed("ann", f"{capture}: nothing is there, expected a capture.")
    capture.rmdir()
    (tmp_path / "away").rename(capture)
    again = work(job, lambda told: None)
    assert isinstance(again, Finished) and again.before
    (record,) = read_records(place)
    assert (record.state, record.digest, record.iteration) == ("finished", finished.digest, STEPS)
    other = replace(job, options=replace(job.options, seed=1))
    assert isinstance(work(other, lambda told: None), Failed)  # known to be asked for otherwise, and no capture
    (record,) = read_records(place)
    assert (record.state, record.digest) == ("failed", other.digest(find_capture(job.capture).known_as))


def test_a_failure_says_how_far_its_checkpoint_is(job: Job, tmp_path: Path) -> None:
    capture, place = tmp_path / "ann", place_of(job.place)
    capture.mkdir()
    (capture / "0.png").write_bytes(b"x")
    job = replace(job, capture=str(capture))
    stopped = BakeRecord("ann", job.capture, "stopped", job.digest(find_capture(job.capture).known_as), 700)
    write_record(place, stopped)
    capture.rename(tmp_path / "away")
    assert isinstance(work(job, lambda told: None), Failed)
    (record,) = read_records(place)
    assert (record.state, record.digest, record.iteration) == ("failed", stopped.digest, 700)
    (tmp_path / "away").rename(capture)
    assert isinstance(work(replace(job, options=replace(job.options, seed=1)), lambda told: None), Failed)
    (record,) = read_records(place)
    assert (record.state, record.iteration) == ("failed", 0)


@pytest.mark.slow
def test_an_end_while_the_avatar_goes_into_its_place_is_no_running_bake(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = FolderPlace.put

    def slow(self: FolderPlace, name: str, source: Path) -> None:
        if name == job.avatar_file:
            signal.raise_signal(signal.SIGINT)
        put(self, name, source)

    with monkeypatch.context() as patched:
        patched.setattr(FolderPlace, "put", slow)
        stopped = work(job, lambda told: None)
    assert isinstance(stopped, Stopped) and stopped.iteration is not None
    (record,) = read_records(place_of(job.place))
    assert (record.state, record.iteration) == ("stopped", stopped.iteration)
    told: list[Any] = []
    assert isinstance(work(job, told.append), Finished)
    assert [each.iteration for each in told if isinstance(each, Resumed)] == [stopped.iteration]


def test_a_fault_of_the_program_is_noted_and_raised(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*given: Any) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr("splatavatar.bake.run.bake", faulty)
    with pytest.raises(ZeroDivisionError):
        work(job, lambda told: None)
    (record,) = read_records(place_of(job.place))
    assert (record.state, record.digest) == ("failed", job.digest(find_capture(job.capture).known_as))
    assert record.why == "a fault of the program: ZeroDivisionError: by\\nzero"


def test_a_place_that_cannot_be_written(job: Job, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    outcome = work(replace(job, place=str(tmp_path / "file")), lambda told: None)
    assert isinstance(outcome, Failed)
    assert "is a file" in outcome.why or "folder" in outcome.why
