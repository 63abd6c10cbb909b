"""The fused native path against the same avatar posed, turned into the world and rasterized step by step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event, Thread

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, quantised
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.library import DEMO
from splatavatar.avatar.renderers.cpu_renderer import STAGES, CpuRenderer
from splatavatar.errors import SettingsError
from splatavatar.gaussians.binding import corrected, to_world, world_sh
from splatavatar.gaussians.gaussians import PSI_LIMIT, Correctives
from splatavatar.render import _native
from splatavatar.render.camera import Camera, look_at
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig
from support.views import BACKGROUND, camera

LEVEL = 1 / 255
ROUNDING = 0.5 * LEVEL
DROPPED = 195e-5
"""transmittance, half a level, at which the drive path takes a row of pixels to be finished"""
SINGLE = 3e-4
"""float32 throughout, and the cut of the floating-point rasterizer at transmittance 1e-4"""


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = _native.thread_count()
    yield _native.set_thread_count
    _native.set_thread_count(before)


def random_pose(rig: Rig, rng: np.random.Generator) -> PoseParameters:
    return PoseParameters(
        rng.normal(0, 0.7, len(rig.expression_names)).astype(np.float32),
        rng.normal(0, 0.3, (len(rig.joint_names), 3)).astype(np.float32),
        rng.normal(0, 0.02, 3).astype(np.float32),
    )


def still(rig: Rig, coefficients: dict[str, float]) -> PoseParameters:
    arkit = np.zeros(len(NAMES), np.float32)
    for name, value in coefficients.items():
        arkit[INDEX[name]] = value
    return replace(PoseParameters.neutral(rig), expression=rig.arkit_map @ arkit)


def inputs(parameters: PoseParameters) -> np.ndarray:
    return np.concatenate([parameters.expression, parameters.joint_rotations.ravel()])


def step_by_step(avatar: Avatar, parameters: PoseParameters, view: Camera) -> tuple[np.ndarray, np.ndarray, float]:
    """Colour (H, W, 3) over black, alpha (H, W), and the brightest colour of a Gaussian (at least 1)."""
    bound = corrected(avatar.gaussians, avatar.correctives, inputs(parameters))
    world = to_world(bound, pose_numpy(avatar.rig, parameters), avatar.rig.faces, view.position)
    image = rasterize(world, view)
    return image.colour, image.alpha, float(world.colour.max(initial=1.0))


def assert_within(difference: np.ndarray, bound: float, brightest: float) -> None:
    """``bound`` holds, but that float32 may put a contribution of one level on either side of the threshold of 1/255:
    in one pixel of a thousand the bound is one level wider."""
    assert difference.max() <= bound + LEVEL * brightest
    assert (difference > bound).mean() <= 1e-3


def assert_as_step_by_step(renderer: CpuRenderer, parameters: PoseParameters, view: Camera, more: float = 0.0) -> None:
    """8-bit pictures of both kinds are rounded to half a level, drop what lies behind less than half a level of
    transmittance, and are otherwise the picture of the long way: together one level for colours up to 1."""
    colour, alpha, brightest = step_by_step(renderer.avatar, parameters, view)
    bound = ROUNDING + DROPPED * brightest + SINGLE + more
    over = renderer.render(parameters, view, BACKGROUND) / 255
    expected = colour + (1 - alpha[..., None]) * np.asarray(BACKGROUND)
    assert over.shape == (view.height, view.width, 3)
    assert_within(np.abs(over - expected.clip(0, 1)), bound, brightest)
    straight = renderer.render(parameters, view) / 255
    assert straight.shape == (view.height, view.width, 4)
    assert_within(np.abs(straight[..., 3] - alpha), bound, 1.0)
    expected = np.divide(colour, alpha[..., None], out=np.zeros_like(colour), where=alpha[..., None] > 0)
    # A faint pixel knows its colour as well as its alpha allows, and no better.
    assert_within(np.abs(straight[..., :3] - expected.clip(0, 1)) * alpha[..., None], bound, brightest)


def test_same_picture_as_step_by_step(instruction_set: str, person: Avatar, rng: np.random.Generator) -> None:
    renderer = CpuRenderer(person)
    for _ in range(6):
        parameters = random_pose(person.rig, rng)
        assert_as_step_by_step(renderer, parameters, camera())
        assert renderer.visible > 200


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17])
def test_counts(instruction_set: str, make_avatar: Callable[..., Avatar], count: int) -> None:
    rng = np.random.default_rng(count)
    avatar = make_avatar(rng, gaussians=count, correctives=0)
    corners = np.stack([rng.permutation(30)[:3] for _ in range(20)]).astype(np.int32)
    avatar = replace(avatar, rig=replace(avatar.rig, faces=corners))
    assert_as_step_by_step(CpuRenderer(avatar), random_pose(avatar.rig, rng), camera())


def test_sizes_change_between_calls(person: Avatar, rng: np.random.Generator) -> None:
    renderer, parameters = CpuRenderer(person), random_pose(person.rig, rng)
    for size in [(75, 53), (16, 16), (1, 1), (17, 33), (200, 9), (75, 53), (64, 48)]:
        assert_as_step_by_step(renderer, parameters, camera(*size))


def test_colour_correctives_are_held_as_steps_of_eight_bits(person: Avatar, rng: np.random.Generator) -> None:
    exact = rng.normal(0, 0.05, person.correctives.colour.shape).astype(np.float32)
    avatar = replace(person, correctives=replace(person.correctives, colour=exact))
    parameters = random_pose(person.rig, rng)
    c = avatar.correctives
    psi = np.clip(c.weights @ inputs(parameters) + c.bias, -PSI_LIMIT, PSI_LIMIT)
    half_a_step = np.abs(exact).max((1, 2)) / 254
    assert_as_step_by_step(CpuRenderer(avatar), parameters, camera(), more=float(np.abs(psi) @ half_a_step))


def test_a_corrective_far_beyond_the_others_costs_them_nothing(person: Avatar, rng: np.random.Generator) -> None:
    # In a file each Gaussian has steps of its own: one outlier would leave all others with a level or two.
    c = person.correctives
    colour = rng.normal(0, 0.05, c.colour.shape).astype(np.float32)
    colour[:, 7] *= 200
    position = rng.normal(0, 0.03, c.position.shape).astype(np.float32)
    position[:, 7] *= 100
    avatar = quantised(replace(person, correctives=replace(c, colour=colour, position=position)))
    opacity = avatar.gaussians.opacity.copy()
    opacity[7] = 0.0
    avatar = replace(avatar, gaussians=replace(avatar.gaussians, opacity=opacity))
    for _ in range(3):
        assert_as_step_by_step(CpuRenderer(avatar), random_pose(person.rig, rng), camera())


@pytest.mark.parametrize("name", ["mouthSmileLeft", "jawOpen", "mouthPucker"])
def test_a_baked_avatar_is_drawn_as_its_file_says(name: str) -> None:
    avatar = load_avatar(DEMO)
    signal = still(avatar.rig, {name: 1.0})
    view = default_camera(avatar, 256, 256)
    colour, alpha, _ = step_by_step(avatar, signal, view)
    drawn = CpuRenderer(avatar).render(signal, view, (1.0, 1.0, 1.0)) / 255
    difference = np.abs(drawn - (colour + 1 - alpha[..., None]).clip(0, 1))
    assert difference.max() <= 2 * LEVEL and difference.mean() <= 0.3 * LEVEL


def test_psi_is_limited(person: Avatar) -> None:
    parameters = PoseParameters.neutral(person.rig)

    def picture(bias: float) -> np.ndarray:
        biased = replace(person.correctives, bias=np.full(3, bias, np.float32))
        return CpuRenderer(replace(person, correctives=biased)).render(parameters, camera(), BACKGROUND).copy()

    for sign in (1, -1):
        assert np.array_equal(picture(sign * 1e6), picture(sign * PSI_LIMIT))
        assert not np.array_equal(picture(sign * PSI_LIMIT), picture(sign * 0.9 * PSI_LIMIT))


def test_threads_and_repetition_do_not_change_a_bit(
    person: Avatar, rng: np.random.Generator, threads: Callable[[int], None]
) -> None:
    poses = [random_pose(person.rig, rng) for _ in range(3)]
    pictures = []
    for count in (1, 2, 3):
        threads(count)
        renderer = CpuRenderer(person)
        for _ in range(2):
            pictures.append(np.stack([renderer.render(pose, camera(), BACKGROUND).copy() for pose in poses]))
    assert all(np.array_equal(pictures[0], other) for other in pictures[1:])
    assert not np.array_equal(pictures[0][0], pictures[0][1])


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_frame_keeps_no_memory(person: Avatar, rng: np.random.Generator) -> None:
    view, renderer = camera(256, 256), CpuRenderer(person)
    picture = np.empty((256, 256, 3), np.uint8)
    poses = [random_pose(person.rig, rng) for _ in range(10)]

    def play(frames: int) -> None:
        for frame in range(frames):
            renderer.render(poses[frame % len(poses)], view, BACKGROUND, picture)

    play(20)
    before = resident_bytes()
    play(300)
    # A picture is 192 KiB, the buffers of a frame more: 300 of any of them are far above this.
    assert resident_bytes() - before < 1 << 20
    tracemalloc.start()
    play(1)
    tracemalloc.reset_peak()
    start, _ = tracemalloc.get_traced_memory()
    play(300)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - start < 4096


def test_a_picture_is_the_callers_own(person: Avatar, rng: np.random.Generator) -> None:
    renderer = CpuRenderer(person)
    first = renderer.render(random_pose(person.rig, rng), camera(), BACKGROUND)
    kept = first.copy()
    second = renderer.render(random_pose(person.rig, rng), camera(), BACKGROUND)
    np.testing.assert_array_equal(first, kept)
    assert renderer.render(random_pose(person.rig, rng), camera(), BACKGROUND, first) is first
    assert (first != kept).any() and second.flags.owndata


def test_a_picture_that_is_begun_is_made_at_once(person: Avatar, rng: np.random.Generator) -> None:
    renderer, poses = CpuRenderer(person), [random_pose(person.rig, rng) for _ in range(2)]
    drawings = [renderer.begin(pose, camera(), BACKGROUND) for pose in poses]
    for drawing, pose in zip(drawings, poses, strict=True):
        assert drawing.done
        np.testing.assert_array_equal(drawing.finish(), renderer.render(pose, camera(), BACKGROUND))
    out = np.empty_like(drawings[0].finish())
    assert renderer.begin(poses[1], camera(), BACKGROUND, out).finish() is out
    np.testing.assert_array_equal(out, drawings[1].finish())


def test_batches_and_streams_are_the_single_pictures(person: Avatar, rng: np.random.Generator) -> None:
    renderer = CpuRenderer(person)
    poses = [random_pose(person.rig, rng) for _ in range(3)]
    views = [camera(40, 30) for _ in poses]
    single = [renderer.render(pose, view, BACKGROUND) for pose, view in zip(poses, views, strict=True)]
    np.testing.assert_array_equal(renderer.render_batch(poses, views, BACKGROUND), single)
    np.testing.assert_array_equal(renderer.render_batch(poses, views[:2], BACKGROUND, [2, 2]), [single[2], single[2]])
    np.testing.assert_array_equal(renderer.render_batch(poses[:1], views[:2], BACKGROUND), [single[0], single[0]])
    streamed = list(renderer.stream(([pose], [view]) for pose, view in zip(poses, views, strict=True)))
    assert [pictures.shape for pictures in streamed] == [(1, 30, 40, 4)] * 3
    np.testing.assert_array_equal(streamed[1][0], renderer.render(poses[1], views[1]))
    with pytest.raises(SettingsError, match="2 cameras cannot look at 3 poses"):
        renderer.render_batch(poses, views[:2], BACKGROUND, [0, 3])
    with pytest.raises(SettingsError, match=r"^the views of a batch must have one size, got 40x30, 75x53$"):
        renderer.render_batch(poses[:1], [views[0], camera()], BACKGROUND)
    stages = renderer.stage_milliseconds(poses, views, BACKGROUND)
    assert list(stages) == list(STAGES) and min(stages.values()) >= 0


def test_timings(person: Avatar) -> None:
    renderer = CpuRenderer(person)
    renderer.render(PoseParameters.neutral(person.rig), camera())
    timings = renderer.timings()
    assert list(timings) == [*STAGES, "total"] and min(timings.values()) >= 0
    assert timings["total"] == sum(timings[stage] for stage in STAGES) > 0


def test_gaussians_and_vertices(person: Avatar, rng: np.random.Generator) -> None:
    renderer, parameters = CpuRenderer(person), random_pose(person.rig, rng)
    vertices, faces = pose_numpy(person.rig, parameters), person.rig.faces
    assert np.abs(renderer.vertices(parameters) - vertices).max() <= 1e-6
    gaussians, sh = renderer.gaussians(parameters)
    bound = corrected(person.gaussians, person.correctives, inputs(parameters))
    expected = to_world(bound, vertices, faces)
    assert np.abs(gaussians.mean - expected.mean).max() <= 2e-6
    assert np.abs(gaussians.colour - expected.colour).max() <= 1e-6
    # Rounding of the vertices turns slender triangles a little.
    assert np.abs(sh - world_sh(bound, vertices, faces)).max() <= 1e-4
    seen = to_world(bound, vertices, faces, camera().position).colour
    ray = gaussians.mean - camera().position
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    assert np.abs(np.maximum(gaussians.colour + np.einsum("ncj,nj->nc", sh, ray), 0) - seen).max() <= 1e-4


def test_threads_share_a_path(person: Avatar, rng: np.random.Generator) -> None:
    # Each draws its own pose at its own size, and looks at the picture after the others have drawn theirs.
    renderer, sizes = CpuRenderer(person), [(48, 48), (200, 100), (48, 48), (75, 53)]
    poses = [random_pose(person.rig, rng) for _ in sizes]
    right = [
        CpuRenderer(person).render(pose, camera(*size), BACKGROUND) for pose, size in zip(poses, sizes, strict=True)
    ]
    wrong: list[int] = []
    together = Barrier(len(sizes))

    def draw(number: int) -> None:
        for _ in range(60):
            picture = renderer.render(poses[number], camera(*sizes[number]), BACKGROUND)
            together.wait(60)
            if not np.array_equal(picture, right[number]) or renderer.visible < 1 or renderer.timings()["total"] <= 0:
                wrong.append(number)
            if np.abs(renderer.vertices(poses[number]) - pose_numpy(person.rig, poses[number])).max() > 1e-6:
                wrong.append(number)

    threads = [Thread(target=draw, args=(number,)) for number in range(len(sizes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_fork_while_another_thread_draws_with_the_path(person: Avatar) -> None:
    renderer, pose, stop = CpuRenderer(person), PoseParameters.neutral(person.rig), Event()
    right = renderer.render(pose, camera(), BACKGROUND).copy()

    def draw() -> None:
        while not stop.is_set():
            renderer.render(pose, camera(256, 256), BACKGROUND)

    thread = Thread(target=draw)
    thread.start()
    try:
        for _ in range(10):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                os._exit(0 if np.array_equal(renderer.render(pose, camera(), BACKGROUND), right) else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()


def test_needs_no_torch() -> None:
    code = "import sys, splatavatar.avatar.renderers.cpu_renderer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0


def head(rig: Rig) -> Avatar:
    """6,000 flat Gaussians on the surface of ``rig``, opaque enough to hide what is behind, in random colours."""
    import torch

    from splatavatar.bake.scene.initialise import surface_splats

    rng = np.random.default_rng(3)
    splats = surface_splats(rig, rig.template, 6000, 2, 0)
    splats.log_scale -= 0.4
    splats.logit += torch.from_numpy(rng.normal(1, 1.5, 6000).astype(np.float32))
    splats.colour[:] = torch.from_numpy(rng.random((6000, 3)).astype(np.float32))
    splats.sh[:] = torch.from_numpy(rng.normal(0, 0.1, (6000, 3, 3)).astype(np.float32))
    bound, _ = splats.activated(torch.zeros(2, rig.corrective_inputs), torch.zeros(2))
    none = Correctives(*(np.zeros(s, np.float32) for s in [(0, 6000, 3), (0, 6000, 3), (0, rig.corrective_inputs), 0]))
    folded = replace(
        rig, identity_basis=rig.identity_basis[:0], joint_identity_basis=rig.joint_identity_basis[:0], identity_names=()
    )
    return Avatar(folded, bound, none)


def test_a_head_as_the_dense_reference() -> None:
    import torch

    from splatavatar.gaussians.gaussians import Gaussians
    from splatavatar.render.reference import project
    from splatavatar.rig.loader import load_rig

    rig = load_rig("anny-head")
    avatar, rng = head(rig), np.random.default_rng(0)
    parameters = PoseParameters(
        (rng.random(len(rig.expression_names)) * 0.3).astype(np.float32),
        rng.normal(0, 0.1, (len(rig.joint_names), 3)).astype(np.float32),
        np.zeros(3, np.float32),
    )
    vertices = pose_numpy(rig, parameters)
    middle = (vertices.min(0) + vertices.max(0)) / 2
    view = look_at(middle + np.array([0.2, 0.1, 0.9]), middle, 0.3, 96, 96)
    world = to_world(avatar.gaussians, vertices, rig.faces, view.position)
    fields = [torch.from_numpy(value) for value in vars(world).values()]
    # The dense reference, quarter by quarter with what reaches each of them: the same picture in a tenth of the memory.
    # A quarter bends the projection of what lies 0.15 of its size outside, which nothing that reaches it does.
    mean, covariance, _ = project(Gaussians(*fields), torch.from_numpy(view.T_camera_world).float(), view)
    reach = 3.34 * torch.diagonal(covariance, 0, 1, 2).sqrt()
    assert float(reach.max()) < 0.15 * 48
    colour, alpha = np.empty((96, 96, 3)), np.empty((96, 96))
    for left, top in [(0, 0), (48, 0), (0, 48), (48, 48)]:
        corner = torch.tensor([left, top])
        near = ((mean + reach > corner) & (mean - reach < corner + 48)).all(1)
        shift = np.array([[0, 0, left], [0, 0, top], [0, 0, 0]])
        quarter = Camera(view.T_camera_world, view.K - shift, 48, 48)
        image = rasterize(Gaussians(*(x[near] for x in fields)), quarter, backend="reference")
        area = np.s_[top : top + 48, left : left + 48]
        colour[area], alpha[area] = image.colour.numpy(), image.alpha.numpy()
    native = rasterize(world, view)
    assert alpha.max() > 0.99 and (alpha > 0.5).mean() > 0.3
    assert np.abs(native.colour - colour).max() <= LEVEL and np.abs(native.alpha - alpha).max() <= LEVEL
    assert_as_step_by_step(CpuRenderer(avatar), parameters, view)
