"""Scenes of COLMAP: points of the world fall on the pixels that show them, whatever the model of the camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.readers.colmap import find_model
from splatavatar.capture.readers.colmap_files import ColmapCamera, ColmapImage, read_cameras, read_images
from splatavatar.errors import CaptureError
from splatavatar.rotations import quaternions, rotation_matrices
from support.colmap import write_bytes, write_text

WIDTH, HEIGHT = 240, 180
SHARED = Path(__file__).parents[4] / "shared" / "layouts" / "colmap"
POINTS = np.array([[0.1, -0.05, 0.0], [-0.15, 0.1, 0.08], [0.0, 0.12, -0.1], [0.2, 0.02, 0.05]])
PLACES = (((0.1, -0.2, 0.05), (0.02, -0.03, 0.9)), ((-0.05, 0.4, 2.9), (0.05, 0.02, 1.0)))
"""axis-angle and translation from the world to the camera"""

Bend = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def brown(k1: float = 0.0, k2: float = 0.0, p1: float = 0.0, p2: float = 0.0) -> Bend:
    def bend(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        s = x * x + y * y
        radial = 1 + k1 * s + k2 * s * s
        return x * radial + 2 * p1 * x * y + p2 * (s + 2 * x * x), y * radial + p1 * (s + 2 * y * y) + 2 * p2 * x * y

    return bend


def kannala(*k: float) -> Bend:
    def bend(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        radius = np.hypot(x, y)
        angle = np.arctan(radius)
        factor = angle * (1 + sum(value * angle ** (2 * i + 2) for i, value in enumerate(k))) / radius
        return x * factor, y * factor

    return bend


CAMERAS: dict[str, tuple[tuple[float, ...], tuple[float, float], Bend]] = {
    "SIMPLE_PINHOLE": ((200.0, 118.0, 93.0), (200.0, 200.0), brown()),
    "PINHOLE": ((200.0, 205.0, 118.0, 93.0), (200.0, 205.0), brown()),
    "SIMPLE_RADIAL": ((200.0, 118.0, 93.0, -0.2), (200.0, 200.0), brown(-0.2)),
    "RADIAL": ((200.0, 118.0, 93.0, -0.2, 0.05), (200.0, 200.0), brown(-0.2, 0.05)),
    "OPENCV": (
        (200.0, 205.0, 118.0, 93.0, -0.2, 0.05, 0.003, -0.002),
        (200.0, 205.0),
        brown(-0.2, 0.05, 0.003, -0.002),
    ),
    "OPENCV_FISHEYE": (
        (200.0, 205.0, 118.0, 93.0, 0.05, -0.02, 0.01, 0.001),
        (200.0, 205.0),
        kannala(0.05, -0.02, 0.01, 0.001),
    ),
    "FULL_OPENCV": (
        (200.0, 205.0, 118.0, 93.0, -0.2, 0.05, 0.003, -0.002, 0.0, 0.0, 0.0, 0.0),
        (200.0, 205.0),
        brown(-0.2, 0.05, 0.003, -0.002),
    ),
    "SIMPLE_RADIAL_FISHEYE": ((200.0, 118.0, 93.0, 0.05), (200.0, 200.0), kannala(0.05)),
    "RADIAL_FISHEYE": ((200.0, 118.0, 93.0, 0.05, -0.02), (200.0, 200.0), kannala(0.05, -0.02)),
}


def images_of(names: list[str]) -> list[ColmapImage]:
    found = []
    for name, (turn, shift) in zip(names, PLACES, strict=True):
        w, x, y, z = quaternions(np.array(turn)).tolist()
        found.append(ColmapImage(name, 3, (w, x, y, z), shift))
    return found


def draw(path: Path, image: ColmapImage, model: str, point: np.ndarray, factor: float = 1.0) -> None:
    """A dot where COLMAP's camera shows ``point``."""
    parameters, focal, bend = CAMERAS[model]
    cx, cy = parameters[-len(parameters) :][1:3] if focal[0] == focal[1] else parameters[2:4]
    turn, shift = PLACES[0] if image.translation == PLACES[0][1] else PLACES[1]
    local = rotation_matrices(np.array(turn)) @ point + shift
    x, y = bend(local[:1] / local[2], local[1:2] / local[2])
    u, v = factor * (focal[0] * x[0] + cx), factor * (focal[1] * y[0] + cy)
    rows, columns = np.mgrid[: round(HEIGHT * factor), : round(WIDTH * factor)] + 0.5
    dot = np.exp(-((columns - u) ** 2 + (rows - v) ** 2) / (2 * (2.5 * factor) ** 2)) * 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(dot.astype(np.uint8)).save(path)


