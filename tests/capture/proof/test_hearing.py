"""What is heard of voices of espeak-ng."""

from __future__ import annotations

import datetime
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.proof.code import LENGTH, WORDS, Code
from splatavatar.capture.proof.hearing import RATE, Ear
from splatavatar.errors import DependencyError
from support.espeak import in_a_room, spoken

CODES = (
    Code(("window", "paper", "kingdom", "trumpet", "yellow", "story"), datetime.date(2026, 11, 27)),
    Code(("museum", "children", "library", "violin", "horizon", "together"), datetime.date(2026, 5, 3)),
    Code(("umbrella", "freedom", "satellite", "evening", "butterfly", "question"), datetime.date(2026, 8, 12)),
)


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear()


@pytest.mark.parametrize(
    ("code", "voice"),
    list(zip(CODES, ("en-us", "gmw/en+m2", "en-gb-scotland+f2"), strict=True)),
    ids=["us", "gb", "scots"],
)
def test_codes_of_voices_in_a_room_are_heard(ear: Ear, code: Code, voice: str) -> None:
    quiet = np.zeros(2 * RATE, np.float32)
    said = in_a_room(spoken(code.sentence, voice, 130), np.random.default_rng(1), 0.1, 25)
    heard = ear.hear(np.concatenate([quiet, said, quiet]))
    assert heard is not None
    assert code.heard_in(heard.words)
    assert [other for other in CODES if other.heard_in(heard.words)] == [code]
    assert 1.5 < heard.begins < heard.ends <= 2 + len(said) / RATE


def test_a_day_is_heard(ear: Ear) -> None:
    heard = ear.hear(in_a_room(spoken(CODES[0].sentence, "en-us", 130), np.random.default_rng(0), 0.05, 30))
    assert heard is not None
    assert (heard.words, heard.day, heard.month) == (CODES[0].words, 27, 11)


def test_no_code_is_heard_in_other_speech(ear: Ear) -> None:
    text = "Four score and seven years ago our fathers brought forth on this continent a new nation. " * 2
    heard = ear.hear(spoken(text, "en-us"))
    assert heard is None or not any(code.heard_in(heard.words) for code in CODES)


def test_nothing_is_heard_in_silence_noise_and_no_time(ear: Ear) -> None:
    assert ear.hear(np.zeros(5 * RATE, np.float32)) is None
    assert ear.hear(np.zeros(0, np.float32)) is None
    assert ear.hear(np.ones(RATE // 2, np.float32)) is None
    noise = np.random.default_rng(0).normal(size=5 * RATE).astype(np.float32)
    heard = ear.hear(noise)
    assert heard is None or (len(heard.words) == LENGTH and set(heard.words) <= set(WORDS))


def test_the_decoder_says_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Ear().hear(spoken("My code is", "en-us"))
    assert capfd.readouterr() == ("", "")
    assert os.listdir(tmp_path) == []


def test_without_pocketsphinx_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(DependencyError, match=r"'pocketsphinx' is not installed; add it by: pip install .*bake"):
        Ear()
