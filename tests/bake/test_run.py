"""``splatavatar bake`` as people run it: whole, repeated, killed, interrupted, on a full disk."""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.avatar.file import load_avatar
from support.cut_capture import SIZE, write_cut_capture

ROOT = Path(__file__).parents[2]
SIGNALS = ROOT / "data" / "signals"
BAKE = ("--preset", "fast", "--iterations", "40")
DRIVER = """
import sys
import splatavatar.bake.training.job
from splatavatar.cli.app import main
splatavatar.bake.training.job.CHECKPOINT_SECONDS = 0.2
main()
"""
Process = subprocess.Popen[str]
Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample capture cut to 4 cameras x 4 timesteps at half size: 9 pictures train, 3 val, 4 test."""
    return write_cut_capture(tmp_path_factory.mktemp("captures") / "cut")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Process]:
    """``start(*arguments, folder, code=None, **options)``: the command, or Python ``code``, in a process of its own."""
    home = tmp_path_factory.mktemp("home")

    def call(*arguments: object, folder: Path, code: str | None = None, **options: object) -> Process:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        python = [sys.executable, *(("-m", "splatavatar") if code is None else ("-c", code))]
        environment = {**os.environ, "PYTHONPATH": path, "SPLATAVATAR_HOME": str(home), "SPLATAVATAR_THREADS": "2"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([*python, *map(str, arguments)], cwd=folder, env=environment, **pipes, **options)  # type: ignore[call-overload,no-any-return]

    return call


@pytest.fixture(scope="module")
def run(start: Callable[..., Process]) -> Callable[..., Done]:
    """As ``start``, to the end."""

    def call(*arguments: object, folder: Path, **options: object) -> Done:
        process = start(*arguments, folder=folder, **options)
        output, errors = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return call


@pytest.fixture(scope="module")
def baked(capture: Path, run: Callable[..., Done], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The avatar of an uninterrupted bake."""
    out = tmp_path_factory.mktemp("whole") / "head.splatavatar"
    done = run("bake", capture, "-o", out, *BAKE, folder=out.parent)
    assert done.returncode == 0, done.stderr
    # The first bake of a user makes their key, and says so.
    told = [line for line in done.stderr.splitlines() if not line.startswith("A key that signs your avatars was made")]
    assert "reading pictures" in told
    assert re.fullmatch(r"optimising +48% step 20 +\d+/s +\d+k Gaussians +loss 0\.\d{4}.*", told[-4])
    assert re.fullmatch(
        rf"{re.escape(str(out))}: \d+ Gaussians, \d\.\d MB, 40 steps, \d\d\.\d dB held out, \d+ s", told[-2]
    )
    assert told[-1] == f"{out.parent / 'head.report.html'}: the report"
    return out


def test_a_bake_leaves_an_avatar_and_a_report(baked: Path) -> None:
    avatar = load_avatar(baked)
    assert avatar.metadata["name"] == "head"
    assert avatar.metadata["capture"] == {"pictures": 9, "timesteps": 3}
    assert avatar.metadata["bake"]["iterations"] == 40
    assert 35_000 < len(avatar.gaussians) <= 40_000
    assert base64.b64decode(avatar.metadata["thumbnail"]).startswith(b"\x89PNG")
    assert sorted(file.name for file in baked.parent.iterdir()) == ["head.report.html", "head.splatavatar"]
    report = (baked.parent / "head.report.html").read_text()
    assert report.count("data:image/") >= 4  # thumbnail, views, sheets of val and test
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", report)
    assert not re.search(r"https?://(?!www\.w3\.org/)", report)  # the name space of SVG is a name, nothing is fetched


