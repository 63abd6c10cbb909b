from __future__ import annotations

import json
import pickle
from pathlib import Path

from splatavatar.rig.body_models.model_file import FLAME
from support.body_models import arrays_of, pickled


def test_what_a_file_of_flame_holds(run, tmp_path: Path) -> None:
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickled(arrays_of(FLAME, 400), 2, python2=True))
    done = run("rig", "inspect", str(path))
    assert done.returncode == 0
    lines = dict(
        line.split(maxsplit=1) for line in done.stdout.splitlines() if line.split()[0] in ("model", "vertices")
    )
    assert lines == {"model": "FLAME", "vertices": "5023"}
    facts = json.loads(run("rig", "inspect", str(path), "--json").stdout)
    assert (facts["form"], facts["joints"], facts["pose correctives"]) == ("pickle", 5, 36)
    assert (facts["shape coefficients"], facts["expression coefficients"]) == (300, 100)
    assert facts["width, height, depth"] == [0.2, 0.2, 0.2] and facts["most joints of a vertex"] == 4


def test_other_files_end_with_one_sentence(run, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> object:
            return print, ("run",)

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"v_template": Payload()}))
    done = run("rig", "inspect", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "it asks for builtins.print: this is no file of FLAME or SMPL-X, and was not opened." in done.stderr
    path.write_text("hello")
    done = run("rig", "inspect", str(path))
    assert done.returncode == 2 and "a damaged pickle, expected a body model." in done.stderr
