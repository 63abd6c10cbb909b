"""The checksum of an avatar file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.describe import as_text, describe
from splatavatar.avatar.file import load_avatar, read_digest, save_avatar
from splatavatar.avatar.format.container import read_container, write_container
from splatavatar.avatar.format.digest import digest
from splatavatar.avatar.library import DEMO
from splatavatar.errors import AvatarFileError

Make = Callable[..., Avatar]
Compare = Callable[[Avatar, Avatar], list[str]]
MISMATCH = (
    "its content does not match its checksum, so it was damaged or changed after it was written; copy it again from"
    " where it came, or bake it again"
)


@pytest.fixture
def path(tmp_path: Path, avatar: Avatar) -> Path:
    path = tmp_path / "face.splatavatar"
    save_avatar(path, avatar)
    return path


def write(path: Path, tensors: dict[str, np.ndarray], texts: dict[str, str]) -> None:
    with open(path, "wb") as file:
        write_container(file, tensors, texts)


def as_documented(content: bytes) -> str:
    """The digest as docs/avatar-file.md words it, from the bytes of a file and by nothing of the package."""
    length = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    lines = ["splatavatar digest 1"]
    for name, text in sorted(header.pop("__metadata__").items()):
        if name not in ("sha256", "signature"):
            lines.append(f"entry {name} {sha256(text.encode()).hexdigest()}")
    for name, tensor in sorted(header.items()):
        begin, end = tensor["data_offsets"]
        shape = ",".join(str(size) for size in tensor["shape"]) or "-"
        lines.append(f"tensor {name} {tensor['dtype']} {shape} {sha256(data[begin:end]).hexdigest()}")
    return sha256("".join(line + "\n" for line in lines).encode()).hexdigest()


def test_the_digest_of_known_tensors() -> None:
    # Written out by hand and hashed by coreutils' sha256sum.
    tensors = {"b": np.array([[1, -2]], np.int8), "a.x": np.float32([1.5])}
    texts = {"note": "é", "sha256": "of before", "signature": "left out"}
    assert digest(tensors, texts) == "8265307ffb9bb7429b805beffc9ccca7de0e96d8e36316651b368684cfee1f31"


def test_it_can_be_computed_from_the_bytes_of_the_file(path: Path) -> None:
    found = as_documented(path.read_bytes())
    assert read_digest(path) == (found, path.stat().st_size)
    assert read_container(path)[1]["sha256"] == found
    assert as_documented(DEMO.read_bytes()) == read_digest(DEMO)[0]


CHANGES: dict[str, Callable[[dict[str, np.ndarray], dict[str, str]], object]] = {
    "a number": lambda tensors, _: tensors["gaussians.colour"].__setitem__((0, 0), 0.25),
    "a name": lambda _, texts: texts.__setitem__("metadata", '{"name":"somebody"}'),
    "a licence": lambda _, texts: texts.__setitem__("rig", texts["rig"].replace("made up", "none")),
    "a scale": lambda _, texts: texts.__setitem__("scales", texts["scales"].replace("0", "1", 1)),
    "two tensors that change places": lambda tensors, _: tensors.update(
        {"correctives.colour": tensors["correctives.position"], "correctives.position": tensors["correctives.colour"]}
    ),
    "a type": lambda tensors, _: tensors.update({"gaussians.opacity": tensors["gaussians.opacity"].view("<i2")}),
    "a shape": lambda tensors, _: tensors.update({"correctives.bias": tensors["correctives.bias"][:, None]}),
    "an entry more": lambda _, texts: texts.__setitem__("more", ""),
    "the digest": lambda _, texts: texts.__setitem__("sha256", texts["sha256"].upper()),
    "no digest in it": lambda _, texts: texts.__setitem__("sha256", ""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_was_changed_is_refused(path: Path, change: Callable[[Any, Any], object]) -> None:
    tensors, texts = read_container(path)
    change(tensors, texts)
    write(path, tensors, texts)
    with pytest.raises(AvatarFileError) as error:
        load_avatar(path)
    assert str(error.value) == f"{path} is not an intact avatar: {MISMATCH}"


def test_a_file_of_before_loads_and_info_says_so(path: Path, compare: Compare) -> None:
    intact = load_avatar(path)
    tensors, texts = read_container(path)
    del texts["sha256"]
    write(path, tensors, texts)
    assert compare(load_avatar(path), intact) == []
    assert read_digest(path)[0] is None
    facts = describe(load_avatar(path), path)
    assert facts["sha256"] is None
    assert "sha256       none, made before avatars had a checksum" in as_text(facts)
    save_avatar(path, load_avatar(path))
    assert read_digest(path)[0] == as_documented(path.read_bytes())


def test_unknown_entries_survive_and_are_part_of_it(path: Path, avatar: Avatar) -> None:
    save_avatar(path, replace(avatar, unknown={"x-more": "ü"}))
    first = path.read_bytes()
    assert as_documented(first) == read_container(path)[1]["sha256"]
    back = load_avatar(path)
    assert back.unknown == {"x-more": "ü"}
    save_avatar(path, back)
    assert path.read_bytes() == first
    tensors, texts = read_container(path)
    texts["signature"] = "of somebody"
    write(path, tensors, texts)
    assert load_avatar(path).signature == "of somebody", "it is no part of what it signs"
    texts["x-more"] = "u"
    write(path, tensors, texts)
    with pytest.raises(AvatarFileError, match="does not match its checksum"):
        load_avatar(path)


def test_an_entry_that_is_unknown_needs_a_digest_beside_it(path: Path) -> None:
    # One flipped bit in the name of the digest would otherwise make a file of before out of a new one.
    tensors, texts = read_container(path)
    texts["rha256"] = texts.pop("sha256")
    write(path, tensors, texts)
    with pytest.raises(AvatarFileError, match="it has no checksum, but the unknown entry 'rha256'"):
        load_avatar(path)


@pytest.mark.parametrize("unknown", [{"rig": "{}"}, {"sha256": "0" * 64}, {"x": 1}, {"a b": "c"}, {"": "c"}])
def test_unknown_entries_that_cannot_be_kept(path: Path, avatar: Avatar, unknown: dict[str, Any]) -> None:
    with pytest.raises(AvatarFileError, match="cannot be saved as"):
        save_avatar(path, replace(avatar, unknown=unknown))


def test_every_flipped_bit_is_refused(tmp_path: Path, make_avatar: Make, rng: np.random.Generator) -> None:
    path = tmp_path / "x.splatavatar"
    save_avatar(path, make_avatar(rng, metadata={"name": 'a "quoted"\nname', "more": [1.5, -2, None, True]}))
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    # All of the header's ends, and bits from everywhere.
    places = [*range(8 * 64), *range(8 * (header - 8), 8 * (header + 8))]
    places += rng.integers(0, 8 * header, 1000).tolist() + rng.integers(0, 8 * len(content), 1000).tolist()
    for place in places:
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        with pytest.raises(AvatarFileError):
            load_avatar(path)