@pytest.mark.parametrize(("split", "count"), [("val", 3), ("test", 4)])
def test_scores_are_those_of_the_pictures_that_eval_writes(
    baked: Path, capture: Path, run: Callable[..., Done], tmp_path: Path, split: str, count: int
) -> None:
    done = run("eval", baked, capture, "--split", split, "-o", "scores", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    names = json.loads((capture / "transforms.json").read_text())[f"{split}_filenames"]
    stems = {Path(name).stem: name for name in names}
    assert len(stems) == count and set(metrics["images"]) == set(stems)
    assert {file.name for file in (tmp_path / "scores" / "renders").iterdir()} == {f"{stem}.png" for stem in stems}
    for stem, name in stems.items():
        picture = Image.open(tmp_path / "scores" / "renders" / f"{stem}.png")
        assert (picture.mode, picture.size) == ("RGBA", (SIZE, SIZE))
        render = np.asarray(picture) / 255
        matte = np.asarray(Image.open(capture / name.replace("images", "masks").replace(".jpg", ".png"))) / 255
        truth = np.asarray(Image.open(capture / name)) / 255
        difference = render[..., :3] * render[..., 3:] - truth * matte[..., None]
        difference += 0.6 * (matte[..., None] - render[..., 3:])
        scores = metrics["images"][stem]
        assert scores["psnr"] == pytest.approx(-10 * np.log10(np.mean(difference**2)), abs=1e-6)
        assert scores["psnr_masked"] == pytest.approx(-10 * np.log10(np.mean(difference[matte > 0] ** 2)), abs=1e-6)
        assert 0.8 < scores["ssim"] < 1 and 0 < scores["flip"] < 0.3
    for score in ("psnr", "psnr_masked", "ssim", "flip"):
        values = [image[score] for image in metrics["images"].values()]
        assert metrics["mean"][score] == pytest.approx(np.mean(values))
    assert metrics["mean"]["psnr"] > 20
    assert Image.open(tmp_path / "scores" / "contact_sheet.png").size[0] > 3 * SIZE


def test_the_other_commands_play_it_and_know_it_as_the_newest(
    baked: Path, run: Callable[..., Done], tmp_path: Path
) -> None:
    recorded = sorted(SIGNALS.glob("*.npz"))[0]
    for arguments, result in (
        (("info", baked), None),
        (("render", "-o", "a.png", "--size", "96x96"), "a.png"),
        (("export", baked, "-o", "a.ply"), "a.ply"),
        (("drive", "--signal", recorded, "-o", "a.mp4", "--size", "64x64"), "a.mp4"),
    ):
        done = run(*arguments, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert result is None or (tmp_path / result).stat().st_size > 1000
    assert np.asarray(Image.open(tmp_path / "a.png"))[48, 48, 3] > 200


def test_the_seed_decides(baked: Path, capture: Path, run: Callable[..., Done], tmp_path: Path) -> None:
    for seed, folder in ((0, tmp_path / "same"), (1, tmp_path / "other")):
        folder.mkdir()
        done = run("bake", capture, "-o", "head.splatavatar", *BAKE, "--seed", seed, folder=folder)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "same" / baked.name).read_bytes() == baked.read_bytes()
    other, first = load_avatar(tmp_path / "other" / baked.name), load_avatar(baked)
    assert not np.array_equal(other.gaussians.barycentric[:1000], first.gaussians.barycentric[:1000])


def test_killed_and_interrupted_it_ends_where_a_whole_bake_ends(
    baked: Path, capture: Path, run: Callable[..., Done], start: Callable[..., Process], tmp_path: Path
) -> None:
    out, checkpoint = tmp_path / baked.name, tmp_path / f"{baked.name}.checkpoint"
    out.write_bytes(b"an older avatar")
    command = ("bake", capture, "-o", out, *BAKE)
    process = start(*command, folder=tmp_path, code=DRIVER)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert out.read_bytes() == b"an older avatar"

    kept = checkpoint.read_bytes()
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        checkpoint.write_bytes(kept)
        process = start(*command, "--resume", folder=tmp_path)
        assert process.stderr is not None
        line = ""
        while not line.startswith("optimising"):
            line = process.stderr.readline()
            assert line, "the bake ended before it was interrupted"
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        said = errors.splitlines()[-1]
        assert re.fullmatch(r"interrupted at step \d+; go on with the same command and --resume", said)
        assert 0 < int(said.split()[3].rstrip(";")) < 40
        assert out.read_bytes() == b"an older avatar"

    done = run(*command, "--resume", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == baked.read_bytes()
    assert not checkpoint.exists()


def test_a_full_disk_keeps_the_old_avatar(baked: Path, capture: Path, run: Callable[..., Done], tmp_path: Path) -> None:
    out = tmp_path / "head.splatavatar"
    shutil.copy(baked, out)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = run("bake", capture, "-o", out, "--preset", "fast", "--iterations", 2, folder=tmp_path, preexec_fn=limit)
    assert done.returncode == 2
    reason = "the file is larger than allowed here; the previous file is unchanged"
    assert done.stderr.splitlines()[-1] == f"Error: cannot write {out}: {reason}"
    assert out.read_bytes() == baked.read_bytes()
    assert list(tmp_path.iterdir()) == [out]


def test_no_room_for_checkpoints_does_not_end_the_bake(
    baked: Path, capture: Path, run: Callable[..., Done], tmp_path: Path
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))

    code = DRIVER.replace("0.2", "0.0")
    done = run(
        "bake",
        capture,
        "-o",
        "a.splatavatar",
        *BAKE[:2],
        "--iterations",
        2,
        folder=tmp_path,
        code=code,
        preexec_fn=limit,
    )
    assert done.returncode == 0, done.stderr
    told = "no checkpoint: cannot write a.splatavatar.checkpoint: the file is larger than allowed here"
    assert done.stderr.splitlines().count(told) == 3  # after each of two steps, and at the end
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.report.html", "a.splatavatar"]


def test_without_o_the_file_is_named_after_the_capture_and_the_avatar_is_not(
    capture: Path, run: Callable[..., Done], tmp_path: Path
) -> None:
    """One timestep, one picture, no split to watch: the smallest capture there is."""
    one = shutil.copytree(capture, tmp_path / "one")
    data = json.loads((one / "transforms.json").read_text())
    data["frames"] = data["frames"][:1]
    for split in ("train", "val", "test"):
        data.pop(f"{split}_filenames")
    (one / "transforms.json").write_text(json.dumps(data))
    done = run("bake", one, "--preset", "fast", "--iterations", 2, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    avatar = load_avatar(tmp_path / "out" / "one.splatavatar")
    assert len(avatar.correctives) == 0 and avatar.metadata["name"] == "avatar"
    assert (tmp_path / "out" / "one.report.html").is_file()


def test_a_bake_without_time_says_so_and_goes_on_with_more(
    capture: Path, run: Callable[..., Done], tmp_path: Path
) -> None:
    command = ("bake", capture, "-o", "new/a.splatavatar", "--preset", "fast")
    done = run(*command, "--budget", "6s", folder=tmp_path)
    assert done.returncode == 3, done.stderr
    said = re.fullmatch(
        r"new/a\.splatavatar: unfinished: the budget of 6 s was enough for (\d+) steps?, an avatar needs at "
        r"least 305 and usually gets some 1,400; go on with --resume --budget 66s",
        done.stderr.splitlines()[-1],
    )
    assert said, done.stderr
    avatar = load_avatar(tmp_path / "new" / "a.splatavatar")
    assert avatar.metadata["bake"]["unfinished"] is True
    assert "unfinished: the budget of 6 s" in (tmp_path / "new" / "a.report.html").read_text()
    # Where it goes on, not how far it comes: that is a matter of what else the machine does.
    done = run(*command, "--budget", "20s", "--resume", folder=tmp_path)
    told = re.search(r" (\d+) steps, ", done.stderr)
    assert done.returncode in (0, 3) and told and int(told[1]) >= int(said[1]), done.stderr


def test_two_bakes_at_once_of_one_capture_into_one_file(
    capture: Path, start: Callable[..., Process], tmp_path: Path
) -> None:
    command = ("bake", capture, "-o", "new/a.splatavatar", "--preset", "fast", "--iterations", 4)
    processes = [start(*command, folder=tmp_path) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert load_avatar(tmp_path / "new" / "a.splatavatar").metadata["bake"]["iterations"] == 4
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.report.html", "a.splatavatar"]
