"""What a bake on a cluster is asked to do, what it tells meanwhile and what comes of it: all that travels."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from splatavatar import __version__
from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.serve.places.opening import split_address
from splatavatar.trust.consent_file import GivenConsent


@dataclass(frozen=True)
class BakeOptions:
    """What the bakes of one command share; the same as the options of ``splatavatar bake``."""

    preset: str = "balanced"
    budget_seconds: float | None = None
    iterations: int | None = None
    seed: int = 0
    rig: str = "auto"
    crop: str = "auto"
    forget_footage: bool = False
    cpus: int = 2
    """cores of one bake"""
    gpus: int = 0
    """GPUs of one bake: 0 or 1"""


@dataclass(frozen=True)
class Job:
    """One capture that becomes one avatar."""

    capture: str
    """path or address"""
    name: str
    """of the avatar: NAME.splatavatar"""
    place: str
    """path or address of where it goes, and its checkpoints meanwhile"""
    options: BakeOptions
    consent: GivenConsent | None = None
    version: str = __version__
    """of who asks for it"""

    @property
    def avatar_file(self) -> str:
        """The name of the avatar below its place."""
        return f"{self.name}.splatavatar"

    @property
    def checkpoint_file(self) -> str:
        """The name of the checkpoint below the place of the avatar."""
        return f".bakes/{self.name}.checkpoint"

    def digest(self, known_as: str) -> str:
        """Hexadecimal digits that are others once the capture, ``FoundCapture.known_as``, or what is asked is."""
        options = {k: v for k, v in asdict(self.options).items() if k not in ("cpus", "gpus", "forget_footage")}
        consent = None if self.consent is None else self.consent.to_json()
        told = json.dumps([self.version, known_as, options, consent], sort_keys=True)
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class Begun:
    """A worker has taken a job."""

    machine: str
    process: int


@dataclass(frozen=True)
class Noted:
    """A sentence about a job."""

    sentence: str


@dataclass(frozen=True)
class Finished:
    """The avatar is in its place."""

    name: str
    address: str
    """of the avatar file"""
    gaussians: int = 0
    bytes: int = 0
    steps: int = 0
    score: str = ""
    """``AvatarWritten.score``"""
    seconds: float = 0.0
    """of wall time, those before interruptions included"""
    unfinished: str = ""
    """why it is no avatar yet; empty where it is one"""
    before: bool = False
    """whether it lay there already, of the same capture and options"""


@dataclass(frozen=True)
class Failed:
    """No avatar came of a job."""

    name: str
    why: str
    """one sentence"""
    fault: bool = False
    """whether something other than the input or the settings is to blame: a worker, or the program"""


@dataclass(frozen=True)
class Stopped:
    """A job was told to end before it was done; its checkpoint lies in its place, if it had one."""

    name: str
    iteration: int | None = None
    """steps that the checkpoint has; None where there is none"""


Outcome = Finished | Failed | Stopped


def jobs_of(
    captures: list[str], place: str, options: BakeOptions, consents: dict[str, GivenConsent] | None = None
) -> list[Job]:
    """A job for each capture, named after the last part of its address; ``consents`` are by those names.

    Raises SettingsError where two have one name, or a consent is of none of them.
    """
    jobs: dict[str, Job] = {}
    consents = consents or {}
    for capture in captures:
        name = name_of(capture)
        if name in jobs:
            raise SettingsError(
                f"{printable(jobs[name].capture)} and {printable(capture)} would both become "
                f"{printable(name)}.splatavatar; rename one of them, or bake them into different places"
            )
        jobs[name] = Job(capture, name, place, options, consents.get(name))
    for name in consents:
        if name not in jobs:
            raise SettingsError(f"{printable(name)}.toml is the consent of none of the captures")
    return list(jobs.values())


def name_of(capture: str) -> str:
    """The name of the avatar of a capture: the last part of its address, without the suffix of a video."""
    name = split_address(capture)[1]
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and suffix.isalnum() and len(suffix) <= 4 else name
