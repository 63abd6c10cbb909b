from __future__ import annotations

import base64
import io
import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture.inspection.page import chosen_pictures, read_prepared, write_inspection
from splatavatar.errors import CaptureError, OutputError, RigError
from support.faces import prepared_folder
from support.flame_captures import gaussian_blendshapes
from support.shared import landmark_model


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A prepared capture and its error in eye spans."""
    return prepared_folder(tmp_path_factory.mktemp("inspect") / "me")


@pytest.fixture(scope="module")
def page(prepared: tuple[Path, float]) -> str:
    path = prepared[0] / "inspect.html"
    write_inspection(prepared[0], path)
    return path.read_text(encoding="utf-8")


def pictures(page: str) -> dict[str, np.ndarray]:
    """Decoded pictures of a page by their text."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/jpeg;base64,([^"]*)">', page)
    return {unescape(text): np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for text, data in found}


def test_the_page_tells_what_was_found(page: str, prepared: tuple[Path, float]) -> None:
    text = unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S))
    for expected in (
        "me <1>.mp4", "320x240 at 25 a second, face found in 35 of 40 frames", "600", f"{prepared[1]:.2%}", "anny-head",
        "No face was found in 5 of 40 frames", "Only 1.6 seconds were filmed", "No side view",
        "Hair and background could not be told apart in 1 of 6 pictures",
        "images/00_00116.png · me <1>.mp4, frame 116, 0.64 s", "matte weight 0.20 · among the largest errors",
        "a doubtful matte",
    ):  # fmt: skip
        assert expected in text, expected
    assert "<1>" not in page


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    assert not re.search(r"https?://|url\(|@import|<script|<link", page)
    assert len(page) < 6e6


def test_each_picture_is_shown_with_mesh_landmarks_and_matte(page: str) -> None:
    views = pictures(page)
    assert len(views) == 6 * 3
    name = "images/00_00100.png"
    mesh, landmarks, matte = (views[f"{what} of {name}"].astype(int) for what in ("mesh", "landmarks", "matte"))
    # The picture is grey; the mesh is drawn in cyan in its middle and not along its borders.
    blue = mesh[..., 2] - mesh[..., 0]
    assert blue[200:280, 200:280].mean() > 20
    assert np.abs(mesh[:, :40] - 120).max() < 10
    assert mesh.shape == (480, 480, 3)
    np.testing.assert_allclose(matte[:10, :10].mean((0, 1)), [255, 0, 255], atol=6)
    np.testing.assert_allclose(matte[80, 80], 120, atol=6)
    green = landmarks[..., 1] - np.maximum(landmarks[..., 0], landmarks[..., 2]) > 60
    red = landmarks[..., 0] - np.maximum(landmarks[..., 1], landmarks[..., 2]) > 60
    # What was detected is 3 pixels of the frame to the left of what was fitted.
    assert np.argwhere(red)[:, 1].mean() > np.argwhere(green)[:, 1].mean() + 3


def test_curves_have_the_tracked_values(page: str) -> None:
    charts = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.S)]
    by_title = {chart.attrib["aria-label"]: chart for chart in charts}
    assert list(by_title) == [
        "Head, as the camera sees it", "Mouth: tracked coefficients", "Eyes and brows: tracked coefficients",
        "Distance of detected and fitted landmarks", "Matte weight of the pictures", "Sharpness of the face",
        "Brightness of the face",
    ]  # fmt: skip
    jaw = [
        line
        for line in by_title["Mouth: tracked coefficients"].findall("polyline")
        if line.attrib["class"] == "line c0"
    ]
    assert [len(line.attrib["points"].split()) for line in jaw] == [10, 25]
    heights = [float(pair.split(",")[1]) for line in jaw for pair in line.attrib["points"].split()]
    assert all(np.diff(heights) < 0)  # the mouth opens all the time
    head = by_title["Head, as the camera sees it"]
    assert len(head.findall("rect")) == 1
    assert sum(line.attrib["class"] == "mark" for line in head.findall("line")) == 6


def test_the_worst_pictures_are_among_the_chosen(prepared: tuple[Path, float]) -> None:
    chosen = chosen_pictures(read_prepared(prepared[0]))
    assert sorted(chosen) == list(range(6))
    assert [index for index, reasons in chosen.items() if "a doubtful matte" in reasons] == [2]


@pytest.mark.shared
def test_a_capture_of_known_cameras(sample_capture: Path, tmp_path: Path) -> None:
    found = write_inspection(sample_capture, tmp_path / "page.html", model=landmark_model())
    assert found.lacks is None and found.cameras is not None and found.cameras.wrong == []
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "landmarks of the face fall on the pixels within" in page and "What the capture lacks" not in page
    views = pictures(page)
    assert sum(text.startswith("mesh") for text in views) == sum(text.startswith("matte") for text in views) >= 8
    assert any(text.startswith("landmarks") for text in views)
    assert " px · matte weight 1.00 · among the largest errors" in unescape(page)
    assert page.count("<svg") == 3


def test_a_capture_of_known_cameras_without_a_landmark_model(sample_capture: Path, tmp_path: Path) -> None:
    found = write_inspection(sample_capture, tmp_path / "page.html", model=tmp_path / "none.task")
    assert found.cameras is not None
    assert found.cameras.lines[-1].startswith("whether the face is where the cameras say was not checked: ")
    assert not any(
        text.startswith("landmarks") for text in pictures((tmp_path / "page.html").read_text(encoding="utf-8"))
    )


def test_a_capture_without_rig_parameters(tiny_capture: Path, tmp_path: Path) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    write_inspection(tiny_capture, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert {text.split(" of ")[0] for text in pictures(page)} == {"picture", "matte"}
    assert "<svg" not in page


def test_damaged_tracking_and_a_folder_that_is_not_there(tmp_path: Path, tiny_capture: Path) -> None:
    (tiny_capture / "track.npz").write_bytes(b"PK nothing")
    with pytest.raises(CaptureError, match=r"track\.npz: damaged; track the video again"):
        write_inspection(tiny_capture, tmp_path / "page.html")
    (tiny_capture / "track.npz").unlink()
    (tiny_capture / "rig_params.npz").unlink()
    with pytest.raises(OutputError):
        write_inspection(tiny_capture, tmp_path / "gone" / "page.html")


def test_a_capture_that_is_not_tracked_yet(tiny_capture: Path, tmp_path: Path) -> None:
    (tiny_capture / "transforms.json").rename(tiny_capture / "extract.json")
    with pytest.raises(CaptureError, match="extracted but not tracked; first run: splatavatar capture track"):
        write_inspection(tiny_capture, tmp_path / "page.html")


def test_parameters_of_a_rig_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture that FLAME was tracked in is shown without it."""

    def absent(kind: str, *_: object) -> None:
        raise RigError(f"unknown rig '{kind}'")

    monkeypatch.setattr("splatavatar.capture.inspection.page.load_rig", absent)
    root = gaussian_blendshapes(tmp_path / "a")
    write_inspection(root, root / "inspect.html")
    page = (root / "inspect.html").read_text(encoding="utf-8")
    assert "rig, 3 timesteps" in page
    assert [text for text in pictures(page) if text.startswith("picture of")]
