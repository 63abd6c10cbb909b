"""A bake on FLAME of a capture with a known answer: ``python benchmarks/flame_bake.py --out DIR``.

The model has the official names and shapes and a face of our own (``tests/support/face_models.py``); the capture is
drawn from it in the layout of VHAP, 24 moments of 8 cameras, 400 pixels a side, of which one camera is held out as a
novel view, and 6 more moments as novel expressions (``tests/support/flame_scene.py``). Scores are those of
``splatavatar eval``, means of the pictures: of the whole picture, and of what the true matte shows.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rich.console import Console
from rich.table import Table

from splatavatar.avatar.file import load_avatar
from splatavatar.bake.run import bake
from splatavatar.bake.scoring.evaluate import evaluate
from splatavatar.bake.settings import BakeSettings
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME
from support.face_models import face_model
from support.flame_scene import write_vhap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the capture, the avatar and the renders")
    parser.add_argument("--budget", type=float, default=300.0, help="wall time of the bake, seconds")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    os.environ[VARIABLE] = str(face_model(FLAME).save(given.out))
    capture, out = given.out / "capture", given.out / "flame.splatavatar"
    if not capture.exists():
        write_vhap(capture)
    bake(BakeSettings(capture, out=out, rig="flame", budget_seconds=given.budget))
    table = Table("", "whole picture, dB", "what the matte shows, dB", "SSIM")
    for split, name in (("val", "novel view"), ("test", "novel expression")):
        mean = evaluate(load_avatar(out), capture, split, given.out / split)["mean"]
        table.add_row(name, f"{mean['psnr']:.1f}", f"{mean['psnr_masked']:.1f}", f"{mean['ssim']:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
