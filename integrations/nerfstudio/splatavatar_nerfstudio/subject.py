"""What nerfstudio hands from the dataparser to the model: one capture, prepared as ``splatavatar bake`` prepares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nerfstudio.utils.rich_utils import CONSOLE

from splatavatar.bake.events import Event, Preparing
from splatavatar.bake.inputs import rig_parameters, timed_rig, with_all_mattes
from splatavatar.bake.reporting.monitor import sentences
from splatavatar.bake.run import opened, with_parameters
from splatavatar.bake.settings import BakeSettings
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
    """The capture of ``settings``, tracked where it has no rig parameters and cut out where it has no mattes.

    Raises:
        SplatAvatarError: it cannot be read, or what it needs is not installed.
    """
    tell = told()
    found, left_out = opened(settings)
    capture = with_parameters(settings, found, left_out, tell)
    parameters = rig_parameters(capture, settings)
    rig, _ = timed_rig(parameters.rig, parameters.identity, tell)
    rig = fitted_rig(rig, parameters)
    capture, estimated = with_all_mattes(capture, rig, parameters, settings, tell)
    return Subject(capture, parameters, rig, found is None or estimated, settings)


def told() -> Callable[[Event], None]:
    """A listener that logs what the command of a bake says, and each stage of preparing once."""
    seen: set[str] = set()

    def tell(event: Event) -> None:
        new = [event.stage] if isinstance(event, Preparing) and event.stage not in seen else []
        seen.update(new)
        for line in (*new, *sentences(event)):
            CONSOLE.log(printable(line), markup=False)

    return tell
