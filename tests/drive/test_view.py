from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.view import camera_from_file
from splatavatar.errors import SettingsError

CAMERA: dict[str, Any] = {
    "T_camera_world": [[1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, -1, 2], [0, 0, 0, 1]],
    "K": [[500, 0, 320], [0, 500, 240], [0, 0, 1]],
    "width": 640,
    "height": 480,
}


FOCAL = "pixels; expected 32 to 640000 for a picture of 640x480."


def placed(x: float, last: float = 1.0) -> list[list[float]]:
    return [[1, 0, 0, x], [0, -1, 0, 1.5], [0, 0, -1, 2], [0, 0, 0, last]]


def test_reads_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    path.write_text(json.dumps(CAMERA))
    camera = camera_from_file(path)
    np.testing.assert_array_equal(camera.T_camera_world, CAMERA["T_camera_world"])
    np.testing.assert_array_equal(camera.K, CAMERA["K"])
    assert (camera.width, camera.height) == (640, 480)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"K": None}, "K must be 3x3 finite numbers."),
        ({"K": [[500, 0], [0, 500]]}, "K must be 3x3 finite numbers."),
        ({"K": [[0, 0, 0], [0, 500, 0], [0, 0, 1]]}, "the focal lengths K[0][0] and K[1][1] must be above 0."),
        ({"T_camera_world": "identity"}, "T_camera_world must be 4x4 finite numbers."),
        ({"T_camera_world": [[0] * 4] * 4}, "the upper 3x3 of T_camera_world is not a rotation."),
        ({"K": [[1e-300, 0, 320], [0, 500, 240], [0, 0, 1]]}, f"a focal length of 1e-300 {FOCAL}"),
        ({"K": [[500, 0, 320], [0, 1e300, 240], [0, 0, 1]]}, f"a focal length of 1e+300 {FOCAL}"),
        ({"K": [[10**400, 0, 320], [0, 500, 240], [0, 0, 1]]}, "K must be 3x3 finite numbers."),
        ({"K": [["500", 0, 320], [0, 500, 240], [0, 0, 1]]}, "K must be 3x3 finite numbers."),
        (
            {"K": [[500, 0, 9e8], [0, 500, 240], [0, 0, 1]]},
            "the principal point (9e+08, 240) is nowhere near a picture of 640x480.",
        ),
        (
            {"K": [[500, 7, 320], [0, 500, 240], [0, 0, 1]]},
            "K must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]: there is no skew.",
        ),
        ({"T_camera_world": placed(1e300)}, "T_camera_world is beyond 1000 metres."),
        ({"T_camera_world": placed(0.0, 2.0)}, "the last row of T_camera_world must be 0, 0, 0, 1."),
        ({"T_camera_world": [[1e200] * 4] * 4}, "the upper 3x3 of T_camera_world is not a rotation."),
        ({"width": 10**400}, "width must be a whole number of pixels between 1 and 8192, got inf."),
        ({"width": 0}, "width must be a whole number of pixels between 1 and 8192, got 0."),
        ({"height": 12.5}, "height must be a whole number of pixels between 1 and 8192, got 12.5."),
    ],
)
@pytest.mark.filterwarnings("error")
def test_refuses_a_camera_file(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "camera.json"
    path.write_text(json.dumps({**CAMERA, **changes}))
    with pytest.raises(SettingsError) as caught:
        camera_from_file(path)
    assert str(caught.value) == f"{path}: {message}"


def test_refuses_files_that_are_no_camera(tmp_path: Path) -> None:
    path = tmp_path / "camera.json"
    with pytest.raises(SettingsError) as caught:
        camera_from_file(path)
    assert str(caught.value) == f"{path}: no such file, expected a camera."
    path.write_text("{")
    with pytest.raises(SettingsError) as caught:
        camera_from_file(path)
    assert str(caught.value) == f"{path}: not valid JSON (line 1), expected a camera."
    path.write_text('{"K": 1, "width": 2}')
    with pytest.raises(SettingsError) as caught:
        camera_from_file(path)
    assert str(caught.value) == (
        f"{path}: a camera needs T_camera_world, K, width, height; missing: T_camera_world, height."
    )
