"""Files that a user, or another file, has named."""

from __future__ import annotations

import json
import math
import os
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.errors import SplatAvatarError
from splatavatar.input import MOST_LISTS, check_input, open_input, read_bytes, read_json, read_text


class Failure(SplatAvatarError):
    """What the tests let a reader raise."""


def refusal(path: str | Path, read: Any = open_input) -> str:
    """The message without the name of the file, which it begins with, in one line."""
    with pytest.raises(Failure) as error:
        read(path, Failure, "a thing")
    message = str(error.value)
    assert message.endswith(", expected a thing.") and "\n" not in message
    return message.removesuffix(", expected a thing.").split(": ", 1)[1]


def test_a_regular_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    with open_input(path, Failure) as file:
        assert file.read() == b"abc"
    (tmp_path / "link").symlink_to(path)
    assert check_input(str(tmp_path / "link"), Failure) == tmp_path / "link"
    odd = os.fsencode(tmp_path) + b"/\xff\xfe \xe4.bin"
    Path(os.fsdecode(odd)).write_bytes(b"odd")
    assert read_bytes(os.fsdecode(odd), Failure) == b"odd"


def test_what_is_no_regular_file_is_refused_and_never_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.symlink(tmp_path / "pipe", tmp_path / "to a pipe")
    os.symlink("loop", tmp_path / "loop")
    os.symlink("nowhere", tmp_path / "dangling")
    listening = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    listening.bind("socket")
    for name, reason in {
        "absent": "no such file",
        "absent/x": "no such file",
        "dangling": "no such file",
        ".": "a folder",
        "pipe": "a pipe or a device",
        "to a pipe": "a pipe or a device",
        "socket": "a pipe or a device",
        "/dev/zero": "a pipe or a device",
        "/dev/null": "a pipe or a device",
        "loop": "a symbolic link that leads back to itself",
        "x" * 300: "a name longer than the file system allows",
        "a\0b": "no name that a file can have",
        "\ud800": "no name that a file can have",
        "": "no such file",
    }.items():
        for read in (open_input, check_input, read_bytes, read_text, read_json):
            assert refusal(tmp_path / name if name else "", read) == reason, name
    listening.close()


def test_a_pipe_with_a_writer_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    both = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    os.write(both, b"for somebody else")
    assert refusal(tmp_path / "pipe") == "a pipe or a device"
    assert os.read(both, 100) == b"for somebody else"
    os.close(both)


def test_standard_input_is_read_where_it_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with open(tmp_path / "x", "rb") as file:
        assert read_bytes(f"/dev/fd/{file.fileno()}", Failure) == b"abc"
    read, write = os.pipe()
    assert refusal(f"/dev/fd/{read}") == "a pipe or a device"
    os.close(read)
    os.close(write)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    (tmp_path / "x").touch(0)
    assert refusal(tmp_path / "x") == "no permission to read it"


def test_names_do_nothing_to_a_terminal() -> None:
    with pytest.raises(Failure) as error:
        open_input("/no\x1b[2J\n/\udcff", Failure)
    assert str(error.value) == r"/no\x1b[2J\n/\xff: no such file, expected a file."


def test_a_file_of_more_bytes_than_allowed(tmp_path: Path) -> None:
    os.truncate(os.open(tmp_path / "x", os.O_CREAT | os.O_WRONLY), 1 << 40)
    with pytest.raises(Failure, match=r"x: more than 1 MiB, expected a file."):
        read_bytes(tmp_path / "x", Failure, most=1 << 20)
    (tmp_path / "y").write_bytes(b"abc")
    assert read_bytes(tmp_path / "y", Failure, most=3) == b"abc"


@pytest.mark.parametrize(
    ("most", "said"),
    [
        (1, "1 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1 << 19, "512 KiB"),
        (1 << 20, "1 MiB"),
        (5 << 20, "5 MiB"),
    ],
)
def test_how_many_are_allowed_is_said_in_a_unit_that_counts_them(tmp_path: Path, most: int, said: str) -> None:
    os.truncate(os.open(tmp_path / "x", os.O_CREAT | os.O_WRONLY), most + 1)
    with pytest.raises(Failure, match=f"x: more than {said}, expected"):
        read_bytes(tmp_path / "x", Failure, most=most)


TEXT = '{"name": "Zoë 東京", "values": [1, 2]}\r\n'


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-16-le with BOM", "utf-16-be with BOM"],
)
def test_texts_in_all_encodings(tmp_path: Path, encoding: str) -> None:
    name, marked, _ = encoding.partition(" with BOM")
    (tmp_path / "x").write_bytes((("\ufeff" if marked else "") + TEXT).encode(name))
    assert read_text(tmp_path / "x", Failure) == TEXT
    assert read_json(tmp_path / "x", Failure) == {"name": "Zoë 東京", "values": [1, 2]}


@pytest.mark.parametrize("content", [b"\xff", b"Zo\xeb", b"\xff\xfea", b"\xed\xa0\x80", b"\xff\xfe\x00\xd8\x41\x00"])
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert refusal(tmp_path / "x", read_text) == "not a text in UTF-8 or UTF-16"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty file"),
        (" \n", "an empty file"),
        ('{"a": 1,\n "b": }', "not valid JSON (line 2)"),
        ("[" * 100_000 + "]" * 100_000, "not valid JSON: lists too deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "not valid JSON: lists too deep"),
        ("[1] [2]", "not valid JSON (line 1)"),
        ('{"a": "\x01"}', "not valid JSON (line 1)"),
        ("[" + "[]," * (MOST_LISTS + 1) + "[]]", "more values than any file of this kind has"),
    ],
    ids=["empty", "blank", "line", "deep lists", "deep tables", "two", "control", "many"],
)
def test_what_is_no_json(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "x").write_text(text)
    assert refusal(tmp_path / "x", read_json) == reason


def test_values_of_json(tmp_path: Path) -> None:
    def read(text: str) -> Any:
        (tmp_path / "x").write_text(text)
        return read_json(tmp_path / "x", Failure)

    assert read('{"a": 1, "b": 2, "a": 3}') == {"a": 3, "b": 2}
    assert read("[123456789012345678]") == [123456789012345678]
    huge = read("[1" + "0" * 399 + ", -1" + "0" * 399 + ", 12345678901234567890, -0, -0.0, 1e400]")
    assert huge[:3] == [math.inf, -math.inf, 12345678901234567890.0]
    assert [type(value) for value in huge] == [float, float, float, int, float, float]
    assert math.copysign(1, huge[4]) == -1 and huge[5] == math.inf
    # All of them fit where a 400-digit integer would raise.
    np.array(huge, np.float32)
    special = read("[NaN, Infinity, -Infinity]")
    assert math.isnan(special[0]) and special[1:] == [math.inf, -math.inf]
    # As Python writes the name of a file that is no UTF-8.
    (name,) = read(json.dumps([os.fsdecode(b"\xff.png")]))
    assert os.fsencode(name) == b"\xff.png"
    assert read(r'["\ud800"]') == ["\ud800"]


def test_a_file_that_shrinks_or_goes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * 100_000)
    with open_input(path, Failure) as file:
        assert file.read(10) == b"a" * 10
        os.truncate(path, 5)
        path.unlink()
        assert len(file.read()) < 100_000
    assert refusal(path) == "no such file"
