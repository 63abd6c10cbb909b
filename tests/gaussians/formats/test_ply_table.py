"""Tables of PLY files."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.gaussians.formats.ply_table import columns, sigmoid, table_of

ROW = np.dtype([("x", "<f4"), ("face_id", "<i4"), ("flag", "<u1"), ("depth", "<f8")])
ROWS = np.array([(1.5, -7, 255, 2.0**-40), (0, 2**31 - 1, 0, -1)], ROW)


def ply(end: str = "\n") -> bytes:
    lines = ["ply", "format binary_little_endian 1.0", "comment by hand", "element vertex 2", "property float x"]
    lines += ["property int face_id", "property uint8 flag", "property double depth", "end_header"]
    return (end.join(lines) + end).encode() + ROWS.tobytes()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_of_several_types(end: str) -> None:
    table = table_of(ply(end))
    assert list(table) == list(ROW.names or ())
    for name in table:
        np.testing.assert_array_equal(table[name], ROWS[name])
        assert table[name].dtype == ROW[name]
    np.testing.assert_array_equal(columns(table, ("depth", "face_id")), [[2.0**-40, -7], [-1, 2**31 - 1]])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (ply()[:-1], "33 bytes follow the header, expected 2 x 17"),
        (ply() + b"x", "35 bytes follow the header, expected 2 x 17"),
        (
            ply().replace(b"vertex 2", b"vertex " + b"9" * 18),
            "34 bytes follow the header, expected 9{18} x 17",
        ),
        (ply().replace(b"vertex 2", b"vertex " + b"9" * 19), "expected one element, vertex, and its count"),
        (ply().replace(b"vertex 2", b"vertex -2"), "expected one element, vertex, and its count"),
        (ply().replace(b"element", b"element face 0\nelement"), "expected one element, vertex, and its count"),
        (ply().replace(b"property int", b"property list uchar int"), "expected properties that are one number each"),
        (ply().replace(b"property ", b"comment "), "expected properties that are one number each"),
        (ply().replace(b"face_id", b"x"), "two properties have one name"),
        (ply().replace(b"binary_little", b"binary_big"), "expected format binary_little_endian 1.0"),
        (ply().replace(b"end_header", b"end_heater"), "it has no PLY header"),
        (b"ply\n" + b"comment\n" * 140_000 + ply()[4:], "it has no PLY header"),
        (b"", "it has no PLY header"),
        (ply()[:-8] + np.float64(np.inf).tobytes(), "it holds numbers that are not finite"),
    ],
)
def test_what_is_no_such_table(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        table_of(content)


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="it has no property y"):
        columns(table_of(ply()), ("x", "y"))


def test_sigmoid_of_large_logits() -> None:
    np.testing.assert_allclose(sigmoid(np.array([-1e4, 0, np.log(9), 1e4])), [0, 0.5, 0.9, 1], rtol=1e-6)
