"""The 3DGS PLY."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splatavatar.errors import AvatarFileError
from splatavatar.gaussians.formats.ply import read_ply, write_ply
from support.random_splats import random_gaussians
from support.shared import shared

PROPERTY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def raw_fields(path: Path) -> dict[str, np.ndarray]:
    """The columns of a PLY as another program would read them."""
    header, body = path.read_bytes().split(b"end_header\n", 1)
    names = [line.split()[2].decode() for line in header.splitlines() if line.startswith(b"property float ")]
    return dict(zip(names, np.frombuffer(body, "<f4").reshape(-1, len(names)).T, strict=True))


@PROPERTY
@given(st.integers(0, 2**32), st.integers(0, 30), st.booleans())
def test_round_trip(tmp_path: Path, seed: int, count: int, with_sh: bool) -> None:
    gaussians, sh = random_gaussians(seed, count)
    write_ply(tmp_path / "x.ply", gaussians, sh if with_sh else None)
    back, back_sh = read_ply(tmp_path / "x.ply")
    np.testing.assert_array_equal(back.mean, gaussians.mean)
    np.testing.assert_allclose(back.scale, gaussians.scale, rtol=1e-5)
    np.testing.assert_allclose(back.opacity, gaussians.opacity, atol=2e-6)
    np.testing.assert_allclose(back.colour, gaussians.colour, atol=1e-5)
    unit = gaussians.rotation / np.linalg.norm(gaussians.rotation, axis=1, keepdims=True)
    np.testing.assert_allclose(back.rotation, unit, atol=1e-6)
    if with_sh:
        assert back_sh is not None
        np.testing.assert_allclose(back_sh, sh, atol=1e-6)
    else:
        assert back_sh is None


@PROPERTY
@given(st.integers(0, 2**32))
def test_a_3dgs_viewer_sees_our_colour(tmp_path: Path, seed: int) -> None:
    gaussians, sh = random_gaussians(seed, 20)
    write_ply(tmp_path / "x.ply", gaussians, sh)
    f = raw_fields(tmp_path / "x.ply")
    x, y, z = d = np.random.default_rng(seed + 1).normal(size=3)
    x, y, z = d = d / np.linalg.norm(d)
    for c in range(3):
        f1, f2, f3 = (f[f"f_rest_{3 * c + i}"] for i in range(3))
        basis = 0.28209479177387814, 0.4886025119029199
        seen = 0.5 + basis[0] * f[f"f_dc_{c}"] + basis[1] * (-y * f1 + z * f2 - x * f3)
        np.testing.assert_allclose(seen, gaussians.colour[:, c] + sh[:, c] @ d, atol=1e-5)


def test_the_header_is_the_one_of_3dgs(tmp_path: Path) -> None:
    write_ply(tmp_path / "x.ply", *random_gaussians(1, 2))
    header = (tmp_path / "x.ply").read_bytes().split(b"end_header\n")[0].decode().splitlines()
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", *(f"f_rest_{i}" for i in range(9))]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    assert header == [
        *("ply", "format binary_little_endian 1.0", "element vertex 2"),
        *(f"property float {name}" for name in names),
    ]


def test_extreme_values_stay_finite(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(2, 2)
    gaussians.opacity[:] = 0, 1
    gaussians.scale[:] = 0
    write_ply(tmp_path / "x.ply", gaussians, sh)
    f = raw_fields(tmp_path / "x.ply")
    assert all(np.isfinite(column).all() for column in f.values())
    np.testing.assert_allclose(f["opacity"], [np.log(1e-6 / (1 - 1e-6)), np.log((1 - 1e-6) / 1e-6)], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda b: b[:-1], "207 bytes follow the header, expected 2 x 104"),
        (lambda b: b"", "it has no PLY header"),
        (lambda b: b.replace(b"binary_little", b"binary_big"), "expected format binary_little_endian 1.0"),
        (lambda b: b.replace(b"vertex 2", b"vertex x"), "expected one element, vertex, and its count"),
        (lambda b: b.replace(b"float x", b"list uchar int x"), "expected properties that are one number each"),
        (lambda b: b.replace(b"float rot_3", b"float rot_9"), "it has no property rot_3"),
        (
            lambda b: b.replace(b"f_rest_8", b"f_rest_9"),
            "it has 9 f_rest fields, expected 9, 24 or 45 (SH degree 1 to 3) or none",
        ),
        (lambda b: b.replace(b"float x", b"float y"), "two properties have one name"),
        (lambda b: b.replace(b"vertex 2", b"vertex \xc2\xb2"), "expected one element, vertex, and its count"),
        (lambda b: b.replace(b"vertex 2", b"vertex " + b"9" * 5000), "expected one element, vertex, and its count"),
        (
            lambda b: b.replace(b"vertex 2", b"vertex " + b"9" * 18),
            "208 bytes follow the header, expected 999999999999999999 x 104",
        ),
        (lambda b: b[:-4] + b"\0\0\xc0\x7f", "it holds numbers that are not finite"),
    ],
)
def test_a_damaged_ply_is_refused(tmp_path: Path, change: Callable[[bytes], bytes], reason: str) -> None:
    path = tmp_path / "x.ply"
    write_ply(path, *random_gaussians(3, 2))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(AvatarFileError) as error:
        read_ply(path)
    assert str(error.value) == f"{path} is not a binary 3DGS PLY: {reason}"


@pytest.mark.parametrize("degree", [2, 3])
def test_of_higher_degrees_the_first_is_kept(tmp_path: Path, degree: int) -> None:
    gaussians, sh = random_gaussians(5, 7)
    path = tmp_path / "x.ply"
    write_ply(path, gaussians, sh)
    fields, per_channel = raw_fields(path), (degree + 1) ** 2 - 1
    low = {name: fields.pop(name) for name in [f"f_rest_{i}" for i in range(9)]}
    for i in range(3 * per_channel):
        channel, coefficient = divmod(i, per_channel)
        # What is of a higher degree is large, so that a wrong place would be seen.
        fields[f"f_rest_{i}"] = low[f"f_rest_{3 * channel + coefficient}"] if coefficient < 3 else np.full(7, 99.0)
    header = ["ply", "format binary_little_endian 1.0", "element vertex 7", *(f"property float {n}" for n in fields)]
    table = np.stack(list(fields.values()), 1).astype("<f4")
    path.write_bytes("\n".join([*header, "end_header", ""]).encode() + table.tobytes())
    back, back_sh = read_ply(path)
    assert back_sh is not None
    np.testing.assert_allclose(back_sh, sh, atol=1e-6)
    np.testing.assert_array_equal(back.mean, gaussians.mean)


def test_numbers_of_harmonics_that_are_of_no_degree(tmp_path: Path) -> None:
    names = ["x", "y", "z", *(f"f_rest_{i}" for i in range(30))]
    header = "\n".join(
        ["ply", "format binary_little_endian 1.0", "element vertex 1", *(f"property float {name}" for name in names)]
    )
    path = tmp_path / "x.ply"
    path.write_bytes(f"{header}\nend_header\n".encode() + bytes(4 * len(names)))
    with pytest.raises(AvatarFileError, match=r"it has 30 f_rest fields, expected 9, 24 or 45 \(SH degree 1 to 3\)"):
        read_ply(path)


def test_a_licence_stands_in_comments(tmp_path: Path) -> None:
    path = tmp_path / "x.ply"
    licence = "Body model © somebody.\nend_header\n" + "No commercial use. " * 4000
    gaussians, sh = random_gaussians(6, 2)
    write_ply(path, gaussians, sh, licence)
    header = path.read_bytes().split(b"end_header\n")[0].decode("ascii")
    comments = [line.removeprefix("comment ") for line in header.splitlines() if line.startswith("comment ")]
    assert comments[:2] == [r"Body model \xa9 somebody.", "end-header"]
    assert " ".join(comments[2:]).count("No commercial use.") == 4000
    np.testing.assert_array_equal(read_ply(path)[0].mean, gaussians.mean)


def test_offsets_of_lam_are_no_splats(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    gaussians, _ = random_gaussians(8, 5023)
    # Colours from 0 to 1 in the place of coefficients.
    gaussians.colour[:] = 0.5 + 0.28209479177387814 * rng.random((5023, 3))
    gaussians.mean[:] *= 0.01
    gaussians.scale[:] = np.minimum(gaussians.scale, 0.01)
    write_ply(tmp_path / "offset.ply", gaussians, None)
    with pytest.raises(AvatarFileError, match=r"it is the offset\.ply of a LAM bundle"):
        read_ply(tmp_path / "offset.ply")
    gaussians.colour[0] = 0.2
    write_ply(tmp_path / "splats.ply", gaussians, None)
    assert len(read_ply(tmp_path / "splats.ply")[0].mean) == 5023


@pytest.mark.shared
def test_real_files(tmp_path: Path) -> None:
    gaussians, sh = read_ply(shared("layouts/splats") / "metalsplatter-3pt.ply")
    assert sh is not None
    assert (gaussians.mean.shape, sh.shape) == ((3, 3), (3, 3, 3))
    with ZipFile(shared("interop/lam-p2-1.zip")) as bundle:
        bundle.extract("p2-1/offset.ply", tmp_path)
    with pytest.raises(AvatarFileError, match=r"it is the offset\.ply of a LAM bundle"):
        read_ply(tmp_path / "p2-1/offset.ply")


def test_a_missing_ply(tmp_path: Path) -> None:
    with pytest.raises(AvatarFileError, match="no such file"):
        read_ply(tmp_path / "x.ply")


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.ply")
    with pytest.raises(AvatarFileError, match="a pipe or a device, expected a binary 3DGS PLY"):
        read_ply(tmp_path / "x.ply")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_is_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "x.ply"
    write_ply(path, *random_gaussians(4, 3))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["byte", "cut", "insert"]))
        if kind == "byte":
            content[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 40))]
        else:
            content[at:at] = data.draw(st.binary(min_size=1, max_size=20))
        content = content or bytearray(b"p")
    path.write_bytes(content)
    try:
        gaussians, _ = read_ply(path)
    except AvatarFileError:
        return
    assert all(np.isfinite(getattr(gaussians, name)).all() for name in ("mean", "rotation", "scale", "opacity"))
