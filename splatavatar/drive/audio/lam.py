"""LAM_Audio2Expression, as its ONNX exports present it."""

from __future__ import annotations

from pathlib import Path

from splatavatar.drive.audio.contract import AudioModelSpec, OnnxAudioModel
from splatavatar.drive.audio.runtime import open_network
from splatavatar.errors import SettingsError

FRAME_RATE = 30.0
WINDOW = 34133
"""samples of the 64 frames that its streaming interface looks at"""
HOP = 3
"""frames: runs of the network, which hears all of its window each time, 10 times a second"""


class LamAudioModel(OnnxAudioModel):
    """Samples (1, n) at 16 kHz to coefficients (1, ceil(30 n / 16000), 52), in ARKit's alphabetical order.

    An export for windows of one length is run on that length. The network has no look-ahead: the newest frame is at
    the end of the window.
    """

    def __init__(self, path: Path, hop: int = HOP) -> None:
        """Raises DependencyError, SettingsError."""
        shape = open_network(path).get_inputs()[0].shape
        if len(shape) != 2:
            raise SettingsError(f"{path}: an input of shape {shape}, expected LAM_Audio2Expression's samples (1, n).")
        window = shape[1] if isinstance(shape[1], int) else WINDOW
        super().__init__(path, AudioModelSpec(window=window, frame_rate=FRAME_RATE, hop=hop))
