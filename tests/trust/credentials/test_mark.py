"""Marking files that are there."""

from __future__ import annotations

import io
from pathlib import Path

import c2pa
import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import digest_of
from splatavatar.errors import TrustError
from splatavatar.png import encode_png
from splatavatar.trust.credentials.certificate import Certificate
from splatavatar.trust.credentials.formats import INSIDE, OUTSIDE, drop_sidecar, sidecar_of
from splatavatar.trust.credentials.library import signing_context
from splatavatar.trust.credentials.mark import add_credentials, check_markable, mark_file
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import origin_of
from splatavatar.trust.credentials.read import credentials_of
from support.damage import changed
from support.pictures import PICTURE, write_film


def of_others(signing: Certificate, media_type: str = "image/png", content: bytes | None = None) -> tuple[bytes, bytes]:
    """A picture with the credentials of a camera in it, and those beside any content."""
    said = {
        "claim_generator_info": [{"name": "A camera", "version": "7"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [{"action": "c2pa.created"}]}}],
    }
    out = io.BytesIO()
    with c2pa.Builder(said, context=signing_context(signing)) as builder:
        if content is not None:
            builder.set_no_embed()
        store = builder.sign(media_type, io.BytesIO(encode_png(PICTURE) if content is None else content), out)
    return out.getvalue(), store


def test_credentials_of_others_are_kept(tmp_path: Path, marker: Marker, signing: Certificate) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(of_others(signing)[0])
    before = credentials_of(path)
    assert before is not None and before.generator == "A camera 7" and not before.ours
    assert mark_file(path, marker, opened=True) == path
    found = credentials_of(path)
    assert found is not None and found.ours and found.holds and found.earlier == 1
    with path.open("rb") as file:
        said = c2pa.Reader("image/png", file).json()
    assert "A camera" in said and "parentOf" in said and "c2pa.opened" in said


@pytest.mark.parametrize("name", ["a.ply", "a.webm"])
def test_credentials_beside_a_file_are_kept_in_the_new_ones(
    tmp_path: Path, small: Avatar, signing: Certificate, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"what a drive has written")
    mark_file(path, Marker(origin_of(small, ["webcam"]), signing))
    for times in (1, 2):
        add_credentials(path, small)
        found = credentials_of(path)
        assert found is not None and found.holds and found.declared and found.earlier == times
    with path.open("rb") as file:
        said = c2pa.Reader("application/octet-stream", file, sidecar_of(path).read_bytes()).json()
    assert said.count("parentOf") == 2 and '"webcam"' in said
    path.write_bytes(b"What a drive has written")
    found = credentials_of(path)
    assert found is not None and not found.holds


def test_what_lies_beside_a_file_and_is_none_stays(tmp_path: Path, marker: Marker) -> None:
    path = tmp_path / "a.ply"
    path.write_text("ply\n")
    sidecar_of(path).write_bytes(b"none")
    with pytest.raises(TrustError, match="cannot be given content credentials"):
        mark_file(path, marker, opened=True)
    assert sidecar_of(path).read_bytes() == b"none"


def test_credentials_of_others_beside_a_file_are_not_replaced(
    tmp_path: Path, small: Avatar, signing: Certificate
) -> None:
    path = tmp_path / "a.ply"
    path.write_text("ply\n")
    store = of_others(signing, "application/octet-stream", b"ply\n")[1]
    sidecar_of(path).write_bytes(store)
    with pytest.raises(TrustError) as caught:
        add_credentials(path, small)
    assert str(caught.value) == f"{path}.c2pa: content credentials of others, which stay; move them away first"
    assert sidecar_of(path).read_bytes() == store


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_film_of_others(tmp_path: Path, small: Avatar, name: str) -> None:
    path = write_film(tmp_path / name)
    assert add_credentials(path, small, ["video"]) == (path if name == "a.mp4" else sidecar_of(path))
    found = credentials_of(path)
    assert found is not None and found.holds
    assert (found.avatar, found.driven_by) == (digest_of(small), ("video",))
    check_markable(found)


def test_what_is_of_no_kind_that_is_marked(tmp_path: Path, small: Avatar) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(TrustError) as caught:
        add_credentials(path, small)
    assert str(caught.value) == f"{path}: no kind of file that is marked, expected {', '.join((*INSIDE, *OUTSIDE))}."


def test_what_is_not_what_its_name_says_stays_as_it_is(tmp_path: Path, marker: Marker) -> None:
    for name, content in (("a.png", b"hello"), ("a.mp4", encode_png(PICTURE)), ("b.png", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(TrustError) as caught:
            mark_file(path, marker, opened=True)
        assert str(caught.value).startswith(f"{path}: it cannot be given content credentials: ")
        assert path.read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "a.png", "b.png"]


@pytest.mark.parametrize("name", ["a.png", "a.mp4", "a.webm.c2pa"])
def test_whatever_is_damaged_is_read_or_one_sentence(tmp_path: Path, marker: Marker, name: str) -> None:
    path, rng = tmp_path / name.removesuffix(".c2pa"), np.random.default_rng(0)
    if name == "a.png":
        path.write_bytes(marker.inside(encode_png(PICTURE), "image/png"))
    else:
        write_film(path, marker)
    content = (tmp_path / name).read_bytes()
    for _ in range(60):
        (tmp_path / name).write_bytes(changed(content, rng))
        for work in (lambda: credentials_of(path), lambda: mark_file(path, marker, opened=name != "a.webm.c2pa")):
            try:
                work()
            except TrustError as error:
                assert str(error).startswith(f"{path}: ") and "\n" not in str(error)


def test_a_sidecar_has_the_whole_name_before_it(tmp_path: Path) -> None:
    names = {sidecar_of(tmp_path / f"me{suffix}").name for suffix in OUTSIDE}
    assert len(names) == len(OUTSIDE) and "me.ply.c2pa" in names
    drop_sidecar(tmp_path / "me.ply")
    (tmp_path / "me.ply.c2pa").touch()
    drop_sidecar(tmp_path / "me.ply")
    assert not list(tmp_path.iterdir())
