"""Puts an avatar worker through all scenarios, and says what was found.

``python -m splatavatar.serve.conformance MODULE:MAKER``
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.drive.audio.sound import RATE, read_audio
from splatavatar.errors import SettingsError, SplatAvatarError
from splatavatar.serve.conformance.lips import closing, mediapipe_mouth, sync
from splatavatar.serve.conformance.scenarios import SCENARIOS, Finding, interruptions

MOST_SHOWN = 10
"""faults of a scenario that are printed"""


def maker(name: str) -> Any:
    """The function ``MODULE:NAME``, which starts a worker in a room. Raises SettingsError."""
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"no worker at {name!r}, expected MODULE:MAKER: {error}") from error
    return found


def told(finding: Finding) -> str:
    """What a scenario found, in lines."""
    figures = ", ".join(f"{name} {value:.3f}" for name, value in finding.figures.items())
    verdict = "right" if finding.passed else f"{len(finding.faults)} faults"
    lines = [f"{finding.name}: {finding.done} done, {verdict}{f' ({figures})' if figures else ''}"]
    lines += [f"  {fault}" for fault in finding.faults[:MOST_SHOWN]]
    return "\n".join(lines)


def main() -> int:
    """The command; 0 where all is right, 1 where not, 2 for what cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m splatavatar.serve.conformance", description=__doc__)
    parser.add_argument("maker", help="MODULE:NAME of an async function that starts a worker in a room")
    parser.add_argument("--interruptions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speech", type=Path, help="a file of speech: also look at the lips")
    parser.add_argument("--minutes", type=float, default=30.0, help="of speech for which sound and lips are compared")
    arguments = parser.parse_args()
    sys.path.insert(0, "")
    try:
        make, passed = maker(arguments.maker), True
        for scenario in SCENARIOS:
            repeated = {"count": arguments.interruptions} if scenario is interruptions else {}
            finding = asyncio.run(scenario(make, seed=arguments.seed, **repeated))
            passed &= finding.passed
            print(told(finding), flush=True)
        if arguments.speech is not None:
            sound = np.asarray(np.rint(read_audio(arguments.speech) * 32767), np.int16)
            mouth = mediapipe_mouth()
            finding = asyncio.run(closing(make, sound, RATE, mouth, seed=arguments.seed))
            passed &= finding.passed
            print(told(finding), flush=True)
            finding, shifts = asyncio.run(sync(make, sound, RATE, mouth, arguments.minutes))
            passed &= finding.passed
            print(told(finding), flush=True)
            for one in shifts:
                print(f"  at {one.at:.0f} s: lips {1000 * one.seconds:+.0f} ms, correlation {one.correlation:.2f}")
    except SplatAvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
