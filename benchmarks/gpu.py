"""Every figure of a GPU: ``python benchmarks/gpu.py AVATAR --capture CAPTURE --minutes 25 --out figures.json``.

Parts, each in a process of its own that is ended where it outlives its share of the minutes:
machine   card, driver, versions; copy bandwidth and float32 rate, measured
check     pictures and gradients of cuda (and gsplat) against cpu; the drive paths; the engines of the bake
drive     pictures a second and milliseconds at 60,000 Gaussians: 512, 1024, stereo, 32 signals
stages    milliseconds of each stage beside what it moves and computes at least
bake      PSNR over seconds, ours and without the fused parts; pictures a step
side      benchmarks/side_by_side.py
The JSON is written whenever there is more to write. ``--rehearse`` runs all of it without a GPU, tiny and interpreted:
the numbers mean nothing then.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import time
from pathlib import Path

PARTS = {"machine": 1.0, "check": 2.0, "drive": 2.5, "stages": 2.0, "bake": 12.0, "side": 16.0}
"""by name: the share of the time that is left which a part has, beside those after it"""
SCENES = ("512", "1024", "stereo", "batch")
GRACE = 45.0
"""seconds after its share that a part has for what it had begun, before it is ended"""
ROOT = Path(__file__).parents[1]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path, nargs="?", default=Path("demo"), help="default: the one that comes along")
    parser.add_argument("--capture", type=Path, help="of check, bake and side; default: data/sample-capture")
    parser.add_argument("--parts", default=",".join(PARTS), help="some of %(default)s")
    parser.add_argument("--minutes", type=float, default=25.0, help="for all parts (default %(default)g)")
    parser.add_argument("--out", type=Path, default=Path("out/gpu.json"), help="JSON (default %(default)s)")
    parser.add_argument(
        "--goal-val", type=float, default=35.45, help="PSNR of the CPU's bake of subject-a in 5 minutes, split val"
    )
    parser.add_argument("--goal-test", type=float, default=39.09, help="the same of the split test")
    parser.add_argument("--scenes", default=",".join(SCENES), help="of drive and stages (default %(default)s)")
    parser.add_argument("--rehearse", action="store_true", help="without a GPU: everything tiny and interpreted")
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)  # of the only part, run in this process
    options = parser.parse_args()
    for kind, known in (("parts", tuple(PARTS)), ("scenes", SCENES)):
        named = getattr(options, kind).split(",")
        if unknown := [name for name in named if name not in known]:
            parser.error(f"no {unknown[0]!r} among the {kind}, which are {', '.join(known)}")
        setattr(options, kind, named)
    options.capture = options.capture or ROOT / "data" / "sample-capture"
    return options


def run_part(options: argparse.Namespace) -> None:
    """The one part of ``options``, here and now."""
    deadline = time.monotonic() + options.seconds
    if options.rehearse:
        os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is first imported
    import torch
    from gpu_figures.session import Session

    (part,) = options.parts
    if options.rehearse:
        torch.set_num_threads(1)
    goals = (options.goal_val, options.goal_test)
    inputs = (options.avatar, options.capture, goals, tuple(options.scenes))
    session = Session(part, *inputs, options.rehearse, deadline, options.out)
    importlib.import_module(f"gpu_figures.{part}").run(session)


def run_parts(options: argparse.Namespace) -> int:
    """One process a part; returns the number of parts that failed or were ended."""
    from gpu_figures.session import read_figures, write_figures

    if not options.rehearse:
        from splatavatar.render.gpu_check import cuda_problem

        if problem := cuda_problem():
            print(f"no figures without a GPU (--rehearse runs without one): {problem}", file=sys.stderr)
            return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_figures(options.out, {})
    until, failed = time.monotonic() + 60 * options.minutes, 0
    for number, part in enumerate(options.parts):
        weights = [PARTS[name] for name in options.parts[number:]]
        seconds = max((until - time.monotonic()) * weights[0] / sum(weights), 0.0)
        print(f"=== {part}: {seconds:.0f} s", flush=True)
        command = [sys.executable, __file__, str(options.avatar), "--capture", str(options.capture), "--parts", part]
        command += ["--seconds", f"{seconds:.1f}", "--out", str(options.out)]
        command += ["--goal-val", str(options.goal_val), "--goal-test", str(options.goal_test)]
        command += ["--scenes", ",".join(options.scenes)]
        command += ["--rehearse"] * options.rehearse
        began = time.monotonic()
        try:
            code = subprocess.run(command, timeout=seconds + GRACE).returncode
            ending = "done" if code == 0 else f"failed ({code})"
        except subprocess.TimeoutExpired:
            code, ending = 1, "ended: it outlived its share"
        failed += code != 0
        took = time.monotonic() - began
        figures = read_figures(options.out)
        figures[part] = {**figures.get(part, {}), "ending": ending, "seconds": took, "rehearsal": options.rehearse}
        write_figures(options.out, figures)
        print(f"=== {part}: {ending}, {took:.0f} s", flush=True)
    print(f"figures: {options.out}")
    return failed


if __name__ == "__main__":
    chosen = arguments()
    if chosen.seconds is not None:
        run_part(chosen)
    else:
        sys.exit(1 if run_parts(chosen) else 0)
