"""npz files, intact and damaged."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splatavatar.arrays import MOST_MEMBERS, fits, read_npy, read_npz, read_npz_or_none
from splatavatar.errors import SourceError
from splatavatar.zips import MOST_AT_ONCE

PROPERTY = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
DTYPES = st.sampled_from(["?", "i1", "<i2", ">i4", "<i8", "u1", ">u2", "<f2", ">f4", "<f8", "<c8", "<U3", ">U2", "S4"])


def refusal(path: Path, **options: Any) -> str:
    """The message of ``read_npz`` without the name of the file."""
    with pytest.raises(SourceError) as error:
        read_npz(path, SourceError, **options)
    assert str(error.value).startswith(f"{path}: ")
    return str(error.value)[len(f"{path}: ") :]


def written(path: Path, members: dict[str, bytes], **options: Any) -> Path:
    """A zip archive of ``members``."""
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """An npy file with that text as its header."""
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header))
    return b"\x93NUMPY" + version + length + header.encode() + data


@settings(max_examples=150, **PROPERTY)
@given(
    array=DTYPES.flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    ),
    compressed=st.booleans(),
    by_columns=st.booleans(),
)
def test_reads_what_numpy_writes(tmp_path: Path, array: np.ndarray, compressed: bool, by_columns: bool) -> None:
    path = tmp_path / "a.npz"
    stored = np.asfortranarray(array) if by_columns and array.ndim else array
    (np.savez_compressed if compressed else np.savez)(path, thing=stored)
    found = read_npz(path, SourceError)
    assert list(found) == ["thing"]
    assert found["thing"].dtype == array.dtype.newbyteorder("=")
    assert found["thing"].dtype.isnative and found["thing"].flags.writeable
    np.testing.assert_array_equal(found["thing"], array)


def test_only_the_arrays_asked_for_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.arange(3), pickled=np.array([{}], object))
    assert list(read_npz(path, SourceError, names=("a", "absent"))) == ["a"]
    assert refusal(path) == (
        "pickled objects in 'pickled', which are never read, expected an npz file of plain arrays."
    )


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
REFUSED: dict[str, tuple[bytes, str]] = {
    "no numbers": (npy(HEADER), "cut off"),
    "too few": (npy(HEADER, bytes(8)), "cut off"),
    "too many": (npy(HEADER, bytes(16)), "damaged"),
    "a claim": (npy(HEADER.replace("3,", "99999999999999999999,"), bytes(12)), "damaged"),
    "a claim of nothing": (npy(HEADER.replace("3,", "0, 99999999999999999999"), b""), "damaged"),
    "a size below 0": (npy(HEADER.replace("3,", "-3,"), bytes(12)), "damaged"),
    "many dimensions": (npy(HEADER.replace("3,", "1, " * 40), bytes(4)), "damaged"),
    "an expression": (npy("__import__('os').abort()"), "damaged"),
    "another version": (npy(HEADER, bytes(12), b"\x09\x00"), "damaged"),
    "no array": (b"hello, world", "a member 'a' that is no array"),
    "empty": (b"", "a member 'a' that is no array"),
    "objects": (npy(HEADER.replace("<f4", "|O"), bytes(12)), "pickled objects in 'a', which are never read"),
    "fields": (
        npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (3,)}"),
        "an array 'a' of several fields",
    ),
    "times": (npy(HEADER.replace("<f4", "<M8[s]"), bytes(24)), "an array 'a' of type '<M8[s]'"),
    "texts without room": (npy(HEADER.replace("<f4", "<U0")), "an array 'a' of texts without room for one"),
    "no Unicode": (npy(HEADER.replace("<f4", "<U1"), b"\xff" * 12), "texts in 'a' that are no Unicode"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_arrays_that_are_none(tmp_path: Path, content: bytes, reason: str) -> None:
    path = written(tmp_path / "a.npz", {"a.npy": content})
    assert refusal(path) == f"{reason}, expected an npz file of plain arrays."


def test_headers_of_other_programs(tmp_path: Path) -> None:
    header = '{"shape":(3L,),"fortran_order":False,"descr":"<f4"}'
    data = np.arange(3, dtype="<f4").tobytes()
    path = written(tmp_path / "a.npz", {"a.npy": npy(header, data, b"\x02\x00")})
    np.testing.assert_array_equal(read_npz(path, SourceError)["a"], [0, 1, 2])


def test_files_that_are_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.save(tmp_path / "single.npy", np.arange(3))
    for content, reason in (
        (b"", "an empty file"),
        ((tmp_path / "single.npy").read_bytes(), "a single array as npy files hold it"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS to a file that was not fetched (git lfs pull)",
        ),
        (b"\x80\x05]q\x00.", "damaged"),
    ):
        path.write_bytes(content)
        assert refusal(path) == f"{reason}, expected an npz file of plain arrays."
    path.unlink()
    os.mkfifo(path)
    assert refusal(path) == "a pipe or a device, expected an npz file of plain arrays."


def test_compressions_that_numpy_does_not_use(tmp_path: Path) -> None:
    path = written(tmp_path / "a.npz", {"a.npy": npy(HEADER, bytes(12))}, compression=zipfile.ZIP_LZMA)
    assert refusal(path).startswith("an array 'a' in another compression than deflate,")


def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", npy(HEADER, bytes(12)))
        archive.writestr("a.npy", npy(HEADER, bytes(12)))
    assert refusal(path).startswith("two arrays of one name,")


def test_a_list_of_very_many_members(tmp_path: Path) -> None:
    path = written(tmp_path / "a.npz", {f"{i}.npy": b"" for i in range(MOST_MEMBERS + 1)})
    assert refusal(path).startswith(f"{MOST_MEMBERS + 1} arrays,")


def test_no_memory_is_taken_for_a_claim(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(1 << 26, np.uint8))  # 64 MiB in 64 KiB
    tracemalloc.start()
    try:
        assert refusal(path, most=1 << 20).startswith("arrays of 64 MiB,")
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST_AT_ONCE
    finally:
        tracemalloc.stop()


@settings(max_examples=400, **PROPERTY)
@given(st.data())
def test_damage_is_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    write = np.savez_compressed if data.draw(st.booleans()) else np.savez
    write(buffer, a=np.arange(12.0).reshape(3, 4), names=np.array(["jawOpen", "é"]), flags=np.array([True, False]))
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["byte", "cut", "insert"])):
            case "byte":
                content[at] = data.draw(st.integers(0, 255))
            case "cut":
                content = content[: max(at, 1)]
            case _:
                content[at:at] = data.draw(st.binary(min_size=1, max_size=9))
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    try:
        arrays = read_npz(path, SourceError)
    except SourceError as error:
        assert "\n" not in str(error)
        return
    for array in arrays.values():
        assert array.nbytes < 1 << 20
        repr(array)


def test_a_cache_that_is_not_as_it_should_be_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cache.npz"
    assert read_npz_or_none(path, ("a",)) is None
    np.savez(path, a=np.zeros((3, 2), np.float32), b=np.zeros(3, np.int32))
    found = read_npz_or_none(path, {"a": ("f", ("n", 2)), "b": ("iu", ("n",))})
    assert found is not None and found["a"].shape == (3, 2)
    assert read_npz_or_none(path, {"a": ("f", ("n", 2)), "b": ("f", ("n",))}) is None
    assert read_npz_or_none(path, {"a": ("f", ("n", 3))}) is None
    assert read_npz_or_none(path, ("a", "c")) is None
    path.write_bytes(path.read_bytes()[:-30])
    assert read_npz_or_none(path, ("a",)) is None


def test_one_symbol_is_one_size() -> None:
    arrays = {"a": np.zeros((3, 2)), "b": np.zeros(4)}
    assert not fits(arrays, {"a": ("f", ("n", 2)), "b": ("f", ("n",))})
    assert fits(arrays, {"a": ("f", ("n", 2)), "b": ("f", ("m",))})


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i8", "?", "<U3"])
def test_a_single_array(tmp_path: Path, dtype: str) -> None:
    path, values = tmp_path / "a.npy", (np.arange(12).reshape(3, 4) % 2).astype(dtype)
    for array in (values, np.asfortranarray(values), values[:0]):
        np.save(path, array)
        found = read_npy(path, SourceError)
        assert found.dtype == np.dtype(dtype).newbyteorder("=") and found.flags.writeable
        np.testing.assert_array_equal(found, array)


def test_single_arrays_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(100.0))
    whole = path.read_bytes()
    for length in (0, 5, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(SourceError, match=r"expected an npy file of one plain array\.$"):
            read_npy(path, SourceError)
    path.write_bytes(whole + b"x")
    with pytest.raises(SourceError, match="damaged"):
        read_npy(path, SourceError)
    path.write_bytes(whole)
    with pytest.raises(SourceError, match=r"an array of 0 MiB, expected a table\."):
        read_npy(path, SourceError, "a table", 100)
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(SourceError, match=r"pickled objects in 'a.npy', which are never read"):
        read_npy(path, SourceError)
    path.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(SourceError, match=r"a pointer of Git LFS"):
        read_npy(path, SourceError)
    np.save(path, np.zeros(3))
    path.write_bytes(path.read_bytes().replace(b"(3,), }         ", b"(9999999999,), }"))
    with pytest.raises(SourceError, match="damaged"):
        read_npy(path, SourceError)
