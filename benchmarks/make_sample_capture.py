"""Cut data/sample-capture out of a larger capture with rig parameters: ``make_sample_capture.py CAPTURE``."""

from __future__ import annotations

import argparse
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PATH = Path(__file__).parents[1] / "data" / "sample-capture"

# Neutral, jaw open, tongue, blink, smile, brows up and down, pucker, funnel, frown, jaw and lips to the sides, gaze:
# chosen greedily so that each facial action comes near its largest value in the source, then 24 for eyelids that close
# without a smile.
TRAIN = (0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 17, 20, 21, 22, 23, 24)
TEST = (26, 31)
VAL_CAMERAS = (3,)
QUALITY = 88
DROPPED = ("vertices", "faces")
"""arrays of the rig parameters that follow from the others"""


def cut(source: Path, target: Path) -> None:
    """Write the timesteps TRAIN + TEST of the capture ``source`` to the folder ``target``."""
    data = json.loads((source / "transforms.json").read_text())
    timesteps = TRAIN + TEST
    shutil.rmtree(target, ignore_errors=True)
    frames: list[dict[str, Any]] = []
    splits: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for frame in data["frames"]:
        if frame["timestep_index"] not in timesteps:
            continue
        timestep, camera = timesteps.index(frame["timestep_index"]), frame["camera_index"]
        image, mask = f"images/t{timestep:02d}_cam{camera:02d}.jpg", f"masks/t{timestep:02d}_cam{camera:02d}.png"
        _write(source / frame["file_path"], target / image, "RGB", quality=QUALITY, subsampling=0, optimize=True)
        _write(source / frame["mask_path"], target / mask, "L", optimize=True)
        frames.append(
            frame
            | {"file_path": image, "mask_path": mask, "fg_mask_path": mask, "timestep_index": timestep}
            | {"time": float(timestep)}
        )
        new = timestep >= len(TRAIN)
        splits["test" if new else "val" if camera in VAL_CAMERAS else "train"].append(image)
    head = {name: value for name, value in data.items() if name not in ("frames", *(f"{s}_filenames" for s in splits))}
    head |= {"timestep_indices": list(range(len(timesteps)))}
    head |= {f"{split}_filenames": names for split, names in splits.items()}
    head |= {"frames": sorted(frames, key=lambda frame: str(frame["file_path"]))}
    (target / "transforms.json").write_text(json.dumps(head, indent=1) + "\n")
    with np.load(source / "rig_params.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name not in DROPPED}
    for name in ("facial_actions", "neck_rotvec"):
        arrays[name] = arrays[name][list(timesteps)]
    np.savez_compressed(target / "rig_params.npz", **arrays)


def _write(source: Path, target: Path, mode: str, **options: Any) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    with Image.open(source) as image:
        image.convert(mode).save(buffer, "JPEG" if target.suffix == ".jpg" else "PNG", **options)
    target.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("capture", type=Path)
    cut(parser.parse_args().capture, PATH)
    size = sum(file.stat().st_size for file in PATH.rglob("*") if file.is_file())
    print(f"{PATH}: {size / 1e6:.2f} MB")
