"""Inputs that lie beside the checkout in ``shared``: real videos, recordings, captures and models.

A test that reads one is marked ``shared``. Where the input is absent the test is skipped, and the end of the run says
how many were (``tests/conftest.py``); ``-m "not shared"`` leaves all of them out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
ABSENT = "is not beside the checkout"

running: pytest.Item | None = None
"""the test under way, which ``tests/conftest.py`` keeps"""


def shared(name: str) -> Path:
    """The file or folder ``name`` of ``shared``; the test that asks is skipped where it is not there.

    Raises:
        AssertionError: the test is not marked.
    """
    assert running is None or running.get_closest_marker("shared"), f"{running.nodeid} is not marked shared"
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"shared/{name} {ABSENT}")
    return path


def landmark_model() -> Path:
    """MediaPipe's model of 478 points."""
    return shared("models/face_landmarker.task")
