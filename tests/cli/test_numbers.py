"""Every number that can be given on the command line: one that makes no sense is refused in words, with exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from splatavatar.cli.app import main

HUGE = str(10**400)
OPTIONS = {
    "render -o a.png --yaw": ["nan", "inf", "-inf", "1e400", "x", "²"],
    "render -o a.png --pitch": ["nan", "inf", "90", "-1e300"],
    "render -o a.png --distance": ["nan", "inf", "1e300", "0", "-1", "5e-324", "1e-300"],
    "render -o a.png --size": ["0x0", "9x", "1e3x5", "99999x9", f"{HUGE}x5", "nanxnan", "²x²", "-5x5"],
    "render -o a.png --expression-limit": ["nan", "inf", "-1", "1e400", HUGE, "²"],
    "render -o a.png --background": ["256,0,0", "-1,0,0", "nan,0,0", "#ff", "1e3,0,0", "²,0,0", f"{HUGE},0,0"],
    "render -o a.png --signal SIGNAL --frame": ["-1", "1.5", "nan", "15", HUGE, "²"],
    "export -o a.ply --signal SIGNAL --frame": ["-1", "15", HUGE],
    "export -o a.ply --expression-limit": ["nan", "-1"],
    "drive --webcam --fps": ["nan", "inf", "0", "-1", "1e300", "5e-324", "x"],
    "drive --signal SIGNAL -o a.mp4 --seed": ["-1", HUGE, "nan", "1e3", str(2**63)],
    "drive --signal SIGNAL -o a.mp4 --size": ["0x5", "nan"],
    "drive --signal SIGNAL -o a.mp4 --expression-limit": ["inf", "-0.5"],
    "drive -o a.mp4 --webcam": ["-1", "10000"],
    "drive -o a.mp4 --livelink": ["-1", "65536", HUGE],
    "drive -o a.mp4 --osc": ["-1", "65536"],
    "drive -o a.mp4 --source": ["livelink:²", f"osc:{HUGE}", "osc:nan", "livelink:-1"],
    "bench --frames": ["0", "-1", HUGE, "nan"],
    "bench --size": ["0x5"],
    "eval a.mp4 --clip": ["-1", "4097", HUGE, "nan"],
    "bake SIGNAL --iterations": ["0", "-1", HUGE, "nan", "1e3"],
    "bake SIGNAL --seed": ["-1", HUGE, "nan", str(2**63)],
    "bake SIGNAL --budget": ["1e400s", "nan", "inf", "-5s", "0", 400 * "9", "²s"],
    "bake SIGNAL --frames": ["0", "-1", "7", HUGE, "nan"],
    "bake SIGNAL --face": ["0", "-1", HUGE],
    "bake SIGNAL --holdout": [
        *("last:1e9%", "last:0%", "last:51%", "last:nan%", f"last:{HUGE}%", "last:²%", "-1"),
        *("yaw:0", "yaw:4.9", "yaw:61", "yaw:nan", f"yaw:{HUGE}", "yaw:²", "yaw:-25", "yaw:"),
    ],
    "capture extract SIGNAL -o folder --fps": ["nan", "inf", "0", "-1", "1e300"],
    "capture extract SIGNAL -o folder --frames": ["7", HUGE],
}
CASES = [(command, value) for command, values in OPTIONS.items() for value in values]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("command", "value"), CASES, ids=lambda text: text[:60])
def test_a_number_that_makes_no_sense(
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    value: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    words = [str(files / "signal.npz") if word == "SIGNAL" else word for word in command.split()]
    avatar = [] if words[0] in ("bake", "capture") else [str(files / "small.splatavatar")]
    option = [f"{words[-1]}={value}"]
    monkeypatch.setattr(sys, "argv", ["splatavatar", *words[:-1], *avatar, *option])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 2, said
    about = {"--size": "pixels", "--source": "port"}.get(words[-1], words[-1].strip("-"))
    assert "Traceback" not in said.err and about.replace("-", " ") in said.err.lower().replace("-", " ")
    assert not [path for path in tmp_path.iterdir() if path.name != "cache"]


@pytest.mark.parametrize(
    "command", ["drive small --signal loop.csv -o a.mp4", "render small --signal loop.csv -o a.png"]
)
def test_a_signal_that_is_a_link_to_itself(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    monkeypatch.chdir(tmp_path)
    words = [str(files / "small.splatavatar") if word == "small" else word for word in command.split()]
    monkeypatch.setattr(sys, "argv", ["splatavatar", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "loop.csv: a symbolic link that leads back to itself, expected a face signal" in capsys.readouterr().err
