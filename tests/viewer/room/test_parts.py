"""What a room is made of, by itself."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from splatavatar.errors import SignalError
from splatavatar.viewer.room.moments import Moments
from splatavatar.viewer.room.opus import PACKET, RATE, OpusDecoder, OpusEncoder, level
from splatavatar.viewer.room.outbox import ALIVE, MOST_SOUND, MOST_TEXTS, Outbox, TooSlow
from splatavatar.viewer.room.pace import Allowance
from splatavatar.viewer.room.voice import LATEST, PIECE, OwnVoice


def test_of_what_waits_old_faces_and_old_sound_are_left_out() -> None:
    async def run() -> list[str | bytes]:
        sent: list[str | bytes] = []
        box = Outbox()

        async def send(message: str | bytes) -> None:
            sent.append(message)

        for number in range(100):
            box.face(1, b"face%d" % number)
            box.face(2, b"other")
            box.sound(1, b"sound%d" % number)
        box.text("one")
        box.text("two")
        box.sound(3, b"gone")
        box.forget(3)
        delivering = asyncio.create_task(box.deliver(send, send))
        await asyncio.sleep(0.05)
        box.text("last")
        box.end()
        await delivering
        return sent

    sounds = [b"sound%d" % number for number in range(100 - MOST_SOUND, 100)]
    assert asyncio.run(run()) == ["one", "two", *sounds, b"face99", b"other", "last"]


def test_a_word_is_said_while_nothing_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("splatavatar.viewer.room.outbox.REPEAT", 0.05)

    async def run() -> list[str | bytes]:
        sent: list[str | bytes] = []
        box = Outbox(ALIVE)

        async def send(message: str | bytes) -> None:
            sent.append(message)
            if len(sent) == 3:
                box.face(1, b"face")
            elif len(sent) == 6:
                box.end()

        await asyncio.wait_for(box.deliver(send, send), 20)
        return sent

    assert asyncio.run(run()) == [*[ALIVE] * 3, b"face", *[ALIVE] * 2]


def test_texts_without_end_are_too_many() -> None:
    async def run() -> None:
        box = Outbox()
        for _ in range(MOST_TEXTS):
            box.text("x")
        with pytest.raises(TooSlow):
            box.text("x")

    asyncio.run(run())


def test_an_allowance_comes_back_with_time() -> None:
    now = 0.0
    allowance = Allowance(10, 3, lambda: now)
    assert [allowance.take(1) for _ in range(4)] == [True, True, True, False]
    now = 0.1
    assert [allowance.take(1) for _ in range(2)] == [True, False]
    now = 100.0
    assert [allowance.take(3), allowance.take(1)] == [True, False]


def test_a_voice_is_due_piece_by_piece_at_its_time() -> None:
    voice, sound = OwnVoice(), np.arange(2.5 * PACKET, dtype=np.float32)
    assert voice.say(sound, None, 10.0)
    assert voice.due(10.0 + 0.9 * PIECE) == []
    due = voice.due(10.0 + 2.5 * PIECE)
    assert [at for at, _ in due] == [10.0, 10.0 + PIECE]
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in due]), sound[: 2 * PACKET])
    # What is not whole waits for its rest, and then goes with silence.
    assert voice.due(11.0) == [] and voice.rest(10.0 + 4 * PIECE) == []
    ((at, piece),) = voice.rest(10.0 + 5.5 * PIECE)
    assert at == pytest.approx(10.0 + 2 * PIECE) and piece[PACKET // 2 :].max() == 0 < piece[: PACKET // 2].min()


def test_sound_that_follows_continues_and_sound_of_another_time_replaces() -> None:
    voice, piece = OwnVoice(), np.ones(PACKET, np.float32)
    voice.say(piece, 5.0, 5.0)
    voice.say(2 * piece, 5.0 + PIECE, 5.0)
    voice.say(3 * piece, None, 5.0)
    assert [(round(at, 3), float(part[0])) for at, part in voice.due(5.07)] == [(5.0, 1), (5.02, 2), (5.04, 3)]
    voice.say(piece, 7.0, 6.0)
    voice.say(2 * piece, 8.0, 6.0)
    assert [(at, float(part[0])) for at, part in voice.due(8.05)] == [(8.0, 2)]
    assert not voice.say(np.zeros(121 * RATE, np.float32), None, 9.0)


def test_sound_that_is_too_late_is_left_out() -> None:
    voice = OwnVoice()
    voice.say(np.zeros(10 * PACKET, np.float32), 5.0, 5.0)
    late = [at for at, _ in voice.due(5.0 + 8 * PIECE)]
    assert late[-1] == pytest.approx(5.0 + 7 * PIECE) and late[0] + PIECE >= 5.0 + 8 * PIECE - LATEST - 1e-9
    assert [round(at, 3) for at, _ in voice.due(5.0 + 10 * PIECE + 1e-9)] == [5.16, 5.18]


def test_the_clock_of_somebody_else_is_that_of_what_came_soonest() -> None:
    moments = Moments()
    assert moments.at(1.0) is None
    for number in range(100):
        moments.see(number / 30, 50 + number / 30 + (0.02 if number % 7 else 0.005))
    assert moments.at(60.0) == pytest.approx(60 - 50.005)


def test_a_voice_survives_opus() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(25 * PACKET) / RATE).astype(np.float32)
    packets = [packet for piece in tone.reshape(-1, PACKET) for packet in encoder.encode(piece)]
    assert 23 <= len(packets) <= 25 and np.mean([len(packet) for packet in packets]) < 100
    heard = np.concatenate([decoder.decode(packet) for packet in packets])
    spectrum = np.abs(np.fft.rfft(heard[-RATE // 5 :]))
    assert abs(np.argmax(spectrum) * 5 - 300) <= 5 and 0.3 < np.abs(heard[PACKET * 5 :]).max() < 0.7


def test_loudness_is_in_decibels_of_the_full_scale() -> None:
    tone = np.sin(2 * np.pi * np.arange(PACKET) / 48).astype(np.float32)
    assert [level(tone), level(0.1 * tone), level(np.zeros(PACKET, np.float32))] == [-3, -23, -127]


def test_what_is_no_opus_is_refused_or_silent() -> None:
    rng, decoder = np.random.default_rng(3), OpusDecoder()
    refused = 0
    for _ in range(300):
        try:
            assert np.isfinite(decoder.decode(rng.bytes(int(rng.integers(1, 200))))).all()
        except SignalError as error:
            refused += 1
            assert str(error) == "sound that is no Opus."
    assert refused > 10