def check_points(root: Path, names: list[str], model: str, factor: float = 1.0) -> None:
    """Draws each point in turn and looks where the reader's cameras see it."""
    for point in POINTS:
        for image in images_of(names):
            draw(root / "images" / image.name, image, model, point, factor)
        for frame in read_capture(root).frames:
            seen = load_frame(frame)[0][..., 0].astype(np.float64)
            rows, columns = np.mgrid[: seen.shape[0], : seen.shape[1]] + 0.5
            found = np.array([(seen * columns).sum(), (seen * rows).sum()]) / seen.sum()
            local = frame.camera.K @ (frame.camera.T_camera_world @ [*point, 1.0])[:3]
            np.testing.assert_allclose(found, local[:2] / local[2], atol=0.15)


@pytest.mark.parametrize("model", CAMERAS)
@pytest.mark.parametrize("write", [write_text, write_bytes])
def test_points_fall_on_their_pixels(tmp_path: Path, model: str, write: Callable[..., None]) -> None:
    names = ["a.png", "b.png"]
    write(tmp_path / "sparse" / "0", {3: ColmapCamera(model, WIDTH, HEIGHT, CAMERAS[model][0])}, images_of(names))
    check_points(tmp_path, names, model)


def test_pictures_that_were_made_smaller(tmp_path: Path) -> None:
    names = ["a.png", "b.png"]
    write_text(tmp_path / "sparse", {3: ColmapCamera("OPENCV", WIDTH, HEIGHT, CAMERAS["OPENCV"][0])}, images_of(names))
    check_points(tmp_path, names, "OPENCV", 0.5)


def scene(root: Path, names: list[str], write: Callable[..., None] = write_text, folder: str = "sparse/0") -> Path:
    write(root / folder, {3: ColmapCamera("PINHOLE", WIDTH, HEIGHT, CAMERAS["PINHOLE"][0])}, images_of(names))
    for image in images_of(names):
        draw(root / "images" / image.name, image, "PINHOLE", POINTS[0])
    return root


def test_all_pictures_are_of_one_moment(tmp_path: Path) -> None:
    capture = read_capture(scene(tmp_path, ["b/0 1.png", "a/01.png"]))
    assert [frame.name for frame in capture.frames] == ["a/01.png", "b/0 1.png"], "by name, which may hold spaces"
    assert [(frame.timestep, frame.camera_index) for frame in capture.frames] == [(0, 0), (0, 1)]
    assert capture.splits == {"train": (0, 1), "val": (), "test": ()} and capture.rig_parameters is None
    assert [path.name for path in capture.descriptions] == ["cameras.txt", "images.txt"]


def test_text_with_commas_and_without_lines_of_points(tmp_path: Path) -> None:
    write_text(tmp_path, {3: ColmapCamera("PINHOLE", 4, 3, (5.0, 5.0, 2.0, 1.5))}, images_of(["a.png", "b.png"]), False)
    images = tmp_path / "images.txt"
    plain = read_images(images)
    images.write_text("\n".join(", ".join(line.split(" ")) for line in images.read_text().splitlines()[2:]) + "\n\n")
    assert read_images(images) == plain == images_of(["a.png", "b.png"])


def test_of_several_models_that_of_most_pictures_is_taken(tmp_path: Path) -> None:
    scene(tmp_path, ["a.png", "b.png"], folder="sparse/1")
    camera = ColmapCamera("PINHOLE", WIDTH, HEIGHT, CAMERAS["PINHOLE"][0])
    write_text(tmp_path / "sparse" / "0", {3: camera}, images_of(["a.png", "b.png"])[:1])
    assert find_model(tmp_path) == tmp_path / "sparse" / "1" and len(read_capture(tmp_path).frames) == 2
    assert find_model(tmp_path / "images") is None


@pytest.mark.parametrize("pattern", ["masks/{name}.png", "masks/{stem}.png", "mask/{name}"])
def test_masks_by_the_names_of_their_pictures(tmp_path: Path, pattern: str) -> None:
    scene(tmp_path, ["a/1.png", "a/2.png"])
    for name in ("a/1.png", "a/2.png"):
        path = tmp_path / pattern.format(name=name, stem=name[:-4])
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((HEIGHT, WIDTH), 200, np.uint8)).save(path)
    matte = load_frame(read_capture(tmp_path).frames[1])[1]
    assert (matte == 200).all()
    path.unlink()
    with pytest.raises(CaptureError, match=r"1 of 2 frames have neither a mask_path nor an alpha channel"):
        read_capture(tmp_path)


