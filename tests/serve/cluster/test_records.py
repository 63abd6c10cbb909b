from __future__ import annotations

import json
from pathlib import Path

import pytest

from splatavatar.serve.cluster.records import LARGEST, BakeRecord, read_record, read_records, write_record
from splatavatar.serve.places.opening import place_of

RECORD = BakeRecord("ann", "/people/ann", "running", "ab", 7, "", "machine", 12)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    place = place_of(str(tmp_path))
    assert read_records(place) == []
    assert read_record(place, "ann") is None
    write_record(place, RECORD)
    found = read_record(place, "ann")
    assert found is not None and found.told > 1.7e9
    assert found == BakeRecord(**{**RECORD.__dict__, "told": found.told})
    assert read_records(place) == [found]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "bob"},
        {"state": "made up"},
        {"iteration": "7"},
        {"iteration": True},
        {"why": None},
        {"told": [1]},
    ],
)
def test_what_is_no_record_is_none(tmp_path: Path, change: dict[str, object]) -> None:
    place = place_of(str(tmp_path))
    write_record(place, RECORD)
    values = json.loads(place.read(".bakes/ann.json", LARGEST))
    place.write(".bakes/ann.json", json.dumps({**values, **change}).encode())
    assert read_record(place, "ann") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"\xff", b"[" * 50_000, b"{}", b" " * (LARGEST + 1)])
def test_damaged_files_are_passed_over(tmp_path: Path, content: bytes) -> None:
    place = place_of(str(tmp_path))
    write_record(place, RECORD)
    place.write(".bakes/bob.json", content)
    place.write(".bakes/bob.checkpoint", b"")
    assert [record.name for record in read_records(place)] == ["ann"]
