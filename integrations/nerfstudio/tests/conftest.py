"""The operators of torchvision, before anything imports it, and a small capture."""

from __future__ import annotations

import os

# Before numpy and torch are imported, here and in what the tests start.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import shutil
from pathlib import Path

import pytest
from launch import declare_torchvision_operators

DECLARED = declare_torchvision_operators()
SAMPLE_CAPTURE = Path(__file__).parents[3] / "data" / "sample-capture"
TRAINED, TESTED = range(6), (16,)
"""timesteps of the sample capture"""


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample capture with six timesteps to train on, seen by nine cameras and held out of a tenth, and one of test.

    It is the seventh of those that are left.
    """
    folder = tmp_path_factory.mktemp("made") / "ada"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    shutil.copy(SAMPLE_CAPTURE / "rig_params.npz", folder)
    described = json.loads((SAMPLE_CAPTURE / "transforms.json").read_text())
    frames = [frame for frame in described["frames"] if frame["timestep_index"] in (*TRAINED, *TESTED)]
    names = {frame["file_path"] for frame in frames}
    for name in names | {frame["mask_path"] for frame in frames}:
        shutil.copy(SAMPLE_CAPTURE / name, folder / name)
    described["frames"] = frames
    for split in ("train_filenames", "val_filenames", "test_filenames"):
        described[split] = [name for name in described[split] if name in names]
    (folder / "transforms.json").write_text(json.dumps(described))
    return folder
