"""A part that splatavatar needs, or can use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["present", "missing", "broken"]


@dataclass(frozen=True)
class Part:
    """What was found of it."""

    name: str
    purpose: str
    """what needs it"""
    state: State
    found: str
    """version, or what is wrong"""
    command: str | None = None
    """the one that adds it"""


def package(name: str, purpose: str, version: str | None, command: str) -> Part:
    """A Python package of which only the version matters."""
    if version is None:
        return Part(name, purpose, "missing", "not installed", command)
    return Part(name, purpose, "present", version)
