"""Write data/signals/hello.npz: six seconds of a face that talks, blinks, smiles, raises its brows and turns."""

from __future__ import annotations

from pathlib import Path

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal

PATH = Path(__file__).parents[1] / "data" / "signals" / "hello.npz"

if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    write_signal(PATH, moving_signal())
    print(f"{PATH.relative_to(Path.cwd()) if PATH.is_relative_to(Path.cwd()) else PATH}: {PATH.stat().st_size} bytes")
