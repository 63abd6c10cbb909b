"""Thousands of damaged files: each loads to a valid avatar or is refused, and nothing else happens."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.validate import validate
from splatavatar.errors import AvatarFileError

FILES = 500
LARGEST_ALLOCATION = 32 << 20
ODD: list[Any] = [
    *(-1, 0, 1, 2, 3, 7, 255, 65536, 2**31, 2**32 + 1, 2**63, 10**30, 1.5, 1e308, True, None, "", "F32", "I8", "U16"),
    *([], {}, [[]], [-1], [1, 2, 3], [2**40, 2**40], "\u0000", "x" * 1000, {"dtype": "F32"}),
]
NESTED = ("rig", "scales", "metadata")


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """One to four bytes changed, half of the time within the header."""
    changed = bytearray(content)
    end = len(content) if rng.random() < 0.5 else 8 + int.from_bytes(content[:8], "little")
    for _ in range(rng.integers(1, 5)):
        changed[rng.integers(0, end)] = rng.integers(0, 256)
    return bytes(changed)


def resize(content: bytes, rng: np.random.Generator) -> bytes:
    """Cut off, cut out, or with bytes inserted."""
    at, length = int(rng.integers(0, len(content))), int(rng.integers(1, 40))
    kind = rng.integers(0, 3)
    if kind == 0:
        return content[:at]
    return content[:at] + (rng.bytes(length) + content[at:] if kind == 1 else content[at + length :])


def edit(content: bytes, rng: np.random.Generator) -> bytes:
    """One value anywhere in the JSON header, or in the JSON texts inside it, replaced or removed."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    root = header
    text = str(rng.choice(NESTED)) if rng.random() < 0.4 else None
    if text:
        root = json.loads(header["__metadata__"][text])
    places = list(containers(root))
    place = places[rng.integers(0, len(places))]
    keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
    key = keys[rng.integers(0, len(keys))]
    value = ODD[rng.integers(0, len(ODD))]
    if rng.random() < 0.1:
        del place[key]
    elif isinstance(place, dict) and rng.random() < 0.1:
        place[str(value)] = place.pop(key)
    else:
        place[key] = value
    if text:
        header["__metadata__"][text] = json.dumps(root)
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + length :]


def numbers(content: bytes, rng: np.random.Generator) -> bytes:
    """A run of data bytes set to all ones, all zeros or noise: NaN, infinities, indices out of range."""
    start = 8 + int.from_bytes(content[:8], "little")
    at, length = int(rng.integers(start, len(content))), int(rng.integers(1, 200))
    length = min(length, len(content) - at)
    filler = (b"\xff" * length, b"\0" * length, rng.bytes(length))[rng.integers(0, 3)]
    return content[:at] + filler + content[at + length :]


def containers(value: Any) -> Any:
    """All tables and lists in a JSON value that hold something."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


@pytest.mark.parametrize("mutate", [flip, resize, edit, numbers])
def test_damaged_files(tmp_path: Path, avatar: Avatar, mutate: Any) -> None:
    path = tmp_path / "x.splatavatar"
    save_avatar(path, avatar)
    intact = path.read_bytes()
    refused = 0
    tracemalloc.start()
    try:
        for seed in range(FILES):
            path.write_bytes(mutate(intact, np.random.default_rng(seed)))
            try:
                loaded = load_avatar(path)
            except AvatarFileError as error:
                refused += 1
                assert str(path) in str(error) and "\n" not in str(error), f"seed {seed}: {error}"
                assert len(str(error)) < len(str(path)) + 300, f"seed {seed}: {error}"
            else:
                validate(loaded)
        assert tracemalloc.get_traced_memory()[1] < LARGEST_ALLOCATION
    finally:
        tracemalloc.stop()
    assert refused > FILES / 10
