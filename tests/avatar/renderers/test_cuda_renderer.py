"""The drive path of a GPU against the native one; interpreted where there is no GPU."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.avatar.renderers.renderer import IN_FLIGHT
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.gpu.tiles import Grid, TileLists
from splatavatar.render.gpu_check import cuda_problem
from splatavatar.rig.rig import PoseParameters

WHITE = (1.0, 1.0, 1.0)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def camera(width: int = 37, height: int = 21, side: float = 0.1) -> Camera:
    return look_at(np.array([side, 0.05, 1.0]), np.zeros(3), 0.4, width, height)


@pytest.fixture
def person(make_avatar: Callable[..., Avatar]) -> Avatar:
    """40 Gaussians of at most full brightness, on triangles with an area."""
    rng = np.random.default_rng(3)
    avatar = make_avatar(rng, gaussians=40, vertices=60, faces=90, expressions=7, joints=4, correctives=3)
    corners = np.stack([rng.permutation(60)[:3] for _ in range(90)]).astype(np.int32)
    g, c = avatar.gaussians, avatar.correctives
    dim = replace(g, colour=rng.random((40, 3)).astype(np.float32) * 0.8, sh=g.sh * np.float32(0.05))
    small = replace(c, position=c.position * np.float32(0.1), colour=c.colour * np.float32(0.02))
    return replace(avatar, rig=replace(avatar.rig, faces=corners), gaussians=dim, correctives=small)


def pose(avatar: Avatar, seed: int) -> PoseParameters:
    rng = np.random.default_rng(seed)
    joints = len(avatar.rig.joints)
    return PoseParameters(
        rng.random(len(avatar.rig.expression_basis)).astype(np.float32),
        rng.normal(0, 0.3, (joints, 3)).astype(np.float32),
        rng.normal(0, 0.03, 3).astype(np.float32),
    )


def assert_same(got: np.ndarray, want: np.ndarray) -> None:
    """Within two levels, the colour of a transparent picture as far as it shows."""
    assert got.shape == want.shape and want.std() > 5
    away = np.abs(got.astype(float) - want)
    if got.shape[-1] == 4:
        away[..., :3] *= want[..., 3:] / 255
    assert away.max() <= 2


@pytest.mark.parametrize("background", [WHITE, (0.2, 0.5, 0.0), None])
def test_the_native_picture(person: Avatar, background: tuple[float, float, float] | None) -> None:
    renderer, native = CudaRenderer(person, DEVICE), CpuRenderer(person)
    for seed in (0, 1):
        got = renderer.render(pose(person, seed), camera(), background)
        assert_same(got, native.render(pose(person, seed), camera(), background))


def test_a_batch_is_its_pictures(person: Avatar) -> None:
    renderer, native = CudaRenderer(person, DEVICE), CpuRenderer(person)
    poses, cameras = [pose(person, 0), pose(person, 1)], [camera(side=0.1), camera(side=-0.2)]
    together = renderer.render_batch(poses, cameras, WHITE)
    for picture, parameters, view in zip(together, poses, cameras, strict=True):
        assert_same(picture, native.render(parameters, view, WHITE))


def test_two_eyes_on_one_pose(person: Avatar) -> None:
    renderer, native = CudaRenderer(person, DEVICE), CpuRenderer(person)
    eyes = [camera(side=0.1), camera(side=0.16)]
    pair = renderer.render_batch([pose(person, 2)], eyes, WHITE)
    for picture, eye in zip(pair, eyes, strict=True):
        assert_same(picture, native.render(pose(person, 2), eye, WHITE))


def test_a_stream_gives_the_pictures_in_order(person: Avatar) -> None:
    renderer = CudaRenderer(person, DEVICE)
    frames = [([pose(person, seed)], [camera(20, 18)]) for seed in range(5)]
    streamed = [pictures[0] for pictures in renderer.stream(frames, WHITE)]
    assert len(streamed) == 5
    for picture, (poses, views) in zip(streamed, frames, strict=True):
        assert np.array_equal(picture, renderer.render(poses[0], views[0], WHITE))


def test_pictures_that_are_begun_are_those_that_are_drawn(person: Avatar) -> None:
    renderer, view = CudaRenderer(person, DEVICE), camera(20, 18)
    # More than are under way at once, another one between, and the last one first.
    drawings = [renderer.begin(pose(person, seed), view, WHITE) for seed in range(IN_FLIGHT + 1)]
    between = renderer.render(pose(person, 0), view, WHITE)
    finished = [drawing.finish() for drawing in drawings[::-1]][::-1]
    assert all(drawing.done and drawing.finish() is not None for drawing in drawings)
    assert np.array_equal(finished[0], between)
    for seed in range(1, len(finished)):
        assert np.array_equal(finished[seed], renderer.render(pose(person, seed), view, WHITE))
        assert not np.array_equal(finished[seed], between)


def test_a_picture_that_is_begun_goes_where_it_is_told(person: Avatar) -> None:
    renderer, view = CudaRenderer(person, DEVICE), camera(20, 18)
    out = np.empty((18, 20, 3), np.uint8)
    assert renderer.begin(pose(person, 0), view, WHITE, out).finish() is out
    assert np.array_equal(out, renderer.render(pose(person, 0), view, WHITE))
    with pytest.raises(SettingsError, match=r"^out holds uint8"):
        renderer.begin(pose(person, 0), view, None, out)


def test_a_stream_that_is_left_leaves_the_renderer_as_it_was(person: Avatar) -> None:
    renderer, view = CudaRenderer(person, DEVICE), camera(20, 18)
    stream = renderer.stream((([pose(person, seed)], [view]) for seed in range(5)), WHITE)
    first = next(stream)[0]
    stream.close()
    assert np.array_equal(first, renderer.render(pose(person, 0), view, WHITE))


def test_a_picture_without_room_says_so_to_who_wants_it(person: Avatar, monkeypatch: pytest.MonkeyPatch) -> None:
    from splatavatar.avatar.renderers import cuda_frame

    renderer, parameters = CudaRenderer(person, DEVICE), pose(person, 0)
    small, large = camera(20, 18), camera(21, 18)
    first = [renderer.begin(parameters, small, WHITE) for _ in range(IN_FLIGHT)]
    right = first[0].finish()
    monkeypatch.setattr(cuda_frame, "capacity_for", lambda wanted: 1)
    crowded = renderer.begin(parameters, large, WHITE)
    monkeypatch.setattr(cuda_frame, "capacity_for", lambda wanted: 1 << 29)
    # The second one waits for the buffers of the crowded one.
    others = [renderer.begin(parameters, small, WHITE) for _ in range(IN_FLIGHT)]
    assert all(np.array_equal(other.finish(), right) for other in others)
    for _ in range(2):
        with pytest.raises(SettingsError, match=r"^too many large Gaussians"):
            crowded.finish()


def test_a_close_up_that_needs_more_room(person: Avatar, monkeypatch: pytest.MonkeyPatch) -> None:
    from splatavatar.avatar.renderers import cuda_frame

    want = CudaRenderer(person, DEVICE).render(pose(person, 0), camera(), WHITE)
    monkeypatch.setattr(cuda_frame, "capacity_for", lambda wanted: wanted)
    monkeypatch.setattr(cuda_frame, "FIRST_ENTRIES", 1)
    assert np.array_equal(CudaRenderer(person, DEVICE).render(pose(person, 0), camera(), WHITE), want)


def test_an_avatar_without_gaussians(make_avatar: Callable[..., Avatar]) -> None:
    empty = make_avatar(np.random.default_rng(0), gaussians=0)
    picture = CudaRenderer(empty, DEVICE).render(PoseParameters.neutral(empty.rig), camera(20, 18), (0.2, 0.4, 1.0))
    assert (picture == (51, 102, 255)).all()


def test_poses_and_cameras_that_do_not_fit(person: Avatar) -> None:
    renderer = CudaRenderer(person, DEVICE)
    with pytest.raises(SettingsError, match=r"^2 cameras cannot look at 1 poses as \[0, 1\]$"):
        renderer.render_batch([pose(person, 0)], [camera(), camera()], WHITE, pose=[0, 1])
    with pytest.raises(SettingsError, match=r"^the views of a batch must have one size, got 20x18, 37x21$"):
        renderer.render_batch([pose(person, 0)], [camera(), camera(20, 18)], WHITE)


def test_sizes_and_cameras_that_cannot_be_drawn(person: Avatar) -> None:
    renderer, broken = CudaRenderer(person, DEVICE), camera()
    broken.T_camera_world[0, 3] = np.nan
    for view in (camera(20000, 20000), replace(camera(), width=0), replace(camera(), height=-3), broken):
        with pytest.raises(SettingsError, match=r"^(a picture of .* pixels cannot be drawn|the camera is none)"):
            renderer.render(pose(person, 1), view)


def test_room_that_no_gpu_has() -> None:
    with pytest.raises(
        SettingsError, match=r"^too many large Gaussians for 1 pictures of 64x64: they need room for 268435457"
    ):
        TileLists.room(Grid(1, 64, 64), (1 << 28) + 1, DEVICE)


def test_devices(person: Avatar) -> None:
    assert isinstance(open_renderer(person, "cpu"), CpuRenderer)
    with pytest.raises(SettingsError, match=r"^unknown device 'tpu'; the devices are cpu, cuda$"):
        open_renderer(person, "tpu")


@pytest.mark.skipif(cuda_problem() is None, reason="this machine has CUDA")
def test_where_cuda_cannot_work(person: Avatar) -> None:
    with pytest.raises(DependencyError, match=r"^--device cuda cannot work here: .+"):
        open_renderer(person, "cuda")


@pytest.mark.gpu
def test_the_demo_avatar_as_the_cpu_draws_it() -> None:
    from splatavatar.avatar.file import load_avatar
    from splatavatar.avatar.framing import default_camera
    from splatavatar.avatar.library import resolve
    from splatavatar.drive.measuring.motion import moving_signal
    from splatavatar.drive.retarget import retarget

    avatar = load_avatar(resolve("demo"))
    native, renderer, recording = CpuRenderer(avatar), CudaRenderer(avatar), moving_signal(4.0)
    for size in (256, 512, 1024):
        view = default_camera(avatar, size, size)
        for at in range(0, len(recording), 7):
            parameters = retarget(recording.frame(at), avatar.rig)
            got, want = renderer.render(parameters, view, WHITE), native.render(parameters, view, WHITE)
            assert np.abs(got.astype(int) - want).max() <= 2
