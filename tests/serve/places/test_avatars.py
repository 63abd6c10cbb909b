"""The avatars of a folder or a bucket, by name."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.errors import AvatarFileError, StorageError
from splatavatar.serve.places.avatars import avatars_in
from splatavatar.serve.places.folder import FolderPlace
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Place
from support.s3_server import S3Server


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        request.getfixturevalue("s3")
        return place_of(f"s3://bucket-1/avatars-{tmp_path.name}")
    return place_of(str(tmp_path / "avatars"))


def test_avatars_are_listed_and_read(place: Place) -> None:
    library = avatars_in(place.address)
    assert list(library) == []
    place.put("ann.splatavatar", DEMO)
    place.write("broken.splatavatar", DEMO.read_bytes()[:1000])
    place.write("ann.report.html", b"")
    place.write("below/other.splatavatar", b"")
    place.write(".splatavatar", b"")
    if isinstance(place, FolderPlace):  # no names, wherever they lie
        for name in (b"back\\slash.splatavatar", b"caf\xe9.splatavatar", b"below/back\\slash"):
            (place.folder / os.fsdecode(name)).touch()
    assert sorted(library) == ["ann", "broken"]
    assert len(library) == 2
    np.testing.assert_array_equal(library["ann"]().gaussians.colour, load_avatar(DEMO).gaussians.colour)
    with pytest.raises(AvatarFileError, match=r"broken\.splatavatar is not an intact avatar"):
        library["broken"]()


@pytest.mark.parametrize(
    "name",
    [
        *("bob", "", "../ann", "below/other", "/ann", "a\0b", "..", "ann\n", "ann.splatavatar"),
        "ann.splatavatar?versionId=1",
    ],
)
def test_other_names_are_none(place: Place, name: str) -> None:
    place.write("ann.splatavatar", b"")
    place.write("below/other.splatavatar", b"")
    library = avatars_in(place.address)
    assert name not in library
    with pytest.raises(KeyError):
        library[name]


def test_a_place_that_cannot_be_read_says_so(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("splatavatar.serve.places.s3.TRIES", 1)
    library = avatars_in("s3://bucket-1")
    with pytest.raises(StorageError, match="no connection"):
        library["ann"]
    with pytest.raises(StorageError, match="no connection"):
        list(library)
