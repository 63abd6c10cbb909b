"""What the metadata of an avatar may hold.

Every key is optional. A key that is known here has the type and the range given here, or the file is refused; keys
that are not known are kept as they are, so that newer versions and other programs can add to them. Nothing in the
metadata is ever opened, run or followed: names of files in it are words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.consent import Consent
from splatavatar.avatar.likeness import Likeness

Check = Callable[[Any, str], None]
"""takes a value and what it is called in a sentence; raises Defect"""

DEEPEST = 32
"""lists and tables inside one another"""
LARGEST_NUMBER = 1e15
LARGEST_SEED = 10**18
LARGEST_THUMBNAIL = 1 << 20
"""characters: a small PNG in base64"""
LARGEST = 4 << 20
"""bytes of all metadata as JSON"""


def check_metadata(value: Any) -> None:
    """Raise Defect unless ``value`` is a table whose known keys hold what ``SCHEMA`` says."""
    if not isinstance(value, dict):
        raise Defect("its metadata is not a table")
    _check_depth(value)
    for key, check in SCHEMA.items():
        if key in value:
            check(value[key], f"{key} of its metadata")


def text(most: int) -> Check:
    """A text of up to ``most`` characters."""

    def check(value: Any, what: str) -> None:
        if not isinstance(value, str) or len(value) > most:
            raise Defect(f"{what} is not a text of up to {most} characters")

    return check


def count(most: int = 10**12) -> Check:
    """A whole number from 0 to ``most``."""

    def check(value: Any, what: str) -> None:
        if type(value) is not int or not 0 <= value <= most:
            raise Defect(f"{what} is not a whole number from 0 to {most}")

    return check


def number(low: float = -LARGEST_NUMBER, high: float = LARGEST_NUMBER) -> Check:
    """A number from ``low`` to ``high``."""

    def check(value: Any, what: str) -> None:
        if type(value) not in (int, float) or not low <= value <= high:
            raise Defect(f"{what} is not a number from {low:g} to {high:g}")

    return check


def truth(value: Any, what: str) -> None:
    """True or false."""
    if type(value) is not bool:
        raise Defect(f"{what} is neither true nor false")


def rows(check_item: Check, most: int, least: int = 0) -> Check:
    """A list of ``least`` to ``most`` values that ``check_item`` takes."""

    def check(value: Any, what: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            length = f"{least}" if least == most else f"{least} to {most}"
            raise Defect(f"{what} is not a list of {length} values")
        for item in value:
            check_item(item, f"an item in {what}")

    return check


def table(known: Mapping[str, Check], needed: bool = False) -> Check:
    """A table; the ``known`` keys, all of them ``needed`` or none, hold what their checks take."""

    def check(value: Any, what: str) -> None:
        if not isinstance(value, dict):
            raise Defect(f"{what} is not a table")
        for key, check_item in known.items():
            if key in value:
                check_item(value[key], f"{key} in {what}")
            elif needed:
                raise Defect(f"{what} has no {key}")

    return check


def absent_or(check_item: Check) -> Check:
    """Null, or what ``check_item`` takes."""

    def check(value: Any, what: str) -> None:
        if value is not None:
            check_item(value, what)

    return check


def _scores(value: Any, what: str) -> None:
    """A table of numbers, tables of numbers, or null for what was not measured."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _scores(inner, f"{key[:40]!r} in {what}")
    else:
        absent_or(number())(value, what)


def _calibration(value: Any, what: str) -> None:
    Calibration.from_json(value)


def _consent(value: Any, what: str) -> None:
    Consent.from_json(value, what)


def _likeness(value: Any, what: str) -> None:
    Likeness.from_json(value)


_POINT = rows(number(-1e6, 1e6), 3, 3)
_TRACKING = table(
    {
        "rig": text(64),
        "focal": rows(number(1e-3, 1e7), 4096),
        "T_camera_rig": rows(rows(rows(number(-1e6, 1e6), 4, 4), 4, 4), 4096),
        "habits": rows(_POINT, 65536),
        "reprojection_median": absent_or(number()),
    }
)
SCHEMA: dict[str, Check] = {
    "name": text(1024),
    "created": text(64),
    "capture": table(
        {
            "pictures": count(),
            "timesteps": count(),
            "clips": rows(text(4096), 65536),
            "holdout": absent_or(number(0, 1)),
            "holdout_yaw": absent_or(number(0, 4)),
            "reprojection_median": absent_or(number()),
        }
    ),
    "bake": table(
        {
            "preset": text(64),
            "seed": count(LARGEST_SEED),
            "iterations": count(),
            "fixed_rig": truth,
            "completed": rows(text(64), 64),
            "held_out_psnr": absent_or(number()),
            "training_psnr": absent_or(number()),
        }
    ),
    "metrics": _scores,
    "footage": table(
        {
            "sha256": absent_or(rows(text(64), 4096)),
            "tracking": absent_or(_TRACKING),
            "window": table({"size": count(1 << 16)}),
        }
    ),
    "camera": table({"target": _POINT, "distance": number(1e-6, 1e6), "fov_y": number(1e-6, 3.141)}, needed=True),
    "calibration": _calibration,
    "consent": _consent,
    "likeness": _likeness,
    "thumbnail": text(LARGEST_THUMBNAIL),
}
"""the known keys"""


def _check_depth(value: Any) -> None:
    # Without recursion, which is what is bounded here.
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [item for outer in level for item in (outer.values() if isinstance(outer, dict) else outer)]
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return
    raise Defect(f"its metadata has lists and tables more than {DEEPEST} deep")
