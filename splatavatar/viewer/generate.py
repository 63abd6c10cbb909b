"""The tables that the page shares with Python, written as TypeScript.

What the page must know of the avatar file, of ARKit and of the way from a signal to a pose is defined once, in Python;
``python -m splatavatar.viewer.generate`` writes it to ``web/src/tables.ts``.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.avatar import consent, framing, limits
from splatavatar.avatar.calibration import VERSION as CALIBRATION_VERSION
from splatavatar.avatar.combinations import TOGETHER
from splatavatar.avatar.format import container, metadata, quantise, schema, signature, validate
from splatavatar.drive import retarget
from splatavatar.drive.face import filter as face_filter
from splatavatar.drive.face.vector import SIZE
from splatavatar.drive.sources.recorded import (
    checked,
    clock,
    columns,
    flame_npz,
    model_face,
    spelling,
    table_frames,
    timecode,
)
from splatavatar.gaussians.gaussians import PSI_LIMIT
from splatavatar.render import splatting
from splatavatar.rig.arkit import NAMES
from splatavatar.trust.watermark import embed

TABLES = Path(__file__).parent / "web" / "src" / "tables.ts"


def tables() -> dict[str, Any]:
    """Every constant of the page that Python defines, by its name in TypeScript."""
    settings = face_filter.FilterSettings()
    filters = np.zeros((SIZE, 3))
    for name, where in face_filter.WHERE.items():
        filters[where] = astuple(getattr(settings, name))
    return {
        "FORMAT": schema.FORMAT,
        "VERSION": schema.VERSION,
        "DTYPES": {name: dtype.itemsize for name, dtype in container.DTYPES.items()},
        "LARGEST_HEADER": container.LARGEST_HEADER,
        "LARGEST_FILE": container.LARGEST_FILE,
        "LARGEST_METADATA": metadata.LARGEST,
        "LARGEST": schema.LARGEST,
        "LARGEST_BASIS": schema.LARGEST_BASIS,
        "LARGEST_NAME": schema.LARGEST_NAME,
        "LARGEST_LICENCE": schema.LARGEST_LICENCE,
        "SCOPES": consent.SCOPES,
        "CONSENT_LENGTHS": {
            "LONGEST_NAME": consent.LONGEST_NAME,
            "LONGEST_TEXT": consent.LONGEST_TEXT,
            "MOST_SOURCES": consent.MOST_SOURCES,
        },
        "SIGNATURE": {
            "FIRST": signature.FIRST,
            "LONGEST": signature.LONGEST,
            "LONGEST_NAME": signature.LONGEST_NAME,
        },
        "TENSORS": {name: [kind, list(shape)] for name, (kind, shape) in schema.tensors().items()},
        "OPTIONAL": {
            name: [kind, list(shape), since] for name, (kind, shape, since) in schema.optional_tensors().items()
        },
        "POSE_TENSORS": schema.POSE_TENSORS,
        "SCALES": schema.SCALES,
        "RIG_FIELDS": list(schema.RigDescription.__dataclass_fields__),
        "TOLERANCE": validate.TOLERANCE,
        "LARGEST_VALUE": validate.LARGEST,
        "UNIT_STEPS": quantise.UNIT_STEPS,
        "SIGNED_STEPS": quantise.SIGNED_STEPS,
        "BYTE_STEPS": quantise.BYTE_STEPS,
        "LOG_STEP": quantise.LOG_STEP,
        "POSE_STEP": quantise.POSE_STEP,
        "PSI_LIMIT": PSI_LIMIT,
        "SPLATTING": {
            "DILATION": splatting.DILATION,
            "NEAR": splatting.NEAR,
            "MIN_ALPHA": splatting.MIN_ALPHA,
            "MAX_ALPHA": splatting.MAX_ALPHA,
        },
        "WATERMARK": {
            name: getattr(embed, name)
            for name in (
                "SHIFT",
                "TILE_RMS",
                "SQUARE_ERROR",
                "VISIBLE",
                "SEEN",
                "SEEN_POWER",
                "FULL",
                "SHAPE",
                "LARGEST",
                "STRENGTHS",
                "OCTAVE",
                "WEAKER",
            )
        },
        "CALIBRATION_VERSION": CALIBRATION_VERSION,
        "NAMES": NAMES,
        "TOGETHER": TOGETHER.tolist(),
        "FREE": limits.FREE,
        "DEFAULT_LIMIT": limits.DEFAULT_LIMIT,
        "EYE_RANGES": [retarget.RANGE_IN, retarget.RANGE_OUT, retarget.RANGE_UP, retarget.RANGE_DOWN],
        "LOOK": retarget.LOOK.tolist(),
        "FREE_WAY": retarget.FREE_WAY.tolist(),
        "MORE": retarget.MORE.tolist(),
        "AWAY": retarget.AWAY.tolist(),
        "FILTERS": filters.tolist(),
        "FILTER_TOGETHER": face_filter.TOGETHER.tolist(),
        "LONGEST_STEP": face_filter.LONGEST_STEP,
        "HEAD_HEIGHT": framing.HEAD_HEIGHT,
        "MARGIN": framing.MARGIN,
        "FOV_Y": framing.FOV_Y,
        "MAX_PITCH": framing.MAX_PITCH,
        "NEAREST": framing.NEAREST,
        "FARTHEST": framing.FARTHEST,
        "NARROWEST_VIEW": framing.NARROWEST_VIEW,
        "WIDEST_VIEW": framing.WIDEST_VIEW,
        "RECORDING": {
            "MOST_FRAMES": checked.MOST_FRAMES,
            "MOST_HELD": checked.MOST_HELD,
            "RATES": checked.RATES,
            "BOUNDS": checked.BOUNDS,
            "CONTRADICTION": checked.CONTRADICTION,
        },
        "CLOCK": {
            name: getattr(clock, name)
            for name in (
                "DEFAULT_FPS",
                "NTSC",
                "FARTHEST",
                "SLOWEST",
                "QUICKEST",
                "LONGEST_STEP",
                "STATED",
                "COARSE",
                "MOST_LATE",
                "MOST_BACK",
                "LONGEST",
            )
        },
        "CLOCK_UNITS": [scale for scale, _ in clock.UNITS],
        "COLUMNS": {
            "OPTIONAL": sorted(columns.OPTIONAL),
            "MOST_COLUMNS": columns.MOST_COLUMNS,
            "SHOWN": columns.SHOWN,
            "MOST": columns.MOST,
            "PERCENT": columns.PERCENT,
        },
        "SPELLING": {"PREFIXES": spelling.PREFIXES.pattern, "LONGEST": spelling.LONGEST},
        "TABLE": {
            "HEAD": table_frames.HEAD,
            "EYES": table_frames.EYES,
            "ROLLS": table_frames.ROLLS,
            "COUNT": table_frames.COUNT,
            "COUNTERS": table_frames.COUNTERS,
            "FULL_TURN": table_frames.FULL_TURN,
        },
        "TIME_COLUMNS": table_frames.CLOCKS,
        "TIMECODE": {
            "DAY": timecode.DAY,
            "RATES": timecode.RATES,
            "OFFERED": timecode.OFFERED,
            "ASSUMED": timecode.ASSUMED,
            "CLOSE": timecode.CLOSE,
            "BEYOND": timecode.BEYOND,
        },
        "DROPPED": {str(rate): labels for rate, labels in timecode.DROPPED.items()},
        "FLAME": {
            "JAW_OPEN": model_face.JAW_OPEN,
            "JAW_ASIDE": model_face.JAW_ASIDE,
            "VHAP_FPS": flame_npz.VHAP_FPS,
            "SPEECH_FPS": flame_npz.SPEECH_FPS,
            "ARTALK_COLUMNS": flame_npz.ARTALK_COLUMNS,
            "ARTALK_NAMES": flame_npz.ARTALK_NAMES,
        },
    }


def written(constants: dict[str, Any], module: str) -> str:
    """TypeScript of ``constants``, which ``module`` writes."""
    lines = [f"// Written by `python -m {module}`: change it there."]
    lines += [f"export const {name} = {json.dumps(value)} as const;" for name, value in constants.items()]
    return "\n".join(lines) + "\n"


def typescript() -> str:
    """The text of ``tables.ts``."""
    return written(tables(), "splatavatar.viewer.generate")


if __name__ == "__main__":
    TABLES.write_text(typescript(), encoding="utf-8")
