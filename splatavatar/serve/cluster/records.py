"""What the place of an avatar says of its bake: a small file of JSON beside the checkpoint."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, fields

from splatavatar.errors import StorageError
from splatavatar.serve.places.place import Place

FOLDER = ".bakes"
SUFFIX = ".json"
LARGEST = 1 << 16
"""bytes of the file"""
RUNNING, STOPPED, FAILED, UNFINISHED, FINISHED = "running", "stopped", "failed", "unfinished", "finished"
STATES = (RUNNING, STOPPED, FAILED, UNFINISHED, FINISHED)


@dataclass(frozen=True)
class BakeRecord:
    """How far the bake of one avatar is, as its worker has last said."""

    name: str
    capture: str
    """path or address"""
    state: str
    """one of ``STATES``; a worker that was killed has said no more than ``running``"""
    digest: str
    """of the capture and the options, ``Job.digest``"""
    iteration: int = 0
    """steps that the checkpoint has"""
    why: str = ""
    """of one that failed or is unfinished, a sentence"""
    machine: str = ""
    """that the worker runs on, or ran"""
    process: int = 0
    """of the worker"""
    told: float = 0.0
    """when this was written, seconds since 1970"""


def write_record(place: Place, record: BakeRecord) -> None:
    """Write it, with the time. Raises OutputError."""
    values = {**asdict(record), "told": time.time()}
    place.write(f"{FOLDER}/{record.name}{SUFFIX}", json.dumps(values, indent=1).encode())


def read_record(place: Place, name: str) -> BakeRecord | None:
    """The record of the avatar called ``name``; None where there is none that can be read as one.

    Raises StorageError where the place cannot be read.
    """
    file = f"{FOLDER}/{name}{SUFFIX}"
    if place.entry(file) is None:
        return None
    try:
        values = json.loads(place.read(file, LARGEST))
        record = BakeRecord(**{field.name: values[field.name] for field in fields(BakeRecord)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (record.name, record.capture, record.state, record.digest, record.why, record.machine)
    numbers = (record.iteration, record.process, record.told)
    if not all(type(text) is str for text in texts) or not all(type(number) in (int, float) for number in numbers):
        return None
    return record if record.state in STATES and record.name == name else None


def read_records(place: Place) -> list[BakeRecord]:
    """Those of all bakes of a place, in the order of names. Raises StorageError."""
    found = []
    for entry in place.entries(FOLDER):
        name = entry.name.removeprefix(f"{FOLDER}/")
        if name.endswith(SUFFIX) and "/" not in name:
            try:
                record = read_record(place, name.removesuffix(SUFFIX))
            except StorageError:  # too large to be one, or gone meanwhile
                continue
            if record is not None:
                found.append(record)
    return found
