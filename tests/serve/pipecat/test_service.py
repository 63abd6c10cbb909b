from __future__ import annotations

import asyncio
import base64
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pipecat", reason="pipecat needs Python 3.11")

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    OutputImageRawFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection
from pipecat.tests.utils import SleepFrame, run_test

from splatavatar.avatar.file import save_avatar
from splatavatar.errors import SettingsError, TrustError
from splatavatar.rig.arkit import INDEX
from splatavatar.serve.pipecat.service import SplatAvatarService
from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.stage import Stage
from splatavatar.viewer.protocol import SIZE, decode
from support.pipecat_line import Heard, run_line
from support.small_avatar import small_avatar

RATE = 24000


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(small_avatar(), b"", marks=False)


def service(stage: Stage, **settings: Any) -> SplatAvatarService:
    return SplatAvatarService(stage, width=64, height=64, **settings)


def voice(seconds: float, rate: int = RATE, seed: int = 0) -> Samples:
    """Sound that is nowhere silent and nowhere the same."""
    noise = np.random.default_rng(seed).integers(2000, 12000, round(seconds * rate))
    return np.asarray(noise * np.where(np.arange(len(noise)) % 2, 1, -1), np.int16)


def speech(sound: Samples, rate: int = RATE, piece: float = 0.1, context: str = "a") -> list[Frame]:
    """What a TTS sends of one sentence."""
    size = round(piece * rate)
    pieces = [sound[n : n + size].tobytes() for n in range(0, len(sound), size)]
    return [
        TTSStartedFrame(context_id=context),
        *(TTSAudioRawFrame(piece, rate, 1, context_id=context) for piece in pieces),
        TTSStoppedFrame(context_id=context),
    ]


async def queue(worker: PipelineWorker, *frames: Frame) -> None:
    for frame in frames:
        await worker.queue_frame(frame)


def named(heard: Heard, *without: type[Frame]) -> list[str]:
    return [type(frame).__name__ for _, frame in heard.frames if not isinstance(frame, (StartFrame, *without))]


def test_speech_comes_out_whole_with_pictures_at_an_even_rate(stage: Stage) -> None:
    sound = voice(1.0)

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await asyncio.sleep(0.2)
        await queue(worker, *speech(sound), TextFrame("after"))

    heard = asyncio.run(run_line(service(stage), tell))
    assert (heard.samples()[: len(sound)] == sound).all()
    assert not heard.samples()[len(sound) :].any()
    assert {size for _, _, size in heard.pictures} == {(64, 64)}
    assert {len(picture) for _, picture, _ in heard.pictures} == {64 * 64 * 3}
    assert named(heard, TTSAudioRawFrame, OutputImageRawFrame) == [
        "TTSStartedFrame",
        "TTSStoppedFrame",
        "TextFrame",
        "EndFrame",
    ]
    assert named(heard, OutputImageRawFrame)[0] == "TTSStartedFrame"
    passed = [frame for _, frame in heard.frames if isinstance(frame, TTSAudioRawFrame)]
    assert {frame.context_id for frame in passed} == {"a"}
    assert len([frame for _, frame in heard.back if isinstance(frame, BotStartedSpeakingFrame)]) == 1
    assert len([frame for _, frame in heard.back if isinstance(frame, BotStoppedSpeakingFrame)]) == 1
    lasted = heard.frames[-1][0] - heard.frames[0][0]
    assert 3 <= len(heard.times(OutputImageRawFrame)) <= 25 * lasted + 2


def test_each_frame_comes_after_the_sound_before_it(stage: Stage) -> None:
    sound = voice(0.6)

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        start, *pieces, stop = speech(sound)
        await queue(worker, start, *pieces[:3], TextFrame("half"), *pieces[3:], stop, LLMFullResponseEndFrame())

    heard = asyncio.run(run_line(service(stage), tell))
    before: dict[str, float] = {}
    said = 0.0
    for _, frame in heard.frames:
        if isinstance(frame, TTSAudioRawFrame):
            said += frame.num_frames / RATE
        before.setdefault(type(frame).__name__, said)
    assert before["TTSStartedFrame"] == 0
    assert 0.29 <= before["TextFrame"] <= 0.35
    assert before["TTSStoppedFrame"] == before["LLMFullResponseEndFrame"] == pytest.approx(0.6)


