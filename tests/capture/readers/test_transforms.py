from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.capture.readers.table import READERS
from splatavatar.capture.references import PictureFile
from splatavatar.errors import CaptureError


def project(camera: Any, points: Any) -> np.ndarray:
    """(N, 2) pixels of (N, 3) rig points."""
    inside = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
    assert (inside[:, 2] > 0).all()
    pixels = inside @ camera.K.T
    return pixels[:, :2] / pixels[:, 2:]


def test_cameras_stand_in_the_rig_frame(tiny_capture: Path) -> None:
    front, left = (frame.camera for frame in read_capture(tiny_capture).frames[:2])
    np.testing.assert_allclose(front.position, [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(left.position, [1, 0, 0], atol=1e-12)
    # 0.1 m to the subject's left and 0.05 m up: right of and above the centre from the front.
    np.testing.assert_allclose(project(front, np.array([[0.1, 0.05, 0]])), [[12.5 + 4, 8.25 - 2.05]])
    # From the subject's left, the face (+Z) points to the left of the picture.
    np.testing.assert_allclose(project(left, np.array([[0, 0.05, 0.1]])), [[12.5 - 4, 8.25 - 2.05]])


def test_frames_and_splits(tiny_capture: Path) -> None:
    capture = read_capture(tiny_capture)
    assert [frame.name for frame in capture.split("val")] == ["images/t001_cam01.png"]
    assert [(frame.timestep, frame.camera_index) for frame in capture.split("test")] == [(2, 0), (2, 1)]
    assert capture.splits["train"] == (0, 1, 2)
    assert capture.frames[3].mask == PictureFile(tiny_capture / "masks" / "t001_cam01.png")


def test_pictures_that_are_trained_on_and_scored_are_said(
    tiny_capture: Path, edit_transforms: Any, caplog: pytest.LogCaptureFixture
) -> None:
    read_capture(tiny_capture)
    assert not caplog.text
    edit_transforms(lambda data: data["val_filenames"].append(data["train_filenames"][0]))
    read_capture(tiny_capture)
    said = f"{tiny_capture / 'transforms.json'}: 1 of the 4 pictures of val and test are trained on, too"
    assert said in caplog.text


def test_without_split_lists_everything_is_train(tiny_capture: Path, edit_transforms: Any) -> None:
    edit_transforms(lambda data: [data.pop(f"{split}_filenames") for split in ("train", "val", "test")])
    assert read_capture(tiny_capture).splits == {"train": (0, 1, 2, 3, 4, 5), "val": (), "test": ()}


def test_intrinsics_of_a_frame_go_before_global_ones(tiny_capture: Path, edit_transforms: Any) -> None:
    edit_transforms(lambda data: data["frames"][1].update(fl_x=50.0, cx=11.0))
    first, second = (frame.camera.K for frame in read_capture(tiny_capture).frames[:2])
    assert (first[0, 0], first[0, 2], second[0, 0], second[0, 2]) == (40, 12.5, 50, 11)
    assert second[1, 1] == 41


def test_field_of_view_instead_of_focal_length(tiny_capture: Path, edit_transforms: Any) -> None:
    def change(data: dict[str, Any]) -> None:
        for name in ("fl_x", "fl_y", "cx", "cy", "w", "h"):
            del data[name]
        data["camera_angle_x"] = np.pi / 2

    edit_transforms(change)
    camera = read_capture(tiny_capture).frames[0].camera
    np.testing.assert_allclose(camera.K, [[12, 0, 12], [0, 12, 8], [0, 0, 1]])
    assert (camera.width, camera.height) == (24, 16)


def test_vhap_field_names(tiny_capture: Path, edit_transforms: Any) -> None:
    edit_transforms(lambda data: [frame.update(fg_mask_path=frame.pop("mask_path")) for frame in data["frames"]])
    assert read_capture(tiny_capture).frames[0].mask == PictureFile(tiny_capture / "masks" / "t000_cam00.png")


def test_leading_dot_in_file_names(tiny_capture: Path, edit_transforms: Any) -> None:
    edit_transforms(lambda data: data["frames"][0].update(file_path="./images/t000_cam00.png"))
    assert read_capture(tiny_capture).split("train")[0].name == "images/t000_cam00.png"


def test_a_capture_without_rig_parameters(tiny_capture: Path) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    assert read_capture(tiny_capture).rig_parameters is None


def test_rig_parameters_from_elsewhere(tiny_capture: Path) -> None:
    elsewhere = (tiny_capture / "rig_params.npz").rename(tiny_capture.parent / "elsewhere.npz")
    parameters = read_capture(tiny_capture, rig_params=elsewhere).rig_parameters
    assert parameters is not None
    assert parameters.expression.shape == (3, 2)


def test_the_sample_capture_is_whole(sample_capture: Path) -> None:
    capture = read_capture(sample_capture)
    assert {split: len(indices) for split, indices in capture.splits.items()} == {"train": 144, "val": 16, "test": 20}
    assert sorted({frame.timestep for frame in capture.frames}) == list(range(18))
    assert capture.rig_parameters is not None
    assert not capture.rig_parameters.expression[0].any()
    assert sum(file.stat().st_size for file in sample_capture.rglob("*") if file.is_file()) < 8e6


@pytest.mark.shared
@pytest.mark.parametrize("index", [0, 47, 133, 219, 318])
def test_true_vertices_project_into_the_matte(subject_a: Path, index: int) -> None:
    frame = read_capture(subject_a).frames[index]
    with np.load(subject_a / "rig_params.npz") as archive:
        x, y, z = archive["vertices"][frame.timestep].T
    pixels = np.floor(project(frame.camera, np.stack([x, z, -y], axis=1))).astype(int)
    _, matte = load_frame(frame)
    seen = matte[pixels[:, 1].clip(0, 511), pixels[:, 0].clip(0, 511)]
    # The silhouette runs through half-covered pixels: a vertex there may fall just outside.
    assert (seen > 0).mean() > 0.995
    # Nothing but hair reaches beyond the mesh, and no hair hangs below the neck.
    matte_rows = np.nonzero(matte > 127)[0]
    assert abs(matte_rows.max() - pixels[:, 1].max()) <= 3


def message(capture: Path) -> str:
    """What reading says, with paths relative to the folder around the capture."""
    with pytest.raises(CaptureError) as caught:
        read_capture(capture)
    return str(caught.value).replace(f"{capture.parent}/", "")


def test_no_such_folder(tmp_path: Path) -> None:
    assert message(tmp_path / "nowhere") == "nowhere: no such folder, expected the folder of a capture"


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"")
    assert message(tmp_path / "film.mp4") == "film.mp4 is a file, expected the folder of a capture"


def test_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert message(tmp_path / "empty") == (
        "empty: no images in this folder, expected transforms.json and the images it names"
    )


def test_images_without_a_description(tiny_capture: Path) -> None:
    (tiny_capture / "transforms.json").unlink()
    assert message(tiny_capture) == (
        "tiny: nothing beside the images says where the cameras are, expected "
        + "; or ".join(f"{reader.expects} ({reader.name})" for reader in READERS)
    )


def test_unreadable_image(tiny_capture: Path) -> None:
    (tiny_capture / "images" / "t001_cam00.png").write_bytes(b"not a picture")
    assert message(tiny_capture) == "tiny/images/t001_cam00.png: not a readable image"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "not valid JSON (line 1), expected the cameras of a capture."),
        ('{"frames": [\n1,]}', "not valid JSON (line 2), expected the cameras of a capture."),
        ("[]", "expected a JSON object, found list"),
        ("{}", "no frames, expected a list 'frames' with one object a picture"),
        ('{"frames": []}', "no frames, expected a list 'frames' with one object a picture"),
        ('{"frames": [{}]}', "frame 0 has no file_path"),
        ("[" * 100_000, "not valid JSON: lists too deep, expected the cameras of a capture."),
    ],
)
def test_damaged_description(tiny_capture: Path, text: str, complaint: str) -> None:
    (tiny_capture / "transforms.json").write_text(text)
    assert message(tiny_capture) == f"tiny/transforms.json: {complaint}"


