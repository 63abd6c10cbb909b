from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.drive.performer import Performer
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.gaussians.formats.ply import read_ply
from splatavatar.gaussians.formats.splat import RECORD
from support.gltf_files import read_gltf
from support.small_avatar import small_avatar
from support.spz_files import read_spz

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_page_in_one_file(built: None, run: Run, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "me.html"
    done = run("export", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{out}: {out.stat().st_size / 1e6:.1f} MB, opens in a browser\n"
    for options in (["--frame", "3"], ["--expression-limit", "off"]):
        done = run("export", files / "small.splatavatar", *options, "-o", out)
        said = "--frame and --expression-limit are for splats; the page has controls for both."
        assert (done.returncode, done.stderr) == (2, f"Error: {said}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["me.html", "me.html.c2pa"]


def positions(path: Path) -> np.ndarray:
    """Those of the splats in a file (N, 3)."""
    if path.suffix == ".ply":
        return read_ply(path)[0].mean
    if path.suffix == ".spz":
        return read_spz(path).position
    if path.suffix == ".splat":
        return np.frombuffer(path.read_bytes(), RECORD)["mean"]
    return read_gltf(path).attributes()["POSITION"]


@pytest.mark.parametrize("name", ["me.ply", "me.spz", "me.splat", "me.glb", "me.gltf"])
def test_a_pose_of_a_recording(run: Run, files: Path, tmp_path: Path, name: str) -> None:
    options = ("--signal", files / "signal.npz", "--frame", "7", "--expression-limit", "off")
    done = run("export", files / "small.splatavatar", *options, "-o", name)
    avatar = load_avatar(files / "small.splatavatar")
    assert (done.returncode, done.stdout) == (0, f"{name}: {len(avatar.gaussians)} Gaussians\n")
    lost = "A .splat cannot hold what of the colours depends on the view.\n" if name == "me.splat" else ""
    assert done.stderr == lost
    performer = Performer(avatar, limit=None)
    posed, _ = performer.renderer.gaussians(performer.pose(read_signal(files / "signal.npz").frame(7)))
    rest, _ = performer.renderer.gaussians(performer.pose(None))
    np.testing.assert_allclose(positions(tmp_path / name), posed.mean, atol=1e-6)
    assert np.abs(posed.mean - rest.mean).max() > 1e-3


def test_the_mesh(run: Run, files: Path, tmp_path: Path) -> None:
    done = run("export", files / "small.splatavatar", "--mesh", "-o", "new/me.glb")
    faces = len(small_avatar().rig.faces)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"new/me.glb: {faces} triangles, 5 joints, 52 morph targets\n"
    assert len(read_gltf(tmp_path / "new/me.glb").json["skins"]) == 1


def test_the_licence_goes_with_it(run: Run, tmp_path: Path) -> None:
    avatar = small_avatar()
    licence = "Body model of somebody: research only."
    save_avatar(tmp_path / "a.splatavatar", replace(avatar, rig=replace(avatar.rig, licence=licence)))
    for name, options in (("a.ply", []), ("a.spz", []), ("a.glb", []), ("a.gltf", []), ("b.glb", ["--mesh"])):
        done = run("export", "a.splatavatar", "-o", name, *options)
        said = f"Who gets this avatar gets arrays of its body model. {licence}\n"
        assert (done.returncode, done.stderr) == (0, said)
        assert licence.encode() in (tmp_path / name).read_bytes()
    done = run("export", "a.splatavatar", "-o", "a.splat")
    said = "A .splat cannot hold what of the colours depends on the view, nor the licence of the body model: "
    assert done.stderr == f"{said}{licence}\n"


def test_bad_input(run: Run, files: Path, tmp_path: Path) -> None:
    avatar = files / "small.splatavatar"
    suffixes = ".ply, .spz, .splat, .glb, .gltf or .html"
    for arguments, said in (
        ((avatar, "-o", "a.txt"), f"a.txt: an avatar is exported as {suffixes}."),
        ((avatar, "-o", "a"), f"a: an avatar is exported as {suffixes}."),
        ((avatar, "-o", "a.ply", "--audio", files / "signal.npz"), "--audio is for .html: a .ply makes no sound."),
        ((avatar, "-o", "a.ply", "--mood", "happy"), "--mood is for .html with --audio, not for .ply."),
        ((avatar, "-o", "a.html", "--mood", "happy"), "--mood is that of a face which a voice moves; it needs --audio"),
        ((avatar, "-o", "a.spz", "--mesh"), "--mesh is for .glb and .gltf, not for .spz."),
        (
            (avatar, "-o", "a.glb", "--mesh", "--signal", files / "signal.npz"),
            "--signal, --frame and --expression-limit are for splats; a mesh has every expression.",
        ),
        ((avatar, "-o", "a.spz", "--signal", files / "signal.npz", "--frame", "12"), "no frame 12: the signal has 12"),
        (("none.splatavatar", "-o", "a.spz"), "none.splatavatar: no such file"),
        ((avatar, "-o", "/proc/a.spz"), "cannot write /proc/a.spz: its folder does not exist"),
    ):
        done = run("export", *arguments)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.startswith(f"Error: {said}") and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_avatar_beyond_the_numbers_of_a_format(run: Run, tmp_path: Path) -> None:
    avatar = small_avatar()
    far = replace(avatar.rig, template=avatar.rig.template + np.float32(5000), joints=avatar.rig.joints + 5000)
    save_avatar(tmp_path / "far.splatavatar", replace(avatar, rig=far))
    done = run("export", "far.splatavatar", "-o", "far.spz")
    said = "m, and .spz reaches 2047 m; .ply and .glb reach farther.\n"
    assert done.returncode == 2 and done.stderr.startswith("Error: cannot write far.spz: a Gaussian lies at 500")
    assert done.stderr.endswith(said) and not (tmp_path / "far.spz").exists()


@pytest.mark.parametrize(("options", "name"), [((), "me.ply"), (("--mesh",), "me.glb"), ((), "me.splat")])
def test_a_licence_of_the_body_model_is_said_once(
    run: Run, tmp_path: Path, options: tuple[str, ...], name: str
) -> None:
    whole = small_avatar()
    for kind, times in (("flame", 1), ("anny-head", int(name == "me.splat"))):
        rig = replace(whole.rig, kind=kind, licence="Allows research only.")
        save_avatar(tmp_path / "a.splatavatar", replace(whole, rig=rig))
        done = run("export", tmp_path / "a.splatavatar", *options, "-o", name)
        assert done.returncode == 0 and done.stderr.count("Allows research only.") == times