def test_words_with_a_time_and_system_frames_are_not_held_up(stage: Stage) -> None:
    word = TTSTextFrame("word", "word")
    word.pts = 1

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, *speech(voice(0.6)), word, OutputTransportMessageUrgentFrame({"type": "other"}))

    heard = asyncio.run(run_line(service(stage), tell))
    order = named(heard, OutputImageRawFrame)
    for early in ("OutputTransportMessageUrgentFrame", "TTSTextFrame"):
        assert order.index(early) < order.index("TTSStoppedFrame")


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (44100, 1), (24000, 2)])
def test_any_sound_comes_out_at_the_rate_of_the_pipeline(stage: Stage, rate: int, channels: int) -> None:
    t = np.arange(round(0.5 * rate)) / rate
    tone = np.asarray(10000 * np.sin(2 * np.pi * 440 * t), np.int16).repeat(channels)

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        frames = [TTSAudioRawFrame(piece.tobytes(), rate, channels) for piece in np.split(tone, 5)]
        await queue(worker, TTSStartedFrame(), *frames, TTSStoppedFrame())

    heard = asyncio.run(run_line(service(stage), tell, rate=RATE))
    passed = [frame for _, frame in heard.frames if isinstance(frame, TTSAudioRawFrame)]
    assert {(frame.sample_rate, frame.num_channels) for frame in passed} == {(RATE, 1)}
    out = np.concatenate([np.frombuffer(frame.audio, np.int16) for frame in passed])
    assert len(out) == RATE // 2
    spectrum = np.abs(np.fft.rfft(out.astype(float)))
    assert np.argmax(spectrum) * RATE / len(out) == pytest.approx(440, abs=2)


def test_interruptions_at_any_moment_leave_no_sound_of_before(stage: Stage) -> None:
    """Every sentence has its own level: after an interruption nothing of an earlier one leaves."""
    chance = random.Random(3)
    left: list[Frame] = []

    class Watched(SplatAvatarService):
        """What it pushes is looked at here: behind it an interruption overtakes what waits at the next processor."""

        async def push_frame(self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
            left.append(frame)
            await super().push_frame(frame, direction)

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        for n in range(12):
            sound = np.full(RATE, 500 * (n + 1), np.int16)
            await queue(worker, *speech(sound, context=str(n)))
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await worker.queue_frame(InterruptionFrame())
            await asyncio.sleep(chance.uniform(0.0, 0.05))
        await queue(worker, *speech(np.full(RATE // 5, 9000, np.int16)))

    heard = asyncio.run(run_line(Watched(stage, width=64, height=64), tell))
    interrupted = 0
    for frame in left:
        interrupted += isinstance(frame, InterruptionFrame)
        if isinstance(frame, TTSAudioRawFrame):
            levels = set(np.frombuffer(frame.audio, np.int16).tolist())
            assert all(level > 500 * interrupted for level in levels)
    assert interrupted == 12
    assert (heard.samples() == 9000).sum() == RATE // 5, "what comes after is heard whole"


def test_lips_close_after_an_interruption_and_idle_pictures_go_on(stage: Stage) -> None:
    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, *speech(buzz(2.0)))
        await heard.until(lambda heard: len(heard.messages) > 20)
        await worker.queue_frame(InterruptionFrame())
        count = len(heard.messages)
        await heard.until(lambda heard: len(heard.messages) > count + 12)

    heard = asyncio.run(run_line(service(stage, mode="client", avatar_url="/avatar", life=Still()), tell))
    jaws: list[list[float]] = [[]]
    for _, frame in heard.frames:
        if isinstance(frame, InterruptionFrame):
            jaws.append([])
        elif isinstance(frame, OutputTransportMessageUrgentFrame) and "data" in frame.message:
            face, _ = decode(base64.b64decode(frame.message["data"]))
            jaws[-1].append(float(face.arkit[INDEX["jawOpen"]]))
    before, after = jaws
    assert max(before) > 0.1
    assert max(after[3:]) < 0.02, "closed within 120 ms"
    assert len(heard.samples()) < 2 * RATE


def test_speech_that_may_not_be_interrupted_is_said_to_its_end(stage: Stage) -> None:
    sound = voice(0.8)
    frames = speech(sound)
    for frame in frames:
        frame.interruptible = False

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, *frames, TextFrame("goes"))
        await heard.until(lambda heard: len(heard.times(TTSAudioRawFrame)) > 5)
        await worker.queue_frame(InterruptionFrame())

    heard = asyncio.run(run_line(service(stage), tell))
    passed = [np.frombuffer(frame.audio, np.int16) for _, frame in heard.frames if isinstance(frame, TTSAudioRawFrame)]
    assert (np.concatenate(passed) == sound).all()
    assert (heard.samples()[: len(sound)] == sound).all()
    assert named(heard, OutputImageRawFrame, TTSAudioRawFrame) == [
        "TTSStartedFrame",
        "InterruptionFrame",
        "TTSStoppedFrame",
        "EndFrame",
    ]


def test_a_segment_whose_end_is_lost_ends_with_the_next(stage: Stage) -> None:
    first, second = voice(0.3, seed=1), voice(0.3, seed=2)

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, *speech(first, context="a")[:-1], *speech(second, context="b"))

    heard = asyncio.run(run_line(service(stage), tell))
    passed = [frame for _, frame in heard.frames if isinstance(frame, TTSAudioRawFrame)]
    for context, sound in (("a", first), ("b", second)):
        out = [np.frombuffer(frame.audio, np.int16) for frame in passed if frame.context_id == context]
        assert (np.concatenate(out) == sound).all()


def test_segments_without_sound_and_frames_without_speech_pass(stage: Stage) -> None:
    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, TTSStartedFrame(), TTSStoppedFrame(), TTSStoppedFrame(), TextFrame("a"))

    heard = asyncio.run(run_line(service(stage), tell))
    assert named(heard, OutputImageRawFrame) == [
        "TTSStartedFrame",
        "TTSStoppedFrame",
        "TTSStoppedFrame",
        "TextFrame",
        "EndFrame",
    ]


