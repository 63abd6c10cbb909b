"""The schedules of published methods that ``benchmarks/side_by_side.py`` runs beside ours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from published import comparison, gaussian_avatars, rgbavatar, smaller_capture, spherical_harmonics
from published.comparison import frames_a_second, scores
from published.picture_loss import ssim
from published.player import Player, draw, load_halves, save_halves
from published.row_adam import RowAdam
from published.scene import GREY, Pace, Scene, View, load_scene
from published.screen import motion, radii
from published.texels import covered_texels, side_for

from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import look_at
from splatavatar.torch_rotations import matrices_of_quaternions, rotation_matrices

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The sample capture at 48 pixels."""
    folder = tmp_path_factory.mktemp("published") / "capture"
    smaller_capture.write_smaller(Path(__file__).parents[2] / "data" / "sample-capture", folder, 48)
    return load_scene(folder, CPU)


def mean_error(scene: Scene, player: Player, timesteps: int = 4) -> float:
    """L1 over grey of a few training pictures."""
    grey = torch.full((3,), GREY)
    errors = []
    for picture in scene.pictures[:: len(scene.pictures) // timesteps]:
        image = draw(player, scene, scene.poses[picture.timestep], picture.view, GREY)
        errors.append((image.colour - picture.over(grey)).abs().mean())
    return float(torch.stack(errors).mean())


# ---- schedules


def happenings(table: gaussian_avatars.Timetable, iterations: int) -> list[int]:
    """Shares of the schedule at which something is due in steps that are iterations of the original."""
    steps = range(0, gaussian_avatars.ITERATIONS + 1, iterations)
    return [step for step in steps if table.due(step / gaussian_avatars.ITERATIONS, step)]


def test_densification_and_resets_lie_at_their_iterations() -> None:
    densities = gaussian_avatars.Timetable(
        gaussian_avatars.DENSIFY_FIRST, gaussian_avatars.DENSIFY_EVERY, gaussian_avatars.DENSIFY_STEPS
    )
    assert happenings(densities, 1000) == list(range(12_000, 600_000, 2_000))
    resets = gaussian_avatars.Timetable(
        gaussian_avatars.RESET_EVERY, gaussian_avatars.RESET_EVERY, gaussian_avatars.RESET_STEPS
    )
    assert happenings(resets, 1000) == list(range(60_000, 600_000, 60_000))


def test_events_of_a_short_run_fall_together() -> None:
    table = gaussian_avatars.Timetable(12_000, 2_000, 100)
    due = [step for step in range(1000) if table.due(step / 1000, step)]
    assert due == list(range(100, 1000, 100))


def test_harmonics_grow_every_thousand_iterations() -> None:
    degrees = [gaussian_avatars.sh_degree(i / 600_000) for i in (0, 999, 1_000, 2_000, 2_999, 3_000, 300_000)]
    assert degrees == [0, 0, 1, 2, 2, 3, 3]


# ---- spherical harmonics


def test_harmonics_are_orthonormal() -> None:
    # Gauss-Legendre in the height, equal steps around: exact for products of degree 6.
    height, weight = np.polynomial.legendre.leggauss(8)
    angle = np.arange(16) * 2 * math.pi / 16
    z, a = np.meshgrid(height, angle, indexing="ij")
    r = np.sqrt(1 - z**2)
    direction = torch.from_numpy(np.stack([r * np.cos(a), r * np.sin(a), z], -1).reshape(-1, 3))
    area = torch.from_numpy(np.repeat(weight, 16) * 2 * math.pi / 16)
    values = spherical_harmonics.basis(direction, 3)
    gram = values.T @ (area[:, None] * values)
    torch.testing.assert_close(gram, torch.eye(16, dtype=torch.float64), atol=1e-12, rtol=0)


def test_harmonics_agree_with_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    rng = np.random.default_rng(0)
    d = rng.normal(size=(20, 3))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    polar, around = np.arccos(d[:, 2]), np.arctan2(d[:, 1], d[:, 0])
    values = spherical_harmonics.basis(torch.from_numpy(d), 3).numpy()
    for degree in range(4):
        for order in range(-degree, degree + 1):
            m = abs(order)
            norm = math.sqrt((2 * degree + 1) / (4 * math.pi) * math.factorial(degree - m) / math.factorial(degree + m))
            legendre = (-1) ** m * special.lpmv(m, degree, np.cos(polar))  # without the Condon-Shortley phase
            turn = math.sqrt(2) * (np.cos(m * around) if order > 0 else np.sin(m * around)) if order else 1.0
            np.testing.assert_allclose(values[:, degree**2 + degree + order], norm * legendre * turn, atol=1e-12)


def test_a_degree_that_has_not_come_changes_nothing() -> None:
    direction = torch.nn.functional.normalize(torch.randn(5, 3), dim=-1)
    constant, rest = torch.rand(5, 3), torch.randn(5, 15, 3)
    later = rest.clone()
    later[:, 3:] += 1
    first = spherical_harmonics.colour(constant, rest, direction, 1)
    assert torch.equal(first, spherical_harmonics.colour(constant, later, direction, 1))
    assert not torch.equal(first, spherical_harmonics.colour(constant, later, direction, 2))


# ---- the picture


def test_ssim_is_one_for_equal_pictures_only() -> None:
    picture = torch.rand(20, 30, 3, dtype=torch.float64)
    assert float(ssim(picture, picture)) == pytest.approx(1.0)
    # Two constants: only the luminance differs, and borders see zeros on both sides.
    a, b = torch.full((41, 41, 3), 0.4), torch.full((41, 41, 3), 0.6)
    assert float(ssim(a, b)) < (2 * 0.24 + 1e-4) / (0.52 + 1e-4) + 1e-4


def test_radius_and_motion_of_a_gaussian_on_the_axis() -> None:
    view = View.of(look_at(np.array([0.0, 0.0, 1.0]), np.zeros(3), 0.5, 64, 64), CPU)
    focal = 32 / math.tan(0.25)
    one = Gaussians(
        torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 2.0], [5.0, 0.0, 0.0]]),
        torch.tensor([[1.0, 0.0, 0.0, 0.0]]).repeat(3, 1),
        torch.tensor([[0.02, 0.01, 0.05]]).repeat(3, 1),
        torch.ones(3),
        torch.ones(3, 3),
    )
    expected = 3 * math.sqrt((0.02 * focal) ** 2 + 0.3)
    torch.testing.assert_close(radii(one, view), torch.tensor([expected, 0.0, 0.0]))
    # A step of one picture's half width moves the point by half a width in the units of the gradient.
    gradient = torch.tensor([[3.0, 4.0, 7.0]])
    torch.testing.assert_close(motion(one.mean[:1], gradient, view), torch.tensor([5.0 / focal * 32]))


