"""The reader of binary glTF."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.importers.lam_bundle.glb import FLOATS, parse_glb
from support.lam_bundle import glb_of

NUMBERS = np.arange(12, dtype="<f4")


def described(**changed: Any) -> dict[str, Any]:
    view = {"buffer": 0, "byteOffset": 0, "byteLength": 48, **changed.pop("view", {})}
    accessor = {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", **changed}
    return {"accessors": [accessor], "bufferViews": [view], "buffers": [{"byteLength": 48}]}


def read(**changed: Any) -> Any:
    return parse_glb(glb_of(described(**changed), NUMBERS.tobytes())).numbers(0, "VEC3", FLOATS, "its numbers")


def test_numbers_in_a_row_and_apart() -> None:
    np.testing.assert_array_equal(read(), NUMBERS.reshape(4, 3))
    np.testing.assert_array_equal(read(byteOffset=12, count=3), NUMBERS.reshape(4, 3)[1:])
    apart = read(view={"byteStride": 16}, count=3)
    np.testing.assert_array_equal(apart, [[0, 1, 2], [4, 5, 6], [8, 9, 10]])
    assert read(count=0).shape == (0, 3)


def test_sparse_numbers_replace_others() -> None:
    json = described(
        sparse={
            "count": 2,
            "indices": {"bufferView": 1, "componentType": 5121},
            "values": {"bufferView": 0, "byteOffset": 24},
        }
    )
    json["bufferViews"].append({"buffer": 0, "byteOffset": 48, "byteLength": 2})
    binary = NUMBERS.tobytes() + bytes([0, 3])
    found = parse_glb(glb_of(json, binary)).numbers(0, "VEC3", FLOATS, "its numbers")
    np.testing.assert_array_equal(found, NUMBERS.reshape(4, 3)[[2, 1, 2, 3]])
    del json["accessors"][0]["bufferView"]
    found = parse_glb(glb_of(json, binary)).numbers(0, "VEC3", FLOATS, "its numbers")
    np.testing.assert_array_equal(found, [[6, 7, 8], [0, 0, 0], [0, 0, 0], [9, 10, 11]])
    with pytest.raises(Defect, match="its numbers replace number 7 of 4"):
        parse_glb(glb_of(json, binary[:48] + bytes([0, 7]))).numbers(0, "VEC3", FLOATS, "its numbers")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"count": 5}, "its numbers lie beyond the end of their bytes"),
        ({"count": 2**40}, "its numbers have the count 1099511627776, expected a whole number"),
        ({"count": 2**31}, "its numbers are 2147483648, more than"),
        ({"count": True}, "its numbers have the count True"),
        ({"count": [[[]]]}, "its numbers have the count a list"),
        ({"byteOffset": 1}, "its numbers lie beyond the end"),
        ({"byteOffset": -4}, "its numbers have the byteOffset -4"),
        ({"view": {"byteLength": 49}}, "its numbers lie beyond the end"),
        ({"view": {"byteStride": 4}}, "its numbers lie beyond the end"),
        ({"view": {"byteStride": 2**31}}, "its numbers lie beyond the end"),
        ({"bufferView": 3}, "it refers to bufferViews 3, it has 1"),
        ({"bufferView": -1}, "it refers to bufferViews -1"),
        ({"type": "VEC4"}, "its numbers are stored as 'VEC4' of 5126"),
        ({"componentType": 5123}, "its numbers are stored as 'VEC3' of 5123"),
        ({"componentType": 1}, "its numbers are stored as 'VEC3' of 1"),
    ],
)
def test_numbers_that_are_not_there(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Defect, match=sentence):
        read(**changed)


def test_lists_without_end() -> None:
    with pytest.raises(Defect, match="it has 20000 nodes, more than any file of this kind"):
        parse_glb(glb_of({"nodes": [{}] * 20000}, b"")).entries("nodes")


def test_numbers_that_are_not_finite() -> None:
    content = glb_of(described(), NUMBERS.tobytes()[:-4] + np.float32(np.nan).tobytes())
    with pytest.raises(Defect, match="its numbers hold a number that is not finite"):
        parse_glb(content).numbers(0, "VEC3", FLOATS, "its numbers")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[" * 100_000, "its JSON is not valid"),
        (b'{"a":' * 100_000, "its JSON is not valid"),
        (b"[" * 300_000, "larger than that of any file"),
        (b"{" + b'"a":1,' * 1_100_000, "larger than that of any file"),
        (b"[]", "its JSON is not a table"),
        (b"{", "its JSON is not valid"),
        (b'{"a": "\xff"}', "its JSON is not valid"),
        (b'{"extensionsRequired": 1}', "it needs the extension 1"),
    ],
)
def test_json_that_is_not_read(text: bytes, sentence: str) -> None:
    with pytest.raises(Defect, match=sentence):
        parse_glb(glb_of(text, b""))


def test_headers() -> None:
    whole = glb_of({}, b"")
    assert parse_glb(whole).binary == b""
    assert parse_glb(whole + b"more").json == {}
    for content, sentence in (
        (whole[:19], "it is no binary glTF"),
        (b"glTX" + whole[4:], "it is no binary glTF"),
        (whole[:4] + b"\1" + whole[5:], "it is a glTF of version 1"),
        (whole[:-1], "it is a glTF of version 2"),
        (whole[:12] + b"\xff\xff" + whole[14:], "it is cut off"),
        (whole[:16] + b"NOSJ" + whole[20:], "it has no JSON"),
    ):
        with pytest.raises(Defect, match=sentence):
            parse_glb(content)
