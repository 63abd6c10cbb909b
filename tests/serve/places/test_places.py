"""Folders and buckets under one interface: what one does the other does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from splatavatar.errors import OutputError, StorageError
from splatavatar.serve.places.opening import absolute, is_remote, place_of, split_address
from splatavatar.serve.places.place import LONGEST, Place, check_name
from support.s3_server import S3Server


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return place_of((tmp_path / "made" / "later").as_uri())
    request.getfixturevalue("s3")
    return place_of(f"s3://bucket-1/{tmp_path.name}/")


def test_what_is_written_is_read(place: Place, tmp_path: Path) -> None:
    assert place.entry("a.bin") is None
    assert place.entries() == []
    place.check_writable()
    assert place.entries() == []
    place.write("a.bin", b"first")
    before = place.entry("a.bin")
    assert before is not None and (before.name, before.bytes) == ("a.bin", 5)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * 40_000)  # more than one piece
    place.put("below/it/b c.bin", source)
    place.write("a.bin", b"other")
    after = place.entry("a.bin")
    assert after is not None and after.bytes == 5 and after.version != before.version
    assert [entry.name for entry in place.entries()] == ["a.bin", "below/it/b c.bin"]
    assert [entry.name for entry in place.entries("below")] == ["below/it/b c.bin"]
    assert place.entries("bel") == []
    assert place.entry("below") is None
    place.fetch("below/it/b c.bin", target, source.stat().st_size)
    assert target.read_bytes() == source.read_bytes()
    assert place.read("a.bin", 5) == b"other"
    place.remove("a.bin")
    place.remove("a.bin")
    assert [entry.name for entry in place.entries()] == ["below/it/b c.bin"]


def test_what_lies_at_the_top(place: Place) -> None:
    assert place.top() == []
    for name in ("b", "a b", "below/c", "below/again/d"):
        place.write(name, name.encode())
    assert place.top() == [place.entry("a b"), place.entry("b")]


def test_names_that_are_none_are_left_out_of_the_top(tmp_path: Path, s3: S3Server) -> None:
    """Others may lay down what they like there, and below."""
    (tmp_path / "below").mkdir()
    for name in (b"a", b"back\\slash", b"caf\xe9", b"line\nbreak", b"b?versionId=1", b"below/back\\slash"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert [entry.name for entry in place_of(str(tmp_path)).top()] == ["a"]
    for name in ("a", "back\\slash", "control\x01", "b?versionId=1", "folder/", "below//x", "below/back\\slash"):
        s3.put(f"bucket-1/top-of-{tmp_path.name}/{name}", b"x")
    assert [entry.name for entry in place_of(f"s3://bucket-1/top-of-{tmp_path.name}").top()] == ["a"]


def test_a_top_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"file: .*, expected a folder"):
        place_of(str(tmp_path / "file")).top()


def test_what_is_larger_than_allowed_is_not_taken(place: Place, tmp_path: Path) -> None:
    place.write("large", bytes(1001))
    target = tmp_path / "target"
    with pytest.raises(StorageError, match="more than 1000 bytes, expected"):
        place.fetch("large", target, 1000)
    assert not target.exists()
    with pytest.raises(StorageError, match="large: more than 1000 bytes, expected"):
        place.read("large", 1000)


def test_what_is_not_there(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nothing: no such (bucket or )?file, expected"):
        place.read("nothing", 10)
    with pytest.raises(StorageError, match=r"nothing: no such (bucket or )?file, expected"):
        place.fetch("nothing", tmp_path / "target", 10)
    with pytest.raises(OutputError, match="absent"):
        place.put("a", tmp_path / "absent")


HOSTILE = [
    *("../up", "a/../../up", "/root", "a//b", "./a", "a/.", "", "line\nbreak", "zero\0", "back\\slash", "\ud800"),
    "a?versionId=1",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_lead_elsewhere_are_refused(place: Place, tmp_path: Path, name: str) -> None:
    for use in (place.of, place.entry, place.remove, lambda name: place.read(name, 10)):
        with pytest.raises(StorageError, match=r"the name .* expected one below it"):
            use(name)
    with pytest.raises(StorageError):
        place.write(name, b"")
    with pytest.raises(StorageError):
        place.fetch(name, tmp_path / "target", 10)


def test_other_signs_mean_nothing(place: Place) -> None:
    """Neither to s3fs nor on the way to the server."""
    names = sorted(["a#b", "a::b", "a*", "a?", "[ab]", "~", "a%2fb", "a+b c", "é", "a?versionid=1"])
    for name in names:
        place.write(name, name.encode())
    assert [entry.name for entry in place.entries()] == names
    assert [place.read(name, 20).decode() for name in names] == names
    for name in names[::2]:
        place.remove(name)
    assert [entry.name for entry in place.entries()] == names[1::2]


def test_names_have_an_end() -> None:
    assert check_name("a" * LONGEST, "here") == "a" * LONGEST
    with pytest.raises(StorageError, match=f"is longer than {LONGEST} bytes"):
        check_name("é" * (LONGEST // 2 + 1), "here")
    assert check_name("...", "here") == "..."


@pytest.mark.parametrize("key", ["up/../../etc/passwd", "up//x", "up/control\x01", "up/x?versionId=1"])
def test_hostile_keys_of_a_bucket_are_refused(s3: S3Server, key: str) -> None:
    """Whoever may write into a bucket chooses its keys."""
    s3.put("bucket-2")
    s3.put(f"bucket-2/{key}", b"content")
    with pytest.raises(StorageError, match=r"the name .* expected one below it"):
        place_of("s3://bucket-2/up").entries()


def test_folders_as_programs_make_them_in_buckets(s3: S3Server) -> None:
    s3.put("bucket-3")
    s3.put("bucket-3/top/", b"")
    s3.put("bucket-3/top/file", b"x")
    s3.put("bucket-3/topper", b"x")
    assert [entry.name for entry in place_of("s3://bucket-3/top").entries()] == ["file"]
    assert [entry.name for entry in place_of("s3://bucket-3").entries()] == ["top/file", "topper"]


def test_a_bucket_holds_what_another_program_reads(s3: S3Server) -> None:
    place_of("s3://bucket-1/some").write("thing", b"content")
    assert s3.get("bucket-1/some/thing") == b"content"


def test_a_bucket_that_is_not_there(s3: S3Server) -> None:
    place = place_of("s3://no-such-bucket/x")
    assert place.entry("a") is None
    with pytest.raises(OutputError, match=r"cannot write s3://no-such-bucket/x/\.splatavatar-probe: no such bucket"):
        place.check_writable()


def test_a_server_that_does_not_answer(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("splatavatar.serve.places.s3.TRIES", 1)
    with pytest.raises(StorageError, match="s3://bucket-1/a: no connection to its server"):
        place_of("s3://bucket-1").read("a", 10)


def test_no_credentials(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    with pytest.raises(StorageError, match="s3://bucket-1: no credentials"):
        place_of("s3://bucket-1").entries()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://a/b", "unknown kind http://"),
        ("github://a:b@c", "unknown kind github://"),
        ("simplecache::s3://a/b", "unknown kind|no path|names"),
        ("s3://", "names no bucket"),
        ("s3://UP/x", "names no bucket"),
        ("s3://user:secret@bucket/x", "names no bucket"),
        ("s3://bucket/../x", r"has parts that are empty, \. or \.\."),
        ("s3://bucket/a\nb", "control characters"),
        ("s3://bucket/a?versionId=1", "asks for a version"),
        ("file://elsewhere/x", "names another machine"),
        ("file:x", ""),
        ("", "is no path"),
        ("a\0b", "is no path"),
    ],
)
def test_addresses_of_other_kinds(address: str, why: str) -> None:
    if address in ("file:x", "simplecache::s3://a/b"):  # names that a file may have
        assert not is_remote(address)
        return
    with pytest.raises(StorageError, match=why) as caught:
        place_of(address)
    assert "\n" not in str(caught.value)


def test_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert split_address("s3://bucket/a/b/") == ("s3://bucket/a", "b")
    assert split_address("a") == (".", "a")
    assert split_address("/a") == ("/", "a")
    assert absolute("x y") == str(tmp_path / "x y")
    assert absolute("file:///a%20b") == "/a b"
    assert absolute("s3://bucket/a/") == "s3://bucket/a"
    for address in ("s3://bucket", "/", ""):
        with pytest.raises(StorageError, match="names a place and nothing in it"):
            split_address(address)
