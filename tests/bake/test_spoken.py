"""What a bake does about the sentence that was handed out to be read aloud."""

from __future__ import annotations

import datetime
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from splatavatar.bake.events import SpokenChecked
from splatavatar.bake.reporting.monitor import sentences
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.spoken import with_spoken_proof
from splatavatar.capture.capture import Capture
from splatavatar.capture.preparation.folder import landmarks_path
from splatavatar.capture.proof.code import Code
from splatavatar.capture.proof.open_codes import _write, codes_path, hand_out, remembered_codes
from splatavatar.trust.consent_file import GivenConsent
from support.consents import ANN
from support.espeak import in_a_room, spoken
from support.footage import numbered, write_video
from support.talking import talking

TODAY = datetime.date.today()
CODE = Code(("window", "paper", "kingdom", "trumpet", "yellow", "story"), TODAY)


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))


def capture_at(root: Path) -> Capture:
    """A capture of which nothing but its folder is asked for."""
    return Capture(root, (), {"train": (), "val": (), "test": ()}, cast(Any, None))


def checked(settings: BakeSettings, root: Path) -> tuple[BakeSettings, list[str]]:
    """What comes of the settings, and what is told."""
    told: list[str] = []
    after = with_spoken_proof(settings, capture_at(root), lambda event: told.extend(sentences(event)))
    return after, told


def film_of(tmp_path: Path, code: Code, still: bool = False) -> Path:
    """The sound of a film, and the landmarks of its face, as the bake has prepared them."""
    samples = in_a_room(spoken(code.sentence, "en-us", 130), np.random.default_rng(1), 0.1, 30)
    path = tmp_path / "film.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, len(samples), "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    face = talking(samples * 0 if still else samples)
    landmarks_path(tmp_path, 0).parent.mkdir()
    face.save(landmarks_path(tmp_path, 0))
    return path


def test_a_proof_is_added_and_its_code_proves_that_film_alone(tmp_path: Path) -> None:
    hand_out(CODE)
    settings = BakeSettings(film_of(tmp_path, CODE), consent=GivenConsent(ANN))
    after, told = checked(settings, tmp_path)
    assert after.consent is not None
    spoken_proof = after.consent.consent.spoken
    assert spoken_proof is not None
    assert spoken_proof.date == TODAY
    assert after == replace(settings, consent=GivenConsent(replace(ANN, spoken=spoken_proof)))
    assert told == [
        f"the code was heard from {spoken_proof.begins:.1f} to {spoken_proof.ends:.1f} s, spoken by the face"
    ]
    assert [code.heard for code in remembered_codes()] == [spoken_proof.sha256]
    assert checked(settings, tmp_path) == (after, told), "the same film may be baked again"
    claimed_by_another_film = [replace(code, heard="0" * 64) for code in remembered_codes()]
    _write(claimed_by_another_film)
    assert checked(settings, tmp_path) == (
        settings,
        ["no spoken proof: the code was heard in another film before; splatavatar consent say hands one out"],
    )
    assert GivenConsent.from_json(after.consent.to_json()) == after.consent
    assert checked(after, tmp_path) == (after, [])  # a bake that goes on has it already


def test_a_face_that_keeps_still_proves_nothing(tmp_path: Path) -> None:
    hand_out(CODE)
    settings = BakeSettings(film_of(tmp_path, CODE, still=True), consent=GivenConsent(ANN))
    after, told = checked(settings, tmp_path)
    assert after == settings
    assert len(told) == 1
    assert told[0].endswith("but the lips of the face do not move with it")
    assert remembered_codes() == [CODE]


def test_where_nothing_was_handed_out_nothing_is_said(tmp_path: Path) -> None:
    settings = BakeSettings(tmp_path / "film.mp4", consent=GivenConsent(ANN))
    assert checked(settings, tmp_path) == (settings, [])


def test_why_there_is_no_proof_is_one_sentence(tmp_path: Path) -> None:
    silent = write_video(tmp_path / "silent.mp4", numbered(3))
    face = talking(np.ones(160000, np.float32))
    landmarks_path(tmp_path, 0).parent.mkdir()
    face.save(landmarks_path(tmp_path, 0))
    given = GivenConsent(ANN)
    hand_out(replace(CODE, date=datetime.date(2020, 1, 1)))
    [old] = checked(BakeSettings(silent, consent=given), tmp_path)[1]
    assert old.startswith("no spoken proof: the code of 2020-01-01 does not hold any more")
    hand_out(CODE)
    for settings, sentence in (
        (BakeSettings(silent, consent=given), f"no spoken proof: {silent}: no audio track in it."),
        (BakeSettings(tmp_path, consent=given), "no spoken proof: the footage is no film, which has a sound"),
        (
            BakeSettings(silent),
            "no spoken proof: a code is open, but without a record of consent there is nothing to add it to",
        ),
    ):
        assert checked(settings, tmp_path) == (settings, [sentence])
    codes_path().write_text("[7]")
    [damaged] = checked(BakeSettings(silent, consent=given), tmp_path)[1]
    assert damaged.startswith("no spoken proof: ")
    assert "codes.json: damaged" in damaged


def test_the_event_is_a_line() -> None:
    assert sentences(SpokenChecked("heard")) == ["heard"]
