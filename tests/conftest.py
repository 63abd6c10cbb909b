"""What a run says of shared inputs, what tests of several folders need, and small captures."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

# Before numpy and torch are imported, here and in what the tests start. Their matrices are small, and threads that wait
# for their share of one spin: beside other work a tracking took five times the CPU.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Keys are made at first use: not among those of whoever runs the tests.
os.environ["SPLATAVATAR_CONFIG"] = tempfile.mkdtemp(prefix="splatavatar-tests-")

import numpy as np
import pytest

from splatavatar.errors import DependencyError
from splatavatar.render import _native
from splatavatar.trust.credentials.certificate import own_certificate
from splatavatar.viewer.site import load_site
from support import shared as inputs
from support.shared import ABSENT, shared

atexit.register(shutil.rmtree, os.environ["SPLATAVATAR_CONFIG"], ignore_errors=True)

ROOT = Path(__file__).parents[1]
SAMPLE_CAPTURE = ROOT / "data" / "sample-capture"

for ignored in ("SIGINT", "SIGHUP", "SIGQUIT"):
    # As in jobs of a shell's background or under nohup: what the tests start would not hear of their end either.
    number = getattr(signal, ignored, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if ignored == "SIGINT" else signal.SIG_DFL)

EditJson = Callable[[Callable[[dict[str, Any]], object]], None]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    inputs.running = item
    try:
        return (yield)
    finally:
        inputs.running = None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many tests read shared inputs, and how many were skipped for the want of one."""
    stats = terminalreporter.stats
    absent = sum(ABSENT in str(report.longrepr) for report in stats.get("skipped", []))
    ran = sum("shared" in report.keywords for name in ("passed", "failed") for report in stats.get(name, []))
    if absent or ran:
        terminalreporter.write_line(f"../shared: {ran} tests read it, {absent} were skipped for the want of it")


@pytest.fixture(params=_native.instruction_sets())
def instruction_set(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each that this machine has; the native kernels are of that one while the test runs."""
    best = _native.instruction_set()
    _native.select_instruction_set(request.param)
    yield request.param
    _native.select_instruction_set(best)


@pytest.fixture(scope="session", autouse=True)
def certificate() -> None:
    """The first command that writes a picture makes one and says so: here it is there."""
    with suppress(DependencyError):
        own_certificate()


@pytest.fixture(scope="session")
def built() -> None:
    """The page is built, or the test is skipped and says how to build it."""
    try:
        load_site()
    except DependencyError as error:
        pytest.skip(str(error))


@pytest.fixture
def sample_capture() -> Path:
    """Folder of the capture that comes with the project."""
    return SAMPLE_CAPTURE


@pytest.fixture
def subject_a() -> Path:
    """Folder of the full capture, with the true vertices of every timestep."""
    return shared("captures/subject-a")


@pytest.fixture
def tiny_capture(tmp_path: Path) -> Path:
    """Folder of a capture: 3 timesteps x 2 cameras, 24x16 pixels; timestep 1 of camera 1 is val, timestep 2 is test.

    Camera 0 stands 1 m in front of the face (Anny's world: at y = -1) and looks along +Y; camera 1 stands 1 m to the
    subject's left.
    """
    from PIL import Image

    root = tmp_path / "tiny"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    front = [[1, 0, 0, 0], [0, 0, -1, -1], [0, 1, 0, 0], [0, 0, 0, 1]]
    left = [[0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    rng = np.random.default_rng(0)
    frames = []
    for timestep in range(3):
        for camera, matrix in enumerate((front, left)):
            stem = f"t{timestep:03d}_cam{camera:02d}"
            matte = np.zeros((16, 24), np.uint8)
            matte[4:12, 6:18] = 255
            matte[3, 6:18] = 128
            Image.fromarray(rng.integers(0, 256, (16, 24, 3), np.uint8)).save(root / "images" / f"{stem}.png")
            Image.fromarray(matte).save(root / "masks" / f"{stem}.png")
            frames.append(
                {
                    "file_path": f"images/{stem}.png",
                    "mask_path": f"masks/{stem}.png",
                    "transform_matrix": matrix,
                    "timestep_index": timestep,
                    "camera_index": camera,
                }
            )
    names = [frame["file_path"] for frame in frames]
    data = {"w": 24, "h": 16, "fl_x": 40.0, "fl_y": 41.0, "cx": 12.5, "cy": 8.25, "k1": 0, "frames": frames}
    data |= {"train_filenames": names[:3], "val_filenames": names[3:4], "test_filenames": names[4:]}
    (root / "transforms.json").write_text(json.dumps(data))
    write_rig_params(root / "rig_params.npz")
    return root


@pytest.fixture
def edit_transforms(tiny_capture: Path) -> EditJson:
    """``edit_transforms(change)`` applies ``change`` to the parsed transforms.json of ``tiny_capture``."""

    def edit(change: Callable[[dict[str, Any]], object]) -> None:
        path = tiny_capture / "transforms.json"
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return edit


@pytest.fixture
def edit_rig_params(tiny_capture: Path) -> Callable[..., None]:
    """``edit_rig_params(name=array, ...)`` replaces arrays in its rig_params.npz; None drops one."""
    return lambda **changes: write_rig_params(tiny_capture / "rig_params.npz", **changes)


def write_rig_params(path: Path, **changes: Any) -> None:
    arrays: dict[str, Any] = {
        "rig": np.array("anny-head"),
        "phenotype_names": np.array(["gender", "age"]),
        "phenotype": np.array([0.25, 0.5], np.float32),
        "local_change_names": np.array(["chin-prominent-incr"]),
        "local_changes": np.array([0.75], np.float32),
        "facial_action_names": np.array(["jawOpen", "mouthPucker"]),
        "facial_actions": np.array([[0, 0], [0.5, 0], [0, 1]], np.float32),
        "neck_rotvec": np.array([[0, 0, 0], [0.25, 0.5, 1], [0, 0, 0]], np.float32),
    } | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