# ---- density control


def test_a_triangle_never_loses_its_last_gaussian() -> None:
    face = torch.tensor([0, 0, 1, 1, 2])
    condemned = torch.tensor([True, False, True, True, True])
    opacity = torch.tensor([0.9, 0.1, 0.001, 0.002, 0.003])
    assert gaussian_avatars.survivors(face, condemned, opacity, 3).tolist() == [1, 3, 4]


@pytest.mark.parametrize("tidy", [False, True])
def test_density_control_keeps_every_triangle_and_its_books(tidy: bool) -> None:
    faces = torch.arange(30).view(10, 3)
    model = gaussian_avatars.GaussianAvatars.start(faces)
    names = model.learned()
    optimiser = RowAdam(names, dict.fromkeys(names, 0.01))
    with torch.no_grad():
        optimiser.leaves["logit"][:4] = -20.0
        optimiser.leaves["log_scale"][5] = 3.0
    sum(leaf.square().sum() for leaf in optimiser.leaves.values()).backward()
    optimiser.step()
    known = gaussian_avatars.Statistics.empty(10, CPU)
    known.seen += 2
    known.motion[5:7] = 1.0  # five is large and splits, six is small and doubles
    known.radius[8] = 100.0
    size = torch.full((10,), 0.004)
    random = torch.Generator().manual_seed(0)
    face = gaussian_avatars.densify(optimiser, model.face, known, size, 1.0, tidy, random)
    assert set(face.tolist()) == set(range(10))
    assert torch.bincount(face).tolist() == [1, 1, 1, 1, 1, 2, 2, 1, 1, 1]
    for leaf in optimiser.leaves.values():
        assert len(leaf) == 12 and len(optimiser.adam.state[leaf]["exp_avg"]) == 12
    # A child of a split is shorter than its parent, and the sibling lies elsewhere.
    pair = torch.nonzero(face == 5).flatten()
    parent = torch.tensor(3.0 - 0.01)
    torch.testing.assert_close(
        optimiser.leaves["log_scale"][pair, 0], (parent - math.log(1.6)).expand(2), rtol=1e-3, atol=0
    )
    assert not torch.equal(*optimiser.leaves["position"][pair])
    # Old rows remember, new rows do not; and it learns on.
    moments = optimiser.adam.state[optimiser.leaves["rotation"]]["exp_avg"]
    assert moments[:9].abs().sum(1).gt(0).all() and moments[9:].abs().sum() == 0
    sum(leaf.square().sum() for leaf in optimiser.leaves.values()).backward()
    optimiser.step()


