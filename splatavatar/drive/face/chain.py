"""The steps between the sources and the avatar."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from splatavatar.drive.face.acting.own_voice import OwnVoice
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.drive.face.channels import BROWS, HEAD
from splatavatar.drive.face.filter import FaceFilter, FilterSettings
from splatavatar.drive.face.idle import Idle
from splatavatar.drive.face.mirror import mirror
from splatavatar.drive.face.mixer import Mixer
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.face.presence import Presence
from splatavatar.drive.face.user_calibration import Collector, UserCalibration
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.mailbox import Mailbox
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import HearingSource, Source
from splatavatar.errors import SplatAvatarError

LOG = logging.getLogger("splatavatar")

Calibrated = Callable[[str, UserCalibration], None]
"""takes the name of a source and what was learnt before it"""


@dataclass(frozen=True)
class ChainSettings:
    """What is done to a face on its way."""

    filter: FilterSettings | None = field(default_factory=FilterSettings)
    """None leaves the jitter in"""
    idle_seed: int | None = 0
    """of the blinks, breath and glances of a face that nobody moves; None: it stays still"""
    behaviour: float = 1.0
    """where a voice drives, how far head and eyes move by what it says: the amount of ``Behaviour``"""
    mood: Mood | None = None
    """of a face whose brows nobody moves"""
    calibrations: Mapping[str, UserCalibration] = field(default_factory=dict)
    """by the name of a source: of its user, from an earlier drive"""
    calibrated: Calibrated = lambda name, calibration: None
    """called from the loop when the two seconds of a calibration are over, such as to store it"""


class Chain:
    """The newest signals of all sources become the one face that the avatar shows.

    In order: each source's calibration, the mixer, presence, idle life or behaviour, the mirror, the filter. Driven by
    one thread.
    """

    def __init__(self, inputs: Sequence[tuple[Source, Mailbox]], settings: ChainSettings | None = None) -> None:
        self._settings = settings or ChainSettings()
        self._mixer = Mixer(inputs)
        self._mixer.changes.update(self._settings.calibrations)
        # Only a source that sees the head sees a user at rest.
        self._faces = [source.name for source, _ in inputs if HEAD in source.channels]
        self._collectors: dict[str, Collector] = {}
        self._presence = Presence()
        self._life, self._voice = self._lives([source for source, _ in inputs])
        self._filter = None if self._settings.filter is None else FaceFilter(self._settings.filter)
        self._start: float | None = None

    def __call__(self, now: float, controls: Controls) -> tuple[FaceSignal, float | None]:
        """The face at ``now``, always finite, and when the newest signal in it was captured; None without one."""
        if self._start is None:
            self._start = now
        mixed = self._mixer(now)
        self._calibrate(now, controls)
        signal = self._presence(mixed.signal, mixed.present, now)
        if isinstance(self._life, Behaviour) and self._voice is not None:
            self._voice.tell(self._life.say, now)
        if self._life is not None:
            signal = self._life.add(signal, now - self._start, self._presence.away)
        if self._settings.mood is not None and not isinstance(self._life, Behaviour):
            signal = self._settings.mood.add(signal, self._presence.away[BROWS])
        if controls.mirror:
            signal = mirror(signal)
        if self._filter is not None:
            signal = self._filter(signal, now)
        return signal, mixed.captured

    def _lives(self, sources: Sequence[Source]) -> tuple[Behaviour | Idle | None, OwnVoice | None]:
        """What the face does by itself, and the voice that it goes by."""
        settings = self._settings
        if settings.idle_seed is None:
            return None, None
        hearing = next((source for source in sources if isinstance(source, HearingSource)), None)
        if hearing is None:
            return Idle(settings.idle_seed), None
        voice = OwnVoice()
        hearing.listeners.append(voice.take)
        return Behaviour(settings.idle_seed, settings.behaviour, settings.mood), voice

    def _calibrate(self, now: float, controls: Controls) -> None:
        """Learn what rest looks like, from the faces as their sources gave them, where the user asks for it."""
        if controls.calibrate.is_set():
            controls.calibrate.clear()
            self._collectors = {name: Collector() for name in self._faces}
        for name in list(self._collectors):
            if not self._collectors[name].add(self._mixer.raw.get(name), now):
                continue
            try:
                calibration = self._collectors.pop(name).result()
                self._mixer.changes[name] = calibration
                self._settings.calibrated(name, calibration)
            except SplatAvatarError as error:
                LOG.warning("%s: %s", name, error)
