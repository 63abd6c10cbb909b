"""What a user changes while the loop runs: keys of the window, or a program."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from splatavatar.render.camera import Camera


@dataclass
class Controls:
    """Read by the loop once a frame, written from any thread."""

    mirror: bool = False
    """whether the avatar moves as a mirror image of the user"""
    background: int = 0
    """which of the backgrounds is shown; counts up without end"""
    camera: Camera | None = None
    """where the avatar is looked at from, at whatever size; None: from the front, the head framed"""
    calibrate: threading.Event = field(default_factory=threading.Event)
    """set: calibrate on the next two seconds; the loop clears it"""
    stopping: threading.Event = field(default_factory=threading.Event)

    def toggle_mirror(self) -> None:
        """Mirror, or no more."""
        self.mirror = not self.mirror

    def next_background(self) -> None:
        """Show the next background."""
        self.background += 1

    def stop(self) -> None:
        """End the loop after the current frame."""
        self.stopping.set()
