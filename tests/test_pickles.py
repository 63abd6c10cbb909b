"""Pickles of arrays are read to the last bit, and none runs anything."""

from __future__ import annotations

import os
import pickle
import struct
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.pickles import DamagedPickle, Record, RefusedPickle, array_of, objects_of, read_pickle
from support.joblib_files import joblib_dump


@pytest.mark.parametrize("protocol", range(6))
def test_values_of_every_protocol(protocol: int) -> None:
    values = {
        "a": np.arange(12, dtype="<f4").reshape(3, 4),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "whole": np.array([3, -4]),
        "nothing": np.zeros((0, 3)),
        "inner": {"text": "00007", "number": 7, "float": 0.5, "list": [1, None, True]},
    }
    found = read_pickle(pickle.dumps(values, protocol))
    for name in ("a", "columns", "whole", "nothing"):
        array = array_of(found[name])
        assert array is not None and array.dtype == values[name].dtype  # type: ignore[attr-defined]
        np.testing.assert_array_equal(array, values[name])  # type: ignore[arg-type]
    assert found["inner"] == values["inner"]
    assert read_pickle(pickle.dumps(np.float32(2.5), protocol)) == 2.5


class Runs:
    """Runs a command where a pickle of it is read as usual."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_runs(tmp_path: Path, protocol: int) -> None:
    for value in (Runs(f"touch {tmp_path / 'ran'}"), {"a": [Runs(f"touch {tmp_path / 'ran'}")]}):
        with pytest.raises(RefusedPickle, match=r"it asks for posix\.system"):
            read_pickle(pickle.dumps(value, protocol))
    assert not (tmp_path / "ran").exists()


class Known:
    def __init__(self) -> None:
        self.x = 5


def test_records_stand_for_classes_that_are_known() -> None:
    content = pickle.dumps(Known(), 2)
    with pytest.raises(RefusedPickle, match="Known"):
        read_pickle(content)
    found = read_pickle(content, lambda module, name: Record if name == "Known" else None)
    assert type(found) is Record and found.get("x") == 5 and found.get("y") is None and array_of(found) is None


def test_what_is_no_pickle() -> None:
    whole = pickle.dumps({"a": np.arange(5)}, 2)
    for content in (b"", b"text", whole[:-1]):
        with pytest.raises(DamagedPickle):
            read_pickle(content)
    for length in range(len(whole)):
        with pytest.raises((DamagedPickle, RefusedPickle)):
            read_pickle(whole[:length])


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("aligned", [True, False])
def test_arrays_of_joblib(protocol: int, aligned: bool) -> None:
    values: Any = defaultdict(dict)
    values[np.int64(7)]["a"] = np.arange(12, dtype="<f4").reshape(3, 4)
    values[np.int64(8)]["columns"] = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    values[np.int64(8)]["nothing"] = np.zeros((0, 3))
    whole = joblib_dump(values, protocol, aligned)
    found = read_pickle(whole)
    assert list(found) == [7, 8]
    for number, entries in values.items():
        for name, array in entries.items():
            read = array_of(found[number][name])
            assert read is not None and read.dtype == array.dtype
            np.testing.assert_array_equal(read, array)
    for length in range(len(whole)):
        with pytest.raises((DamagedPickle, RefusedPickle)):
            read_pickle(whole[:length])


def test_arrays_of_joblib_that_are_none() -> None:
    whole = joblib_dump({"a": np.zeros((3, 4), "<f4")}, 2)
    assert whole.count(b"K\x03K\x04") == 1
    for claimed in (b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f", b"K\x03J\xfe\xff\xff\xff", b"K\x03N"):
        with pytest.raises((DamagedPickle, RefusedPickle)):
            read_pickle(whole.replace(b"K\x03K\x04", claimed))
    with pytest.raises(RefusedPickle, match="an array that holds no numbers"):
        read_pickle(joblib_dump({"a": np.array([None])}, 2))


@pytest.mark.parametrize("protocol", range(6))
def test_the_contents_of_arrays_of_objects(protocol: int) -> None:
    found = objects_of(read_pickle(pickle.dumps(np.array({"a": np.arange(3)}, dtype=object), protocol)))
    assert found is not None and len(found) == 1
    np.testing.assert_array_equal(array_of(found[0]["a"]), np.arange(3))  # type: ignore[arg-type]
    assert objects_of(read_pickle(pickle.dumps(np.arange(3), protocol))) is None
    assert objects_of({"a": 1}) is None


def test_bytes_that_are_named_again_take_no_memory_anew() -> None:
    count = 1 << 16
    begin = b"\x80\x02](c_codecs\nencode\nq\x01X" + struct.pack("<I", count) + b"a" * count + b"\x85q\x02R"
    assert read_pickle(begin + b"e.") == [b"a" * count]
    with pytest.raises(RefusedPickle, match="more bytes than it has"):
        read_pickle(begin + b"h\x01h\x02R" * 1000 + b"e.")