def test_description_that_is_not_text(tiny_capture: Path) -> None:
    (tiny_capture / "transforms.json").write_bytes(b"\xff\xfe\x00")
    assert (
        message(tiny_capture)
        == "tiny/transforms.json: not a text in UTF-8 or UTF-16, expected the cameras of a capture."
    )


def drop(*names: str) -> Any:
    return lambda data: [data.pop(name) for name in names]


def frame_with(**values: Any) -> Any:
    return lambda data: data["frames"][1].update(values)


IDENTITY = np.eye(4).tolist()
SINGULAR = [[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]
STRETCHED = np.diag([2.0, 2.0, 2.1, 1.0]).tolist()
SHEARED = [[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
PROJECTIVE = [*np.eye(4).tolist()[:3], [0, 0.1, 0, 1]]
TURNED = np.array([[0, -0.6, 0.8, 3], [1, 0, 0, -4], [0, 0.8, 0.6, 0.5], [0, 0, 0, 1]])
NAN = [[float("nan"), 0, 0, 0], *IDENTITY[1:]]
FILE, FRAME = "tiny/transforms.json: ", "tiny/transforms.json: images/t000_cam01.png: "


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            drop("fl_x"),
            "tiny/transforms.json: images/t000_cam00.png: no intrinsics, expected fl_x, fl_y, cx and cy in pixels, "
            "global or in each frame",
        ),
        (frame_with(fl_x=-3), FRAME + "the focal length is -3 pixels, expected more than 0"),
        (frame_with(fl_x="far"), FRAME + "fl_x is 'far', expected a number"),
        (frame_with(fl_x=None, camera_angle_x=4), FRAME + "camera_angle_x is 4, expected radians between 0 and pi"),
        (frame_with(cx=float("inf")), FRAME + "cx is inf, expected a number"),
        (
            frame_with(file_path="images/gone.png"),
            "tiny/images/gone.png: no such image, named by transforms.json (1 of 6 missing)",
        ),
        (
            frame_with(mask_path="masks/gone.png"),
            "tiny/masks/gone.png: no such mask, named by transforms.json (1 of 6 missing)",
        ),
        (frame_with(mask_path=3), FILE + "images/t000_cam01.png has a mask_path that is not text"),
        (
            frame_with(transform_matrix=SINGULAR),
            FRAME + "transform_matrix is singular, expected a rotation and a translation",
        ),
        *(
            (
                frame_with(transform_matrix=matrix),
                FRAME + "transform_matrix is not rigid, expected a rotation and a translation",
            )
            for matrix in (STRETCHED, SHEARED, PROJECTIVE)
        ),
        *(
            (
                frame_with(transform_matrix=(np.diag(signs) @ TURNED).tolist()),
                FRAME + "transform_matrix mirrors (its determinant is negative): the world, or the camera's axes, are "
                "left-handed; export the cameras right-handed, with OpenGL's axes",
            )
            for signs in ([-1, 1, 1, 1], [1, -1, 1, 1], [1, 1, -1, 1], [-1, -1, -1, 1])
        ),
        (frame_with(transform_matrix=NAN), FRAME + "transform_matrix holds values that are not finite"),
        (frame_with(transform_matrix=IDENTITY[:3]), FRAME + "transform_matrix is not a 4x4 matrix of numbers"),
        (frame_with(transform_matrix=[[1, 2], [3]]), FRAME + "transform_matrix is not a 4x4 matrix of numbers"),
        (frame_with(transform_matrix="identity"), FRAME + "transform_matrix is not a 4x4 matrix of numbers"),
        (
            frame_with(transform_matrix=[[10**400, 0, 0, 0], *IDENTITY[1:]]),
            FRAME + "transform_matrix holds values that are not finite",
        ),
        (frame_with(transform_matrix=None), FRAME + "transform_matrix is not a 4x4 matrix of numbers"),
        (
            lambda data: data.update(w=48),
            "tiny/images/t000_cam00.png: the image has 24x16 pixels, transforms.json says 48x16",
        ),
        (
            lambda data: data.update(w=16, h=24),
            "tiny/images/t000_cam00.png: the image has 24x16 pixels, transforms.json says 16x24: w and h seem "
            "to be exchanged",
        ),
        (
            lambda data: data.update(w=48, h=32),
            "tiny/images/t000_cam00.png: the image has 24x16 pixels, transforms.json says 48x32: the camera is of "
            "pictures 2 times as large; its fl_x, fl_y, cx and cy too?",
        ),
        (
            frame_with(timestep_index=-1),
            FILE + "images/t000_cam01.png has the timestep_index -1, expected a whole number from 0 on",
        ),
        (lambda data: data.update(timestep_indices=7), FILE + "timestep_indices is not a list of whole numbers"),
        (
            lambda data: data.update(k1=-90.0),
            FILE
            + "images/t000_cam00.png: this lens distortion folds the picture 2 pixels from its middle; check k1, k2, "
            "p1 and p2",
        ),
        (
            frame_with(distortion_params=[0, 0.5]),
            FILE
            + "lens distortion (distortion_params = [0, 0.5]) is not understood, expected k1, k2, p1, p2 and k3 of "
            "OpenCV, or k1 to k4 of a fisheye: undistort the images first",
        ),
        (
            lambda data: data.update(camera_model="FOV"),
            FILE + "camera_model 'FOV' is not supported: undistort the images first and use 'PINHOLE'",
        ),
        (lambda data: data.update(train_filenames=[]), FILE + "no training frames, train_filenames is empty"),
        (drop("train_filenames"), FILE + "no training frames, train_filenames is empty"),
        (lambda data: data.update(val_filenames="all"), FILE + "val_filenames is not a list of file names"),
        (
            lambda data: data["val_filenames"].append("images/other.png"),
            FILE + "val_filenames names 'images/other.png', which is not the file_path of a frame",
        ),
    ],
)
def test_contradictions(tiny_capture: Path, edit_transforms: Any, change: Any, expected: str) -> None:
    edit_transforms(change)
    assert message(tiny_capture) == expected


def test_mask_of_another_size(tiny_capture: Path) -> None:
    from PIL import Image

    Image.new("L", (12, 8)).save(tiny_capture / "masks" / "t001_cam00.png")
    assert message(tiny_capture) == (
        "tiny/masks/t001_cam00.png: the mask has 12x8 pixels, its image t001_cam00.png has 24x16"
    )


def test_numbers_beyond_any_picture(tiny_capture: Path) -> None:
    path = tiny_capture / "transforms.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fl_x": 10**400}))
    assert message(tiny_capture) == "tiny/transforms.json: images/t000_cam00.png: fl_x is inf, expected a number"
