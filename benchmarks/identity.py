"""Whether renders from aside are still the person: ``python benchmarks/identity.py DIR``.

``DIR`` is what ``one_camera.py`` wrote: truth and renders of every camera, with its azimuth. Two measures, means over
the pictures of a camera in which a face was found in both:

*Shape*: MediaPipe's 478 points of truth and of render in three dimensions, the latter brought onto the former by the
similarity that fits best (Umeyama 1991): their mean distance, as a share of that between the outer corners of the eyes.

*Descriptor*: the distance between the 128 numbers that dlib's face recognition network makes of each; below 0.6 it
calls two pictures those of one person. It sees the face alone. Wants ``pip install dlib-bin`` and the two model files
of the package ``face-recognition-models`` (public domain): ``--models FOLDER`` says where they lie. Without it the
column is left out.

For comparison the column *moments* has the descriptor's mean distance between true pictures of the camera at different
moments: what expressions alone cost.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from person_table import similarity
from rich import box
from rich.console import Console
from rich.table import Table
from video_table import on_grey

from splatavatar.array_types import Doubles
from splatavatar.capture.faces.landmarks import detect_pictures
from splatavatar.models import locate

CORNERS = 33, 263
"""points at the outer corners of the eyes"""
CHIN, BROWS = 152, (105, 334)
PREDICTOR, NETWORK = "shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"

Picture = NDArray[np.uint8]
Descriptor = Callable[[Picture, Doubles], Doubles]
"""of a picture (H, W, 3) and the points (478, 2) of the face in it"""


def shape_distance(truth: Doubles, render: Doubles) -> float:
    """Mean distance of points (P, 3) after the best similarity, as a share of the eye span of ``truth``."""
    over = similarity(render, truth)
    away = np.linalg.norm(render @ over[:3, :3].T + over[:3, 3] - truth, axis=1)
    return float(away.mean() / np.linalg.norm(truth[CORNERS[0]] - truth[CORNERS[1]]))


def dlib_descriptor(folder: Path) -> Descriptor:
    """The descriptor of dlib's network, whose two files lie in ``folder``."""
    import dlib  # type: ignore[import-not-found,unused-ignore]

    predictor = dlib.shape_predictor(str(folder / PREDICTOR))
    network = dlib.face_recognition_model_v1(str(folder / NETWORK))

    def descriptor(picture: Picture, points: Doubles) -> Doubles:
        # The box that dlib's detector draws: from the brows to the chin, as wide as high.
        top, bottom = points[list(BROWS), 1].mean(), points[CHIN, 1]
        middle, half = points[:, 0].mean(), (bottom - top) / 2
        left, right = round(middle - half), round(middle + half)
        found = predictor(picture, dlib.rectangle(left, round(top), right, round(bottom)))
        return np.asarray(network.compute_face_descriptor(picture, found, 5, 0.25), np.float64)

    return descriptor


def pictures_of(folder: Path) -> tuple[list[Picture], list[Picture]]:
    """True pictures and renders of one camera's ``folder``."""
    names = [path.name for path in sorted((folder / "truth").glob("*.png"))]
    truth, renders, masks = ([folder / kind / name for name in names] for kind in ("truth", "renders", "masks"))
    return list(on_grey(truth, masks)), list(on_grey(renders, None))


def faces_of(pictures: list[Picture], bundle: Path) -> list[Doubles | None]:
    """The points (478, 3) of the face in each of the ``pictures``, pixels; None where none was found."""
    return [None if row is None else row["points"].astype(np.float64) for row in detect_pictures(pictures, bundle)]


def row_of(folder: Path, bundle: Path, descriptor: Descriptor | None) -> dict[str, Any]:
    """The measures of the camera whose pictures are in ``folder``."""
    truth, renders = pictures_of(folder)
    shapes: list[float] = []
    own: list[Doubles] = []
    made: list[Doubles] = []
    found = zip(truth, renders, faces_of(truth, bundle), faces_of(renders, bundle), strict=True)
    for picture, render, seen, drawn in found:
        if seen is None or drawn is None:
            continue
        shapes.append(shape_distance(seen, drawn))
        if descriptor is not None:
            own.append(descriptor(picture, seen[:, :2]))
            made.append(descriptor(render, drawn[:, :2]))
    distances = {
        "shape": shapes,
        "descriptor": [float(np.linalg.norm(a - b)) for a, b in zip(own, made, strict=True)],
        "moments": [float(np.linalg.norm(a - b)) for a, b in combinations(own, 2)],
    }
    means = {name: float(np.mean(values)) for name, values in distances.items() if values}
    return {"pictures": len(truth), "found": len(shapes), **means}


def table_of(rows: Sequence[dict[str, Any]]) -> Table:
    """The ``rows`` by azimuth."""
    table = Table(
        "camera", "azimuth", "found", "shape, % of the eye span", "descriptor", "moments", box=box.SIMPLE_HEAD
    )
    for row in sorted(rows, key=lambda row: float(row["azimuth"])):
        shape = f"{100 * row['shape']:.2f}" if "shape" in row else ""
        rest = (f"{row[name]:.3f}" if name in row else "" for name in ("descriptor", "moments"))
        table.add_row(str(row["camera"]), f"{row['azimuth']:.0f}", f"{row['found']} / {row['pictures']}", shape, *rest)
    return table


def main() -> None:
    """Prints the table and writes ``DIR/identity.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--models", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    bundle = locate("face_landmarker")
    descriptor = None if asked.models is None else dlib_descriptor(asked.models)
    cameras = json.loads((asked.folder / "figures.json").read_text())["cameras"]
    folders = {camera["camera"]: asked.folder / f"camera-{camera['camera']:02d}" for camera in cameras}
    rows = [{**c, **row_of(folders[c["camera"]], bundle, descriptor)} for c in cameras]
    (asked.folder / "identity.json").write_text(json.dumps(rows, indent=1))
    Console().print(table_of(rows))


if __name__ == "__main__":
    main()
