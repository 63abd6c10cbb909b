"""What nerfstudio hands from the dataparser to the model: one capture, prepared as ``splatavatar bake`` prepares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nerfstudio.utils.rich_utils import CONSOLE

from splatavatar.bake.events import Event, Preparing
from splatavatar.bake.inputs import of_footage, prepared, rig_parameters, timed_rig, without_others
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.printable import printable
from splatavatar.rig.rig import Rig

HELD_OUT = {"train": ("train",), "val": ("val", "test", "train"), "test": ("test", "val", "train")}
"""the splits of a capture that stand for one of nerfstudio's, the first that has pictures"""


@dataclass(frozen=True)
class Subject:
    """A capture with the rig of its person."""

    capture: Capture
    parameters: RigParameters
    rig: Rig
    """fitted to the person"""
    footage: bool
    """whether its mattes were made with this very head"""
    settings: BakeSettings
    """what was asked of the dataparser; how to bake is the model's"""

    def __deepcopy__(self, memo: dict[int, Any]) -> Subject:
        """Data sets copy what they are told; this never changes."""
        return self

    def frames(self, split: str) -> tuple[Frame, ...]:
        """The pictures that nerfstudio means by ``split``."""
        name = next(name for name in HELD_OUT[split] if self.capture.splits[name] or name == "train")
        return tuple(self.capture.split(name))


def read_subject(settings: BakeSettings) -> Subject:
    """The capture of ``settings``, tracked where it has no rig parameters, with its rig.

    Raises:
        SplatAvatarError: it cannot be read, or what it needs is not installed.
    """
    tell = told()
    footage = of_footage(settings)
    capture = (
        None
        if footage
        else read_capture(settings.capture, settings.rig_params, settings.allow_outside, settings.layout)
    )
    if capture is not None:
        capture, left_out = without_others(capture, settings)
        if left_out is not None:
            text = f"parameters of {left_out.rig} by {left_out.tracker} are left out; the head is tracked anew"
            CONSOLE.log(text, markup=False)
    if capture is None or capture.rig_parameters is None:
        capture = prepared(settings, tell)
    if capture.recognised:
        CONSOLE.log(printable(capture.recognised), markup=False)
    parameters = rig_parameters(capture, settings)
    rig, _ = timed_rig(parameters.rig, parameters.identity, tell)
    return Subject(capture, parameters, fitted_rig(rig, parameters), footage, settings)


def told() -> Callable[[Event], None]:
    """A listener that logs each stage of preparing once."""
    seen: set[str] = set()

    def tell(event: Event) -> None:
        if isinstance(event, Preparing) and event.stage not in seen:
            seen.add(event.stage)
            CONSOLE.log(event.stage, markup=False)

    return tell
