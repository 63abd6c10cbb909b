"""What a bake is asked to do, and what a preset stands for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from splatavatar.avatar.format.metadata import LARGEST_SEED
from splatavatar.capture.preparation.prepare import AUTO, PrepareOptions, is_footage
from splatavatar.errors import SettingsError
from splatavatar.trust.consent_file import GivenConsent


@dataclass(frozen=True)
class Preset:
    """Defaults of a trade of time for quality."""

    budget_seconds: float
    """wall time of the whole command"""
    footage_seconds: float
    """the same where video has to be prepared first"""
    steps: int
    """of the optimiser that two cores take in that time"""
    promised_steps: int
    """a slower machine takes longer instead of fewer steps than these; does not hold for a budget that was asked for"""
    gaussians: int
    """number of Gaussians at the end of densification"""
    final_rate: float
    """factor of every learning rate at the end: a long bake has time to settle"""


PRESETS = {
    "fast": Preset(60.0, 72.0, 1_400, 1_000, 40_000, 0.1),
    "balanced": Preset(300.0, 230.0, 8_000, 3_000, 50_000, 0.1),
    "best": Preset(1800.0, 1800.0, 37_000, 12_000, 80_000, 0.03),
}


CROPS = {"auto": None, "neck": 0.02, "shoulders": 0.09, "chest": 0.16}
"""metres below the base of the neck at which a bust ends; ``auto``: where the pictures end"""


@dataclass(frozen=True)
class BakeSettings:
    """The options of ``splatavatar bake``."""

    capture: Path
    """folder of a capture, or the first of the clips"""
    clips: tuple[Path, ...] = ()
    """further clips of the same person"""
    prepare: PrepareOptions = field(default_factory=PrepareOptions)
    """how footage becomes a capture"""
    out: Path | None = None
    """avatar file; None: out/CAPTURE.splatavatar in the current folder"""
    rig: str = AUTO
    rig_params: Path | None = None
    """None: rig_params.npz of the capture"""
    preset: str = "balanced"
    budget_seconds: float | None = None
    """wall time of the whole command; None: the preset's, and more where the machine is slow"""
    iterations: int | None = None
    """optimiser steps instead of a budget: the result then depends on the input, the seed and nothing else"""
    device: str = "auto"
    seed: int = 0
    resume: bool = False
    fix_rig: bool = False
    crop: str = "auto"
    """where the bust ends, see ``CROPS``"""
    allow_outside: bool = False
    """whether a capture may name pictures outside of its folder"""
    layout: str | None = None
    """the name of a reader; None: that which knows the folder"""
    record_sources: bool = False
    """whether the avatar says which clips it was baked from: their names and their SHA-256"""
    consent: GivenConsent | None = None
    """who is shown and has agreed to what; None: the avatar is private, or says what was said before it was resumed"""
    forget_footage: bool = False
    """whether what the cache holds of the footage is removed in the end"""
    known_as: str | None = None
    """what a bake that goes on knows its capture by, wherever that lies now; None: by its path"""
    remembered: bool = True
    """whether commands that are given no avatar play this one from then on"""
    started: float = field(default_factory=time.monotonic)
    """``time.monotonic()`` at the start of the command, from which the budget counts"""

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            raise SettingsError(f"unknown preset {self.preset!r}; the presets are {', '.join(PRESETS)}")
        if self.crop not in CROPS:
            raise SettingsError(f"unknown crop {self.crop!r}; the crops are {', '.join(CROPS)}")
        if self.budget_seconds is not None and not self.budget_seconds > 0:  # nor is NaN
            raise SettingsError(f"the budget must be longer than 0 seconds, got {self.budget_seconds:g}")
        if self.budget_seconds == inf:
            raise SettingsError("the budget must have an end, got inf seconds")
        if self.iterations is not None and self.iterations < 1:
            raise SettingsError(f"the iterations must be at least 1, got {self.iterations}")
        if self.seed < 0:
            raise SettingsError(f"the seed must not be negative, got {self.seed}")
        if self.seed > LARGEST_SEED:
            raise SettingsError(f"the seed must be at most {LARGEST_SEED}, got {self.seed}")

    @property
    def budget(self) -> float:
        """Seconds of wall time, when no number of iterations is given."""
        if self.budget_seconds is not None:
            return self.budget_seconds
        preset = PRESETS[self.preset]
        return preset.footage_seconds if is_footage(self.capture) else preset.budget_seconds

    @property
    def promised_steps(self) -> int:
        """Steps below which the bake does not end for want of time; 0 where a budget was asked for."""
        return PRESETS[self.preset].promised_steps if self.budget_seconds is None else 0
