"""What keeps something between two calls: the backward pass belongs to the forward pass before it."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.errors import SettingsError
from splatavatar.render import _native
from support.native_build import SANITIZED, run

T, K = np.eye(4), np.array([[30.0, 0, 16], [0, 30, 16], [0, 0, 1]])
pytestmark = pytest.mark.usefixtures("instruction_set")
AGAIN = "backward needs the forward pass of the same Gaussians first"


def scene(count: int, scale: float = 0.02) -> list[np.ndarray]:
    """Mean, rotation, scale, opacity, colour."""
    rng = np.random.default_rng(count)
    mean, rotation = rng.normal(0, 0.2, (count, 3)) + np.array([0, 0, 1]), rng.normal(0, 1, (count, 4))
    fields = (mean, rotation, np.full((count, 3), scale), rng.random(count), rng.random((count, 3)))
    return [field.astype(np.float32) for field in fields]


def planes(width: int = 32, height: int = 32) -> np.ndarray:
    return np.zeros((4, height, width), np.float32)


def backward(rasterizer: _native.Rasterizer, fields: list[np.ndarray], image: np.ndarray) -> list[np.ndarray]:
    out = [np.full_like(field, np.nan) for field in fields]
    rasterizer.backward_world(*fields, image, np.ones_like(image), *out, np.zeros((4, 4)))
    return out


def bound(count: int, frames: int = 3) -> tuple[_native.BoundArrays, list[np.ndarray]]:
    """Gaussians on ``frames`` triangles and the arrays of their gradients."""
    rng = np.random.default_rng(1)
    shapes = [(count, 3), (count, 3), (count, 4), (count, 3), (count,), (count, 3), (count, 3, 3)]
    fields = [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]
    face = rng.integers(0, frames, count).astype(np.int32)
    out = [np.zeros(shape, np.float32) for shape in [*shapes[1:], (count, 13), (count,), (count,)]]
    return _native.BoundArrays(face, *fields, rng.random((frames, _native.FRAME)).astype(np.float32)), out


def test_backward_needs_a_forward_pass() -> None:
    with pytest.raises(ValueError, match=AGAIN):
        backward(_native.Rasterizer(), scene(20), planes())


def test_backward_after_a_forward_pass_that_failed() -> None:
    # More large Gaussians than can be listed by tile. Before it, a small scene that leaves small buffers behind.
    rasterizer, small, image = _native.Rasterizer(), scene(20), planes()
    rasterizer.forward_world(*small, T, K, image)
    many = scene(70000, 1e3)
    large = planes(1024, 1024)
    with pytest.raises(SettingsError, match=r"^too many large Gaussians for a picture of 1024x1024: they reach "):
        rasterizer.forward_world(*many, T, K, large)
    for fields, picture in ((many, large), (small, image)):
        with pytest.raises(ValueError, match=AGAIN):
            backward(rasterizer, fields, picture)
    rasterizer.forward_world(*small, T, K, image)
    fresh = _native.Rasterizer()
    fresh.forward_world(*small, T, K, image)
    for mine, other in zip(backward(rasterizer, small, image), backward(fresh, small, image), strict=True):
        assert np.array_equal(mine, other) and np.isfinite(mine).all()


def test_a_failed_forward_pass_of_no_gaussian() -> None:
    rasterizer = _native.Rasterizer()
    rasterizer.forward_world(*scene(20), T, K, planes())
    for view, camera in ((np.full((4, 4), np.nan), K), (T, np.zeros((3, 3)))):
        with pytest.raises(SettingsError, match=r"^the camera is none that pictures can be drawn with"):
            rasterizer.forward_world(*scene(50), view, camera, planes())
    assert len(backward(rasterizer, scene(20), planes())) == 5  # of the pass before, which is whole


@pytest.mark.parametrize("count", [19, 21, 0, 2000])
def test_backward_of_another_number(count: int) -> None:
    rasterizer = _native.Rasterizer()
    rasterizer.forward_world(*scene(20), T, K, planes())
    with pytest.raises(ValueError, match=AGAIN):
        backward(rasterizer, scene(count), planes())


@pytest.mark.parametrize("size", [(31, 32), (32, 31), (64, 64), (1, 1)])
def test_backward_of_another_size(size: tuple[int, int]) -> None:
    rasterizer = _native.Rasterizer()
    rasterizer.forward_world(*scene(20), T, K, planes())
    with pytest.raises(ValueError, match=r"^planes has shape"):
        backward(rasterizer, scene(20), planes(*size))


def test_backward_of_another_kind() -> None:
    rasterizer, fields = _native.Rasterizer(), scene(20)
    arrays, out = bound(20)
    rasterizer.forward_world(*fields, T, K, planes())
    with pytest.raises(ValueError, match=AGAIN):
        rasterizer.backward_bound(arrays, planes(), planes(), *out)
    rasterizer.forward_bound(arrays, T, K, planes())
    rasterizer.backward_bound(arrays, planes(), planes(), *out)
    with pytest.raises(ValueError, match=AGAIN):
        backward(rasterizer, fields, planes())


@pytest.mark.parametrize("field", range(5))
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e20, 1e-45])
def test_values_without_sense_stay_where_they_are(field: int, value: float) -> None:
    # Three of twenty Gaussians are broken; the gradients of the others are those of a scene without them.
    rasterizer, fields, image = _native.Rasterizer(), scene(20), planes()
    fields[field][:3] = value
    rasterizer.forward_world(*fields, T, K, image)
    if not np.isfinite(value):
        assert np.isfinite(image).all()
        rest = [np.ascontiguousarray(x[3:]) for x in fields]
        other = planes()
        whole = np.asarray(backward(rasterizer, fields, image)[0][3:])
        rasterizer.forward_world(*rest, T, K, other)
        if not (field == 3 and value > 0):  # an opacity above all is an opaque Gaussian
            assert np.array_equal(image, other)
            assert np.array_equal(whole, backward(rasterizer, rest, other)[0])


@pytest.mark.parametrize("index", [-1, 3, 2**31 - 1, -(2**31)])
def test_faces_out_of_range(index: int) -> None:
    face = np.array([0, index], np.int32)
    fields = [
        np.zeros(s, np.float32) for s in [(2, 3), (2, 3), (2, 4), (2, 3), 2, (2, 3), (2, 3, 3), (3, _native.FRAME)]
    ]
    with pytest.raises(ValueError, match=r"^face holds an index out of range"):
        _native.Rasterizer().forward_bound(_native.BoundArrays(face, *fields), T, K, planes())
    vertices, frames = np.zeros((3, 3), np.float32), np.zeros((1, _native.FRAME), np.float32)
    with pytest.raises(ValueError, match=r"^triangles holds an index out of range"):
        _native.triangle_frames(vertices, np.array([[0, 1, index]], np.int32), frames)


def test_arrays_of_other_types_and_strides() -> None:
    # What is read is converted; what is written must be as it is.
    fields, right, image = scene(20), planes(), planes()
    _native.Rasterizer().forward_world(*fields, T, K, right)
    doubles = [np.repeat(field.astype(np.float64), 2, 0)[::2] for field in fields]
    _native.Rasterizer().forward_world(*doubles, T.astype(np.float32), K.astype(np.float32), image)
    assert np.array_equal(image, right)
    for bad in (planes(64)[..., ::2], planes().astype(np.float64), np.asfortranarray(planes(31)), planes()[0], None):
        with pytest.raises((TypeError, ValueError)):
            _native.Rasterizer().forward_world(*fields, T, K, bad)
    image.flags.writeable = False
    with pytest.raises(TypeError):
        _native.Rasterizer().forward_world(*fields, T, K, image)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, -1), (16385, 5), (2**31 - 1, 2**31 - 1)])
def test_room_for_a_picture_that_cannot_be(width: int, height: int) -> None:
    with pytest.raises(SettingsError, match=rf"^a picture of {width}x{height} pixels cannot be drawn"):
        _native.photometric_scratch(width, height)


@pytest.mark.skipif(SANITIZED, reason="a sanitizer needs all addresses")
def test_memory_that_runs_out() -> None:
    code = """