def test_the_regulariser_is_free_inside_and_finite_at_its_edge(scene: Scene) -> None:
    model = gaussian_avatars.GaussianAvatars.start(scene.faces)
    inner = {"position": 0.5 * torch.ones_like(model.position), "log_scale": torch.full_like(model.log_scale, -1.0)}
    quiet = model.with_tensors({name: tensor.requires_grad_() for name, tensor in inner.items()})
    visible = torch.ones(len(model))
    loss = gaussian_avatars.regulariser(quiet, visible)
    loss.backward()
    assert float(loss.detach()) == 0 and float(quiet.log_scale.grad.abs().max()) == 0
    # exp(0) is 0.4 above what is free, along three axes.
    assert float(gaussian_avatars.regulariser(model, visible)) == pytest.approx(0.4 * math.sqrt(3), rel=1e-5)


# ---- texels and binding


def test_texels_cover_the_map_about_as_often_as_asked(scene: Scene) -> None:
    points = covered_texels(scene.rig, side_for(scene.rig, 3000))
    assert len(points.face) == pytest.approx(3000, rel=0.05)
    assert points.barycentric.min() >= 0
    np.testing.assert_allclose(points.barycentric.sum(1), 1, atol=1e-6)


def test_texels_lie_at_their_place_on_the_map(scene: Scene) -> None:
    side = 64
    points = covered_texels(scene.rig, side)
    at = np.einsum("nc,nci->ni", points.barycentric, scene.rig.uv[points.face]) * side - 0.5
    np.testing.assert_allclose(at, np.rint(at), atol=1e-3)
    assert len(np.unique(np.rint(at), axis=0)) == len(at)


def test_gaussians_of_both_methods_lie_on_the_posed_surface(scene: Scene) -> None:
    pose = scene.poses[3]
    vertices = scene.vertices(pose)
    eye = scene.pictures[0].view.eye
    points = covered_texels(scene.rig, 64)
    inputs = rgbavatar.network_inputs(scene.poses).shape[1]
    texels = rgbavatar.RGBAvatar.start(scene.rig, points, inputs, CPU).gaussians(pose, vertices, eye)
    corners = vertices[scene.faces[torch.from_numpy(points.face).long()]]
    expected = (torch.from_numpy(points.barycentric)[..., None] * corners).sum(1)
    torch.testing.assert_close(texels.mean, expected)
    torch.testing.assert_close(texels.scale, torch.full_like(texels.scale, rgbavatar.SCALE))
    triangles = gaussian_avatars.GaussianAvatars.start(scene.faces).gaussians(pose, vertices, eye)
    torch.testing.assert_close(triangles.mean, vertices[scene.faces].mean(1))


def test_tangent_frames_are_rotations_along_the_map(scene: Scene) -> None:
    vertices = scene.vertices(scene.poses[0])[None]
    uv = torch.from_numpy(scene.rig.uv)
    frames = rgbavatar.tangent_frames(vertices, scene.faces, uv)[0]
    eye = torch.eye(3).expand_as(frames)
    torch.testing.assert_close(frames.transpose(1, 2) @ frames, eye, atol=1e-4, rtol=0)
    assert (torch.linalg.det(frames) > 0).all()
    # Along the tangent u grows and v does not change.
    corner = vertices[0][scene.faces]
    plane = torch.stack([corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]], -1)  # (F, 3, 2)
    along = torch.linalg.lstsq(plane.double(), frames[:, :, :1].double()).solution  # in edges
    change = ((uv[:, 1:] - uv[:, :1]).double().transpose(1, 2) @ along)[..., 0]
    assert (change[:, 0] > 0).float().mean() > 0.999
    assert (change[:, 1].abs() < 1e-2 * change[:, 0]).float().mean() > 0.99


@pytest.mark.parametrize("method", ["triangles", "texels"])
def test_gaussians_turn_with_the_body(scene: Scene, method: str) -> None:
    turn = rotation_matrices(torch.tensor([0.3, -0.8, 0.5]))
    vertices, pose, eye = scene.vertices(scene.poses[1]), scene.poses[1], torch.zeros(3)
    random = torch.Generator().manual_seed(0)
    if method == "triangles":
        player = gaussian_avatars.GaussianAvatars.start(scene.faces)
        player = player.with_tensors({"position": torch.randn(len(player), 3, generator=random)})
    else:
        points = covered_texels(scene.rig, 64)
        inputs = rgbavatar.network_inputs(scene.poses).shape[1]
        player = rgbavatar.RGBAvatar.start(scene.rig, points, inputs, CPU)
        player.learned["position"] += 0.01 * torch.randn(len(player), 3, generator=random)
        player.learned["rotation_basis"] += torch.randn(len(player), 20, 4, generator=random)
    before, after = player.gaussians(pose, vertices, eye), player.gaussians(pose, vertices @ turn.T, eye)
    torch.testing.assert_close(after.mean, before.mean @ turn.T, atol=2e-5, rtol=0)
    torch.testing.assert_close(
        matrices_of_quaternions(after.rotation), turn @ matrices_of_quaternions(before.rotation), atol=2e-3, rtol=0
    )
    torch.testing.assert_close(after.scale, before.scale, atol=1e-6, rtol=1e-3)


