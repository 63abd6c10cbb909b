"""The tables of the page's own camera and microphone, written as TypeScript.

``python -m splatavatar.viewer.generate_drive`` writes them to ``web/src/drive/tables.ts``. They are apart from those of
``generate``: who does not drive does not load them. Needs the extra ``audio``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splatavatar.drive.audio import features
from splatavatar.drive.audio import model as audio
from splatavatar.drive.audio.runtime import open_network
from splatavatar.drive.face import landmark_signal as landmarks
from splatavatar.drive.face import user_calibration as calibration
from splatavatar.drive.sources.live import tracking
from splatavatar.viewer.generate import written

TABLES = Path(__file__).parent / "web" / "src" / "drive" / "tables.ts"


def tables() -> dict[str, Any]:
    """Every constant of driving in the page that Python defines, by its name in TypeScript."""
    points = ("EYES", "CORNERS", "LIDS", "IRISES", "LIPS", "MOUTH", "GAP_ROW", "ARM")
    numbers = (
        *("PARTING", "GAP_SCALE", "GAP_SHUT", "SIDE_REACH", "SIDE_DEAD", "OPEN_LIDS", "LID_DEAD", "WIDE_FROM"),
        *("WIDE_SPAN", "IRIS_YAW", "IRIS_PITCH", "IRIS_OUT", "IRIS_UP", "SEEING", "SIDEWAYS", "FOCAL", "HEAD_SIZE"),
        *("SETTLING", "AWAY", "ADAPTING"),
    )
    return {
        "LANDMARKS": {
            **{name: getattr(landmarks, name).tolist() for name in points},
            **{name: getattr(landmarks, name) for name in numbers},
            "DETECTOR_VIEW": float(landmarks.DETECTOR_VIEW),
        },
        "CALIBRATION": {
            "AS_MEASURED": calibration.AS_MEASURED.tolist(),
            **{
                name: getattr(calibration, name)
                for name in ("SECONDS", "FEWEST", "MOST_AT_REST", "LEAST_PEAK", "SHOWN")
            },
        },
        "TRACKING": {name: getattr(tracking, name) for name in ("FACES", "REACH", "MEMORY")},
        "AUDIO": {
            **{
                name: getattr(features, name)
                for name in (
                    *("RATE", "HOP", "WINDOW", "FFT", "BANDS", "LOWEST", "HIGHEST", "FLOOR", "RANGE", "UNIT"),
                    *(
                        "LEVEL_START",
                        "LEVEL_LOWEST",
                        "ATTACK",
                        "DECAY",
                        "SEARCH",
                        "SETTLE",
                        "ACTIVE",
                        "MEMORY",
                        "PRIOR",
                    ),
                )
            },
            "FPS": audio.FPS,
            **_network(),
        },
    }


def _network() -> dict[str, Any]:
    session = open_network(audio.MODEL)
    shapes = {value.name: value.shape for value in session.get_inputs()}
    return {
        "STATE": shapes["state"][1],
        "DELAY": float(session.get_modelmeta().custom_metadata_map["delay"]),
        "OUTPUTS": [value.name for value in session.get_outputs()],
    }


def typescript() -> str:
    """The text of ``drive/tables.ts``."""
    return written(tables(), "splatavatar.viewer.generate_drive")


if __name__ == "__main__":
    TABLES.write_text(typescript(), encoding="utf-8")
