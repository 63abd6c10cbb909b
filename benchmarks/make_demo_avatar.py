"""Make ``splatavatar/avatar/data/demo.splatavatar``, the avatar named ``demo``.

``python benchmarks/make_demo_avatar.py``: the clip of ``data/made-person``, CC0, baked as any video. Few Gaussians, for
a file below 4 MB. ``--metadata`` bakes nothing and says anew what the file says of the face.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from splatavatar import __file__ as package
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.consent import SCOPES, Consent
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.bake import settings
from splatavatar.cli.app import main as splatavatar

CLIP = Path(__file__).parents[1] / "data" / "made-person" / "clip.mp4"
PATH = Path(package).parent / "avatar" / "data" / "demo.splatavatar"
GAUSSIANS = 28_000
STEPS = 4_000
LARGEST = 4_000_000
CONSENT = Consent(
    subject="Nobody: a face made of CC0 assets",
    given_by="the makers of splatavatar",
    how="rendered from the assets that data/made-person/README.md names; there is no person whom it shows",
    date=datetime.date(2026, 11, 27),
    scope=frozenset(SCOPES),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--metadata", action="store_true", help="only name and record of consent, of what is there")
    options = parser.parse_args()
    if options.metadata:
        write(load_avatar(PATH))
        return
    if options.into is not None:
        settings.PRESETS["balanced"] = replace(settings.PRESETS["balanced"], gaussians=GAUSSIANS)
        sys.argv = ["splatavatar", "bake", str(CLIP), "-o", str(options.into), "--iterations", str(STEPS)]
        splatavatar()
        return
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "demo.splatavatar"
        # A process of its own, so that the avatar baked last stays what it was.
        subprocess.run(
            [sys.executable, __file__, "--into", str(into)],
            env={**os.environ, "SPLATAVATAR_HOME": folder},
            check=True,
        )
        avatar = load_avatar(into)
    write(avatar)


def write(avatar: Avatar) -> None:
    """Write ``avatar`` as the one named demo."""
    PATH.parent.mkdir(exist_ok=True)
    save_avatar(PATH, replace(avatar, metadata={**avatar.metadata, "name": "demo", "consent": CONSENT.to_json()}))
    size = PATH.stat().st_size
    print(f"{PATH.name}: {len(avatar.gaussians)} Gaussians, {size} bytes")
    if size > LARGEST:
        sys.exit(f"larger than {LARGEST} bytes")


if __name__ == "__main__":
    main()