import resource
import numpy as np
from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.rasterize import rasterize
def camera(side): return Camera(np.eye(4), np.array([[30.0, 0, side / 2], [0, 30, side / 2], [0, 0, 1]]), side, side)
def scene(count, scale):
    fields = np.zeros((count, 3)) + [0, 0, 1], np.ones((count, 4)), np.full((count, 3), scale), np.full(count, 0.01)
    return Gaussians(*(field.astype(np.float32) for field in (*fields, np.ones((count, 3)))))
before = rasterize(scene(300, 0.1), camera(64)).colour
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (150 << 20), used + (150 << 20)))
for count, scale, side in ((1, 0.1, 2048), (40000, 1e3, 512), (2000000, 0.1, 64)):
    try:
        rasterize(scene(count, scale), camera(side))
    except SettingsError as error:
        print(error)
    except MemoryError:
        print("numpy")
assert np.array_equal(rasterize(scene(300, 0.1), camera(64)).colour, before)
"""
    done = run(code, SPLATAVATAR_THREADS="2")
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == 3 and all(
        line.startswith(("not enough memory: ", "memory ran out", "numpy")) for line in said
    ), said
    assert said[0].startswith("not enough memory: this picture needs 0.2 GB more and 0.")
    assert said[1].startswith("not enough memory: ")