def said(root: Path) -> str:
    with pytest.raises(CaptureError) as caught:
        read_capture(root)
    return str(caught.value).replace(f"{root}/", "")


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / "sparse" / "0" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("cameras.txt", "PINHOLE", "FOV", "cameras.txt: line 3: FOV has 5 parameters, found 4"),
        ("cameras.txt", "PINHOLE", "LEICA", "cameras.txt: line 3: the camera model 'LEICA' is not known"),
        ("cameras.txt", "240", "wide", "cameras.txt: line 3: 'wide' is no whole number"),
        ("cameras.txt", "205", "x", "cameras.txt: line 3: 'x' is no number"),
        ("cameras.txt", "205", "nan", "cameras.txt: camera 3: a parameter is not finite, or too large"),
        ("cameras.txt", "200 205", "2 2", "cameras.txt: camera 3: the focal length is 2 x 2 pixels in a picture of"),
        ("cameras.txt", "240 180", "240 240", "camera 3: has 240x240 pixels, its pictures have 240x180"),
        ("cameras.txt", "240 180", "0 180", "cameras.txt: camera 3: its width or height is no number of pixels"),
        ("cameras.txt", "240 180", f"1{'0' * 400} 180", "cameras.txt: camera 3: its width or height is no number of"),
        ("images.txt", "a.png", "b.png", "images.txt: b.png is there twice"),
        ("cameras.txt", "3 PINHOLE", "4 PINHOLE", "a.png: was taken by camera 3, which cameras.txt does not have"),
        (
            "images.txt",
            " 3 a.png",
            " 3",
            "images.txt: line 3: expected IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID",
        ),
        (
            "images.txt",
            " 0.90000000000000002 3 a",
            " nan 3 a",
            "images.txt: a.png: its place holds values that are not finite",
        ),
        ("images.txt", "a.png", "c.png", "images/c.png: no such image, named by images.txt (1 of 2 missing)"),
        ("images.txt", "a.png", "../../a.png", "which lies outside of the folder of the capture"),
    ],
)
def test_messages(tmp_path: Path, file: str, old: str, new: str, expected: str) -> None:
    root = scene(tmp_path, ["a.png", "b.png"])
    change(root, file, old, new)
    assert expected in said(root)


def test_messages_of_lenses(tmp_path: Path) -> None:
    root = scene(tmp_path, ["a.png", "b.png"])
    (root / "sparse/0/cameras.txt").write_text(f"3 FOV {WIDTH} {HEIGHT} 200 200 120 90 0.9\n")
    assert "the model FOV is not supported; let COLMAP undistort the pictures (image_undistorter)" in said(root)
    (root / "sparse/0/cameras.txt").write_text(f"3 SIMPLE_RADIAL {WIDTH} {HEIGHT} 200 120 90 -30\n")
    assert said(root).startswith("sparse/0/cameras.txt: camera 3: this lens distortion folds the picture 21 pixels")


def test_a_quaternion_of_another_length(tmp_path: Path) -> None:
    root = scene(tmp_path, ["a.png", "b.png"])
    first = images_of(["a.png", "b.png"])[0].rotation[0]
    change(root, "images.txt", f"{first:.17g}", "3")
    assert "a.png: its quaternion has the length 3, expected 1" in said(root)


def test_files_that_end_in_the_middle(tmp_path: Path) -> None:
    root = scene(tmp_path, ["a.png", "b.png"], write_bytes)
    for name in ("images.bin", "cameras.bin"):
        path = root / "sparse" / "0" / name
        whole = path.read_bytes()
        for length in (*range(0, len(whole), 7), len(whole) - 1):
            path.write_bytes(whole[:length])
            assert said(root) == f"sparse/0/{name}: ends in the middle, after {length} bytes"
        path.write_bytes(b"\xff" * 8 + whole[8:])
        assert "ends in the middle" in said(root)
        path.write_bytes(whole)
    (root / "sparse/0/images.bin").write_bytes(bytes(8))
    assert said(root) == "sparse/0/images.bin: no pictures, expected those that COLMAP has found a place for"
    (root / "sparse/0/cameras.bin").write_bytes(bytes(8))
    assert said(root) == "sparse/0/cameras.bin: no cameras"


def test_a_model_of_bytes_that_is_not_known(tmp_path: Path) -> None:
    root = scene(tmp_path, ["a.png", "b.png"], write_bytes)
    path = root / "sparse/0/cameras.bin"
    data = bytearray(path.read_bytes())
    data[12] = 77
    path.write_bytes(bytes(data))
    assert said(root) == "sparse/0/cameras.bin: camera 3 is of the model 77, which is not known"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared layouts are absent")
def test_real_files() -> None:
    simple = SHARED / "simple_radial"
    cameras, images = read_cameras(simple / "cameras.bin"), read_images(simple / "images.bin")
    assert len(cameras) == 23 and {camera.model for camera in cameras.values()} == {"SIMPLE_RADIAL"}
    assert len(images) == 23 and {image.camera for image in images} <= cameras.keys()
    assert all(abs(np.linalg.norm(image.rotation) - 1) < 1e-6 for image in images)
    commas = SHARED / "opencv_fisheye_commas"
    cameras, images = read_cameras(commas / "cameras.txt"), read_images(commas / "images.txt")
    assert len(cameras) == 2 and len(images) == 6
    assert images[0].name == "leftraw/frame_000000001.jpg" and images[0].camera == 1
    new = SHARED / "colmap312"
    assert read_cameras(new / "cameras.bin") == read_cameras(new / "cameras.txt")
