"""Playing on the renderer of a GPU; interpreted where there is none."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.avatar.renderers.cuda_frame import STAGES
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.measuring.benchmark import benchmark
from splatavatar.drive.measuring.latency import measure_latency
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import play
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.background import ColourBackground, Transparent
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.render.camera import Camera
from splatavatar.render.gpu import tiles
from support.thinned import thinned

WHITE = (1.0, 1.0, 1.0)


class Memory:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []

    def write(self, image: NDArray[np.uint8]) -> None:
        self.images.append(image.copy())

    def close(self) -> None:
        """Nothing."""

    def discard(self) -> None:
        """Nothing."""


@pytest.fixture
def person(avatar: Avatar, monkeypatch: pytest.MonkeyPatch) -> Avatar:
    """Every 32nd Gaussian of the small avatar, as large as those it stands for; little room: interpreting is slow."""
    monkeypatch.setattr(tiles, "STEP", 256)
    few = thinned(avatar, 32)
    return replace(few, gaussians=replace(few.gaussians, scale=few.gaussians.scale * np.float32(32**0.5)))


@pytest.fixture
def camera(person: Avatar) -> Camera:
    return default_camera(person, 24, 20)


@pytest.fixture
def renderer(person: Avatar) -> CudaRenderer:
    return CudaRenderer(person, torch.device("cuda" if torch.cuda.is_available() else "cpu"))


def test_which_renderers_are_of_a_gpu(person: Avatar, renderer: CudaRenderer) -> None:
    assert (renderer.kind, CpuRenderer(person).kind) == ("cuda", "cpu")


def test_a_recording_is_played_as_on_the_cpu(person: Avatar, renderer: CudaRenderer, camera: Camera) -> None:
    sinks = {}
    for name, drawn in (("native", None), ("gpu", renderer)):
        sinks[name] = Memory()
        stats = play(Performer(person, renderer=drawn), moving_signal(2 / 30), camera, [sinks[name]], WHITE)
        assert stats.frames == 2
    assert stats.stages.keys() == {"total"}
    for got, want in zip(sinks["gpu"].images, sinks["native"].images, strict=True):
        assert want.std() > 5 and np.abs(got.astype(int) - want).max() <= 2


def test_the_loop_draws_as_on_the_cpu(person: Avatar, renderer: CudaRenderer, camera: Camera) -> None:
    settings = LoopSettings((camera.width, camera.height), [ColourBackground(WHITE), Transparent()])
    native = Loop(Performer(person), [], [], settings)
    loop = Loop(Performer(person, renderer=renderer), [], [], settings)
    loop.prepare()
    signal = moving_signal(1.0).frame(20)
    got, want = loop.draw(signal), native.draw(signal)
    assert want.shape == (20, 24, 3) and want.std() > 5
    assert np.abs(got.astype(int) - want).max() <= 2
    for each in (native, loop):
        each.controls.background = 1
    got, want = loop.draw(signal), native.draw(signal)
    assert want.shape == (20, 24, 4)
    assert np.abs(got[..., 3].astype(int) - want[..., 3]).max() <= 2


def test_a_running_loop_shows_what_is_drawn(person: Avatar, renderer: CudaRenderer, camera: Camera) -> None:
    shown, faces = dict[float, NDArray[np.uint8]](), dict[float, FaceSignal]()

    class Screen:
        name, main_thread = "screen", False

        def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
            shown[moment] = image

        def close(self) -> None:
            """Nothing."""

    class Faces:
        def take(self, signal: FaceSignal, now: float) -> None:
            faces[now] = signal

        def close(self) -> None:
            """Nothing."""

    clip = RecordingSource(moving_signal(0.2), "clip")
    settings = LoopSettings((camera.width, camera.height), [ColourBackground(WHITE)], cap=None)
    Loop(Performer(person, renderer=renderer), [clip], [Screen()], settings, Files(signals=[Faces()])).run()
    performer = Performer(person, renderer=renderer)
    assert shown and max(shown) == max(faces)
    for moment, image in shown.items():
        assert np.array_equal(image, performer.draw(faces[moment], camera, WHITE))


def test_a_benchmark_has_every_stage(person: Avatar, renderer: CudaRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    from splatavatar.drive.measuring import benchmark as module

    monkeypatch.setattr(module, "WARM_UP", 1)
    result = benchmark(person, 24, 20, 2, renderer)
    assert tuple(result.stages) == (*STAGES, "total") and min(result.stages.values()) > 0
    assert result.device == renderer.device and result.fps > 0


def test_latency_is_that_of_the_renderer(person: Avatar, renderer: CudaRenderer) -> None:
    result = measure_latency(person, 24, 20, seconds=5.0, renderer=renderer)
    assert result.device == renderer.device and result.render_fps > 0


def test_measuring_stages_leaves_the_picture_alone(person: Avatar, renderer: CudaRenderer, camera: Camera) -> None:
    from splatavatar.drive.retarget import retarget

    parameters = retarget(moving_signal(1.0).frame(7), person.rig)
    before = renderer.render(parameters, camera, WHITE)
    stages = renderer.stage_milliseconds([parameters], [camera], WHITE)
    assert tuple(stages) == STAGES and min(stages.values()) > 0
    assert np.array_equal(renderer.render(parameters, camera, WHITE), before)