def test_sound_that_is_none_is_told_and_left_out(stage: Stage) -> None:
    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, TTSAudioRawFrame(bytes(200), 100, 1), TTSAudioRawFrame(bytes(202), RATE, 2))
        await queue(worker, InputAudioRawFrame(bytes(200), 7, 1), *speech(voice(0.2)))

    heard = asyncio.run(run_line(service(stage), tell))
    errors = [str(frame.error) for _, frame in heard.back if type(frame).__name__ == "ErrorFrame"]
    assert len(errors) == 3
    assert "speech is left out: sound at 100 Hz, expected 8000 to 192000 Hz." in errors
    assert len([sound for _, sound in heard.sound if sound.any()]) == 5


def test_what_the_user_says_is_listened_to_and_passed_on(stage: Stage) -> None:
    life = Still()

    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        for _ in range(5):
            await worker.queue_frame(InputAudioRawFrame(voice(0.02, 16000).tobytes(), 16000, 1))

    heard = asyncio.run(run_line(service(stage, life=life), tell))
    assert named(heard).count("InputAudioRawFrame") == 5
    assert life.heard == 5 * 320


def test_a_page_that_draws_is_sent_faces_and_the_address_of_the_avatar(stage: Stage) -> None:
    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await asyncio.sleep(0.3)

    drawn = service(stage, mode="client", avatar_url="https://a.example/me.splatavatar")
    heard = asyncio.run(run_line(drawn, tell))
    avatar, *faces = [message for _, message in heard.messages]
    assert avatar == {"type": "splatavatar.avatar", "url": "https://a.example/me.splatavatar"}
    assert {face["type"] for face in faces} == {"splatavatar.face"}
    decoded = [decode(base64.b64decode(face["data"])) for face in faces]
    assert len(base64.b64decode(faces[0]["data"])) == SIZE
    assert [sequence for _, sequence in decoded] == list(range(len(faces)))
    assert np.allclose(np.diff([face.time for face, _ in decoded]), 0.04, atol=0.002)
    assert heard.pictures == []


def test_without_a_transport_pictures_come_from_the_start(stage: Stage) -> None:
    sound = voice(0.4)
    frames = [*speech(sound), SleepFrame(0.6)]
    down, up = asyncio.run(run_test(service(stage), frames_to_send=frames))
    said = [np.frombuffer(frame.audio, np.int16) for frame in down if isinstance(frame, TTSAudioRawFrame)]
    assert (np.concatenate(said) == sound).all()
    assert len([frame for frame in down if isinstance(frame, OutputImageRawFrame)]) >= 2
    assert up == []


def test_frames_upstream_pass(stage: Stage) -> None:
    frames = [TextFrame("a"), TextFrame("b")]
    _, up = asyncio.run(
        run_test(service(stage), frames_to_send=frames, frames_to_send_direction=FrameDirection.UPSTREAM)
    )
    assert [getattr(frame, "text", None) for frame in up] == ["a", "b"]


def test_cancelling_does_not_wait_for_what_was_begun(stage: Stage) -> None:
    async def tell(worker: PipelineWorker, heard: Heard) -> None:
        await queue(worker, *speech(voice(60.0)))
        await heard.until(lambda heard: bool(heard.sound))
        await worker.queue_frame(CancelFrame())

    heard = asyncio.run(run_line(service(stage), tell))
    assert 0 < len(heard.samples()) < 30 * RATE


def test_no_task_is_left(stage: Stage) -> None:
    async def run() -> list[str]:
        async def tell(worker: PipelineWorker, heard: Heard) -> None:
            await queue(worker, *speech(voice(0.2)))

        await run_line(service(stage), tell)
        return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(run()) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "page"}, "an unknown mode 'page'"),
        ({"mode": "client"}, "give avatar_url"),
        ({"width": 32}, "a picture of 32x64 pixels, expected 64 to 2048"),
        ({"fps": 0.0}, "a face at 0 pictures a second"),
    ],
)
def test_settings_that_make_no_sense_are_refused(stage: Stage, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        SplatAvatarService(stage, **{"width": 64, "height": 64, **settings})


def test_an_avatar_without_consent_to_calls_is_refused_unless_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "somebody.splatavatar"
    save_avatar(path, small_avatar())
    with pytest.raises(TrustError, match="somebody"):
        SplatAvatarService(path)
    SplatAvatarService(path, without_consent=True)


def buzz(seconds: float) -> Samples:
    """A voice-like sound."""
    t = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(8000 * np.sign(np.sin(2 * np.pi * 140 * t)) * (0.5 + 0.5 * np.sin(8 * np.pi * t)), np.int16)


class Still:
    """Does nothing, and counts what it heard."""

    heard = 0

    def say(self, samples: Any) -> None:
        pass

    def hear(self, samples: Any) -> None:
        self.heard += len(samples)

    def add(self, signal: Any, t: float) -> Any:
        return signal

    def clear(self) -> None:
        pass
