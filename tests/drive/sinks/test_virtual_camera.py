from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from splatavatar.drive.sinks.virtual_camera import VirtualCamera
from splatavatar.errors import DependencyError, OutputError


def test_says_what_is_missing_without_a_device() -> None:
    pytest.importorskip("pyvirtualcam")
    with pytest.raises(DependencyError) as caught:
        VirtualCamera(64, 64, device="/dev/video-that-is-not-there")
    message = str(caught.value)
    assert message.startswith("no virtual camera device /dev/video-that-is-not-there that is free was found; ")
    assert message.count("\n") == 0 and message.endswith(".")


def test_says_what_is_missing_without_the_package() -> None:
    program = (
        "import sys; sys.modules['pyvirtualcam'] = None\n"
        "from splatavatar.drive.sinks.virtual_camera import VirtualCamera\n"
        "from splatavatar.errors import DependencyError\n"
        "try: VirtualCamera(64, 64)\n"
        "except DependencyError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert 'pip install ".[live]"' in said


def test_pictures_reach_a_device_that_is_there() -> None:
    pytest.importorskip("pyvirtualcam")
    try:
        camera = VirtualCamera(64, 64)
    except DependencyError as error:
        pytest.skip(str(error))
    try:
        for channels in (3, 4):
            camera.write(np.zeros((64, 64, channels), np.uint8), 0.0, 0.0)
    except OutputError as error:
        pytest.fail(str(error))
    finally:
        camera.close()
