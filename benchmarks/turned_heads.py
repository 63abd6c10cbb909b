"""What a bake makes of sides that it did not see: ``python benchmarks/turned_heads.py VIDEO --out DIR``.

Of one video two avatars are baked: of the pictures in which the head is turned by at most ``--yaw`` degrees, and of
all. Both are then compared with the other pictures, each tracked with the avatar itself (*followed*; see ``splatavatar
eval``): what the first lacks is what the bake guesses worse than it sees. The second has seen some of these pictures.

``DIR`` gets both avatars with their reports, ``views.png`` of each, the pictures of both scores, and ``figures.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.run import bake
from splatavatar.bake.scoring.footage import evaluate_footage
from splatavatar.bake.scoring.views import views_picture
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.capture.preparation.prepare import PrepareOptions
from splatavatar.capture.video.extract import ExtractOptions
from splatavatar.capture.video.holdout import Holdout, parse_holdout

SCORES = {"psnr": ".2f", "psnr_masked": ".2f", "ssim": ".3f", "flip": ".3f", "alpha": ".4f"}


def scored(
    video: Path, holdout: Holdout, without: Holdout, folder: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """The mean scores, on the pictures that ``holdout`` keeps out, of an avatar baked without those of ``without``."""
    out = folder / f"{video.stem}.splatavatar"
    if not (options.reuse and out.is_file()):
        prepare = PrepareOptions(holdout=without)
        bake(
            BakeSettings(
                video,
                prepare=prepare,
                out=out,
                preset=options.preset,
                iterations=options.iterations,
                device=options.device,
                record_sources=True,
            )
        )
    avatar = load_avatar(out)
    Image.fromarray(views_picture(CpuRenderer(avatar))).save(folder / "views.png")
    # Of an avatar that has seen everything all pictures are its training pictures.
    split, chosen = ("test", ExtractOptions()) if without else ("train", holdout.kept_out(ExtractOptions()))
    found = evaluate_footage(avatar, video, split, folder / "eval", options=chosen)
    return {**found["mean"], "pictures": len(found["images"]), "landmarks_alone": found["landmarks_alone"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path, metavar="VIDEO")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--yaw", type=float, default=25.0, metavar="D", help="degrees")
    parser.add_argument("--preset", default="fast", choices=list(PRESETS))
    parser.add_argument("--iterations", type=int, metavar="N")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--reuse", action="store_true", help="score the avatars that DIR holds")
    options = parser.parse_args()
    holdout = parse_holdout(f"yaw:{options.yaw:g}")
    rows = {}
    for name, without in (("unseen", holdout), ("seen", Holdout())):
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        rows[name] = scored(options.video, holdout, without, folder, options)
    (options.out / "figures.json").write_text(json.dumps(rows, indent=1) + "\n")
    title = f"{options.video.stem}: {rows['unseen']['pictures']} pictures beyond {options.yaw:g} degrees, followed"
    table = Table("the turned head was", *SCORES, title=title, box=box.SIMPLE)
    for name, row in rows.items():
        table.add_row(name, *("-" if row[key] is None else format(row[key], form) for key, form in SCORES.items()))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
