"""An avatar without any capture: what it looks like from every side, and whether its skin is skin there."""

from __future__ import annotations

import json
from pathlib import Path

from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.scoring.skin_check import SkinCheck, check_skin
from splatavatar.bake.scoring.views import views_picture
from splatavatar.output import atomic_write, make_folder
from splatavatar.png import encode_png

FIGURES, SKIN, VIEWS = "skin.json", "skin.png", "views.png"


def evaluate_views(renderer: Renderer, out: Path) -> SkinCheck:
    """Tests the skin of the avatar of ``renderer`` and writes ``out/skin.json``, ``out/skin.png``, ``out/views.png``.

    Raises:
        RigError: see ``check_skin``.
        OutputError: a result cannot be written.
    """
    tested = check_skin(renderer)
    make_folder(out)
    for name, picture in ((SKIN, tested.sheet), (VIEWS, views_picture(renderer))):
        with atomic_write(out / name) as file:
            file.write(encode_png(picture))
    with atomic_write(out / FIGURES) as file:
        file.write((json.dumps(tested.as_json(), indent=1) + "\n").encode())
    return tested
