"""Pictures and mattes are held against the head that the rig parameters speak of."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.bake.engines.engine import Target
from splatavatar.bake.engines.native_engine import as_rectangle
from splatavatar.bake.scene.head_check import sound
from splatavatar.bake.scene.targets import MARGIN
from splatavatar.capture.capture import Frame
from splatavatar.capture.head_region import head_outline, head_region
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError
from splatavatar.render.camera import Camera
from splatavatar.render.silhouette import silhouette
from support.ball import around, ball

RIG = ball()
CAMERAS = around(np.linspace(-1, 1, 10))


def target(camera: Camera) -> Target:
    """A ball of many colours before a background of others."""
    colours = np.random.default_rng(0).integers(0, 256, (camera.height, camera.width, 3), np.uint8)
    matte = np.where(silhouette(RIG.template, RIG.faces, camera), np.uint8(255), np.uint8(0))
    return Target("p", np.dstack([colours, matte]), camera, 0, as_rectangle(matte > 0, MARGIN))


def checked(
    change: Any, count: int = 10, masks: bool = True, estimated: bool = False, camera: Any = None
) -> list[Target]:
    """What is left after ``change(rgba)`` of the first ``count`` pictures; ``camera`` changes theirs instead."""
    targets = [target(c) for c in CAMERAS]
    for i in range(count):
        rgba = targets[i].rgba.copy()
        change(rgba)
        targets[i] = replace(targets[i], rgba=rgba, camera=camera(targets[i].camera) if camera else targets[i].camera)
    frames = [
        Frame(
            f"{i}.png", PictureFile(Path(f"{i}.png")), PictureFile(Path(f"m{i}.png")) if masks else None, t.camera, i, 0
        )
        for i, t in enumerate(targets)
    ]
    return sound(frames, targets, RIG, lambda timestep: RIG.template, estimated)


def matte(values: Any) -> Any:
    def change(rgba: np.ndarray) -> None:
        rgba[..., 3] = values(rgba[..., 3])

    return change


def colour(value: int) -> Any:
    def change(rgba: np.ndarray) -> None:
        rgba[..., :3] = value

    return change


def nothing(rgba: np.ndarray) -> None:
    pass


def test_good_pictures_stay() -> None:
    assert len(checked(nothing)) == 10


EMPTY = matte(lambda m: 0 * m)
MATTES = [
    (EMPTY, "the matte is empty where the head is, expected white there"),
    (matte(lambda m: (m > 0).astype(np.uint8)), "the matte is empty where the head is"),
    (matte(lambda m: 255 - m), "the matte is inverted: the head is black and what lies around it white"),
    (matte(lambda m: np.full_like(m, 255)), "the matte is white everywhere, expected black beside the person"),
    (matte(lambda m: np.roll(m, 20, 1)), "the matte does not lie where the head is: it is that of another picture"),
    (matte(lambda m: m // 2), "the matte does not lie where the head is"),
]


@pytest.mark.parametrize(("change", "said"), MATTES)
def test_mattes_that_are_none_of_this_head(change: Any, said: str) -> None:
    with pytest.raises(CaptureError) as caught:
        checked(change)
    assert str(caught.value).startswith(f"m0.png: {said}")
    assert str(caught.value).endswith("(so are 10 of 10 training pictures).")


@pytest.mark.parametrize("value", [0, 255, 90])
def test_pictures_of_nothing(value: int) -> None:
    with pytest.raises(CaptureError, match=r"^0.png: the picture is of one colour where the head is \(so are 10"):
        checked(colour(value))


def test_no_matte_at_all() -> None:
    with pytest.raises(CaptureError, match=r"^0.png: the picture has no mask and no alpha channel, "):
        checked(matte(lambda m: np.full_like(m, 255)), masks=False)


def moved(x: float, y: float, z: float) -> Any:
    def change(camera: Camera) -> Camera:
        T = camera.T_camera_world.copy()
        T[:3, 3] += (x, y, z)
        return replace(camera, T_camera_world=T)

    return change


def zoomed(camera: Camera) -> Camera:
    """From 40 m, as large as before."""
    K = camera.K.copy()
    K[[0, 1], [0, 1]] *= 41
    return replace(moved(0, 0, 40)(camera), K=K)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        (
            moved(3, 0, 0),
            "the camera does not see the head of the rig: the cameras and the rig parameters",
        ),
        (moved(0, 0, -3), "the camera does not see the head of the rig"),
        (moved(0, 0, -1), "the camera stands within the head"),
        (zoomed, "the camera stands more than 30 metres from the head: its focal length, or the unit of the cameras"),
        (moved(0, 0, 8), "the head is less than 16 pixels high"),
    ],
)
def test_cameras_that_show_no_head(camera: Any, said: str) -> None:
    with pytest.raises(CaptureError) as caught:
        checked(nothing, camera=camera)
    assert str(caught.value).startswith(f"0.png: {said}")


def test_a_few_are_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "splatavatar"):
        left = checked(EMPTY, 2)
    assert len(left) == 8 and all(t.rgba[..., 3].any() for t in left)
    assert caplog.messages == [
        "m0.png: the matte is empty where the head is, expected white there; 2 of 10 training pictures are left out "
        "for this or the like."
    ]
    with pytest.raises(CaptureError, match="so are 3 of 10"):
        checked(EMPTY, 3)


def test_mattes_of_our_own_may_cover_less() -> None:
    assert len(checked(matte(lambda m: np.roll(m, 20, 1)), estimated=True)) == 10
    with pytest.raises(CaptureError, match="empty"):
        checked(EMPTY, estimated=True)


def test_the_region_lies_within_the_outline_and_above_the_torso() -> None:
    (camera,) = around(np.zeros(1))
    outline, region = (find(RIG, RIG.template, camera) for find in (head_outline, head_region))
    assert outline[region].all() and 0.6 < region.sum() / outline.sum() < 0.95
    whole = silhouette(RIG.template, RIG.faces, camera)
    assert np.flatnonzero(whole.any(1)).max() > np.flatnonzero(outline.any(1)).max()
    # What the edge of the picture cuts off is not the outline.
    x0 = camera.width // 2
    cut = camera.cropped(x0, 0, camera.width, camera.height)
    edge = head_region(RIG, RIG.template, cut)[:, 0]
    assert abs(int(edge.sum()) - int(region[:, x0].sum())) <= 4 and edge.sum() > 40


def test_nothing_is_seen_of_a_head_behind() -> None:
    (camera,) = around(np.zeros(1))
    assert not head_region(RIG, RIG.template + np.float32([0, 0, 3]), camera).any()
