"""Credentials in files and beside them, read by the library and by a second reader; every change is found."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from trust.credentials.conftest import DIGEST

from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import DependencyError, TrustError
from splatavatar.png import encode_png
from splatavatar.trust.credentials import marker as module
from splatavatar.trust.credentials.certificate import SELF_MADE, Certificate
from splatavatar.trust.credentials.marker import Marker, Nowhere, marker_of
from splatavatar.trust.credentials.read import credentials_of
from support import c2pa_reader
from support.pictures import PICTURE, write_film

ABSENT = "the package 'c2pa' is not installed; add it by: pip install \".[trust]\""


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(PICTURE).save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("suffix", "media_type", "content"),
    [
        (".png", "image/png", encode_png(PICTURE)),
        (".jpg", "image/jpeg", encoded("JPEG")),
        (".webp", "image/webp", encoded("WEBP")),
        (".gif", "image/gif", encoded("GIF")),
        (".tiff", "image/tiff", encoded("TIFF")),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith(".") else "",
)
def test_pictures(tmp_path: Path, marker: Marker, suffix: str, media_type: str, content: bytes) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(marker.inside(content, media_type))
    found = credentials_of(path)
    assert found is not None
    assert (found.state, found.failures, found.place) == ("Valid", (), path)
    assert (found.avatar, found.signer, found.fingerprint) == (DIGEST, "Ann", "01" * 16)
    assert (found.source_type, found.scope) == ("compositeSynthetic", ("private", "calls"))
    assert found.driven_by == ("webcam", "microphone")
    assert found.ours and found.holds and found.earlier == 0
    with Image.open(path) as marked, Image.open(io.BytesIO(content)) as before:
        np.testing.assert_array_equal(np.asarray(marked.convert("RGB")), np.asarray(before.convert("RGB")))


def test_a_second_reader_agrees(tmp_path: Path, marker: Marker) -> None:
    picture = marker.inside(encode_png(PICTURE), "image/png")
    film = write_film(tmp_path / "a.mp4", marker).read_bytes()
    beside = write_film(tmp_path / "a.webm", marker)
    for read, binding in (
        (c2pa_reader.read(picture), "c2pa.hash.data"),
        (c2pa_reader.read(film), "c2pa.hash.bmff.v3"),
        (c2pa_reader.read(beside.read_bytes(), (tmp_path / "a.webm.c2pa").read_bytes()), "c2pa.hash.data"),
    ):
        assert binding in read.assertions
        created, driven = read.assertions["c2pa.actions.v2"]["actions"]
        assert created["digitalSourceType"].endswith("/compositeSynthetic")
        assert driven["parameters"] == {"by": ["webcam", "microphone"]}
        assert read.assertions["org.splatavatar.avatar"]["sha256"] == DIGEST
        assert read.assertions["c2pa.ingredient.v3"]["instanceID"].endswith(DIGEST)
        assert SELF_MADE in read.chain[1].subject.rfc4514_string().replace("\\", "")


def test_nothing_is_said_of_names_and_places(tmp_path: Path, marker: Marker) -> None:
    folder = tmp_path / "Annas Bilder"
    folder.mkdir()
    film = write_film(folder / "geheim.mp4", marker).read_bytes()
    beside = write_film(folder / "geheim.webm", marker)
    said = film + beside.read_bytes() + (folder / "geheim.webm.c2pa").read_bytes()
    for name in (b"geheim", b"Bilder", str(Path.home()).encode(), b"thumbnail"):
        assert name not in said


def test_a_film_shows_and_sounds_as_before(tmp_path: Path, marker: Marker) -> None:
    plain, marked = write_film(tmp_path / "a.mp4"), write_film(tmp_path / "b.mp4", marker)
    frames = []
    for path in (plain, marked):
        with av.open(str(path)) as film:
            decoded = list(film.decode(video=0))
            frames.append([(frame.pts, frame.time_base, frame.to_ndarray().tobytes()) for frame in decoded])
    assert frames[0] == frames[1] and len(frames[0]) == 12


def test_each_changed_byte_of_a_picture_is_found(tmp_path: Path, marker: Marker) -> None:
    """In the store some are of the form alone, which nothing signs: whatever holds then, says the same."""
    path, content = tmp_path / "a.png", marker.inside(encode_png(PICTURE[:4, :4]), "image/png")
    begin = content.index(b"caBX") + 4
    end = begin + struct.unpack(">I", content[begin - 8 : begin - 4])[0]
    rng = np.random.default_rng(0)
    pixels = [place for place in range(len(content)) if not begin - 8 <= place < end + 4]
    path.write_bytes(content)
    said, held = credentials_of(path), []
    for place in [*pixels, *rng.integers(begin, end, 200).tolist()]:
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            found = credentials_of(path)
        except TrustError:
            continue
        if found is not None and found.holds:
            held.append(place)
            assert found == said
    assert not set(held) & set(pixels)
    assert len(held) < 100


def test_a_changed_pixel_is_named(tmp_path: Path, marker: Marker) -> None:
    path = write_film(tmp_path / "a.mp4", marker)
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    found = credentials_of(path)
    assert found is not None and not found.holds
    assert (found.state, found.failures) == ("Invalid", ("assertion.bmffHash.mismatch",))
    with pytest.raises(AssertionError, match="the boxes of the film are not those that were signed"):
        c2pa_reader.read(bytes(content))
    beside = write_film(tmp_path / "a.webm", marker)
    content = bytearray(beside.read_bytes())
    content[-40] ^= 1
    beside.write_bytes(content)
    found = credentials_of(beside)
    assert found is not None and found.failures == ("assertion.dataHash.mismatch",)


def test_what_is_no_picture_is_one_sentence(marker: Marker) -> None:
    for content in (b"", b"hello", b"\x89PNG\r\n\x1a\n", encode_png(PICTURE)[:60]):
        with pytest.raises(TrustError) as caught:
            marker.inside(content, "image/png")
        assert "\n" not in str(caught.value) and str(caught.value)


def test_several_threads_may_sign(marker: Marker, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        marked = list(pool.map(lambda _: marker.inside(encode_png(PICTURE), "image/png"), range(40)))
    for content in marked:
        c2pa_reader.read(content)


def test_without_the_package_work_goes_on_and_one_line_says_so(
    small: Avatar, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def absent() -> None:
        raise DependencyError(ABSENT)

    monkeypatch.setattr(module, "library", absent)
    module.warn_once.cache_clear()
    assert marker_of(small) is None and marker_of(small) is None
    (line,) = [message for message in caplog.messages if message.startswith("written")]
    assert line == f"written without content credentials: {ABSENT}"


def test_a_certificate_that_the_library_refuses(small: Avatar, signing: Certificate) -> None:
    with pytest.raises(TrustError, match="the certificate cannot sign content credentials"):
        marker_of(small, certificate=replace(signing, chain=b"nothing"))


def test_nowhere_takes_everything() -> None:
    nowhere = Nowhere()
    assert nowhere.write(b"abc") == 3 and nowhere.tell() == 3
    assert nowhere.seek(-1, io.SEEK_END) == 2 and nowhere.seek(2, io.SEEK_CUR) == 4 and nowhere.seek(1) == 1
    assert nowhere.readable() and nowhere.writable() and nowhere.seekable()