# ---- training


def test_gaussian_avatars_learns(scene: Scene) -> None:
    untrained, _, _ = gaussian_avatars.train(scene, Pace(0, steps=1))
    trained, fitted, steps = gaussian_avatars.train(scene, Pace(0, steps=40))
    assert steps == 40
    assert all(torch.isfinite(tensor).all() for tensor in (*trained.learned().values(), *vars(fitted).values()))
    assert mean_error(scene, trained) < 0.7 * mean_error(scene, untrained)
    # Timesteps of the training split moved, those of no training picture stayed.
    unseen = set(range(len(fitted))) - {picture.timestep for picture in scene.pictures}
    moved = (fitted.expression != scene.poses.expression).any(1)
    assert moved.any() and not moved[sorted(unseen)].any()


def test_rgbavatar_learns(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rgbavatar, "TEXELS", 3000)
    monkeypatch.setattr(rgbavatar, "SCALE", 3e-3)
    points = covered_texels(scene.rig, side_for(scene.rig, 3000))
    inputs = rgbavatar.network_inputs(scene.poses).shape[1]
    untrained = rgbavatar.RGBAvatar.start(scene.rig, points, inputs, CPU)
    trained, steps = rgbavatar.train(scene, Pace(0, steps=20))
    assert steps == 20
    assert all(torch.isfinite(tensor).all() for tensor in trained.tensors().values())
    assert mean_error(scene, trained) < 0.4 * mean_error(scene, untrained)
    for basis in ("position_basis", "rotation_basis", "dc_basis"):
        assert trained.learned[basis].abs().max() > 0
    assert 0 < len(trained) < len(untrained)  # what no picture has lit is not kept


def test_first_colours_are_those_beneath() -> None:
    first = rgbavatar.FirstColours(3, CPU)
    colour = torch.zeros(3, 3, requires_grad=True)
    weights = torch.tensor([[0.5, 0.0, 0.3], [0.25, 0.01, 0.0]])  # two pixels x three Gaussians
    drawn = (weights @ colour).view(1, 2, 3)
    truth = torch.tensor([[[0.2, 0.4, 0.6], [0.8, 0.1, 0.3]]])
    first.look(drawn, colour, truth)
    dc = torch.zeros(3, 3)
    first.paint(dc)
    painted = spherical_harmonics.DC * dc + 0.5
    expected = (0.5 * truth[0, 0] + 0.25 * truth[0, 1]) / 0.75
    torch.testing.assert_close(painted[0], expected)
    torch.testing.assert_close(painted[1], torch.full((3,), 0.5))  # not lit yet
    torch.testing.assert_close(painted[2], truth[0, 0])
    first.look(drawn, colour, 1 - truth)
    first.paint(dc)
    torch.testing.assert_close(spherical_harmonics.DC * dc[0] + 0.5, expected)  # once only


# ---- what is kept, and how it scores


def test_what_is_kept_plays_alike(scene: Scene, tmp_path: Path) -> None:
    trained, fitted, _ = gaussian_avatars.train(scene, Pace(0, steps=3))
    path = tmp_path / "avatar.safetensors"
    save_halves(path, trained.tensors())
    # Position 3, rotation 4, scale 3, opacity 1, colour 48 and the triangle: 60 numbers of two bytes.
    assert 120 * len(trained) < path.stat().st_size < 120 * len(trained) + 2000
    again = trained.with_tensors(load_halves(path, CPU))
    view = scene.pictures[0].view
    pictures = [draw(player, scene, fitted[0], view, GREY).colour for player in (trained, again)]
    assert float((pictures[0] - pictures[1]).abs().max()) < 0.01
    found = scores(again, scene, fitted, "val", tmp_path / "pictures")
    assert 5 < found["psnr"] < 40
    assert len(list((tmp_path / "pictures").iterdir())) == len(scene.capture.split("val"))


def test_frames_are_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "FRAMES", 20)
    player = gaussian_avatars.GaussianAvatars.start(scene.faces)
    assert frames_a_second(player, scene, scene.capture.frames[0].camera) > 0
