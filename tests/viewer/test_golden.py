from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from support import drive_golden, page_golden, trust_golden

LAST = 1.2e-5
"""colours have five digits behind the point"""


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are, numbers to their last digit: processors differ in it."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        if a and all(isinstance(item, int | float) for item in a + b):
            return len(a) == len(b) and bool(np.allclose(a, b, rtol=0, atol=LAST))
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return bool(abs(a - b) < LAST)
    return bool(a == b)


def without_files(value: Any) -> Any:
    """Without the bytes of npz files, which hold the time at which they were made."""
    if isinstance(value, list):
        return [without_files(item) for item in value]
    return {key: item for key, item in value.items() if key != "file"} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["poses.json", "filter.json", "recordings.json"])
def test_the_golden_vectors_are_those_of_python(name: str) -> None:
    stored = json.loads((page_golden.FOLDER / name).read_text(encoding="utf-8"))
    assert same(without_files(stored), without_files(json.loads(json.dumps(page_golden.golden()[name]))))


def test_the_golden_vectors_of_camera_and_microphone_are_those_of_python() -> None:
    stored = json.loads((drive_golden.FOLDER / drive_golden.FILE).read_text(encoding="utf-8"))
    made = json.loads(json.dumps(drive_golden.golden()))
    # The network's last digits are those of the machine's instructions.
    for name, values in made["speech"].items():
        if name != "samples":
            np.testing.assert_allclose(np.array(values), np.array(stored["speech"][name]), atol=1e-4)
    assert stored["speech"]["samples"] == made["speech"]["samples"]
    assert all(same(stored[name], made[name]) for name in made if name != "speech")


def test_the_golden_vectors_of_consent_and_signatures_are_those_of_python() -> None:
    stored = json.loads((trust_golden.FOLDER / trust_golden.FILE).read_text(encoding="utf-8"))
    made = json.loads(json.dumps(trust_golden.golden()))
    assert same(without_files(stored), without_files(made))
    assert stored["file"] == made["file"]
