from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.drive.sources.recorded.csv_table import Table
from splatavatar.errors import SignalError

NAMES, ROWS = ["time", "jawOpen", "x"], [[0.0, 0.5, 1.0], [0.25, 0.125, -2.0]]
PLAIN = "time,jawOpen,x\n0,0.5,1\n0.25,0.125,-2\n"
COMMAS = "time;jawOpen;x\n0;0,5;1\n0,25;0,125;-2\n"


def table(path: Path, content: str | bytes) -> Table:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Table(path)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", " , "),
        COMMAS,
        COMMAS.replace(";", "\t"),
        "sep=;\r\n" + COMMAS.replace("\n", "\r\n"),
        '"sep=;"\n' + COMMAS,
        "sep=\t\n" + PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", "\n\n"),
        "\n  \n" + PLAIN,
        PLAIN.removesuffix("\n"),
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace("\n", ",,\n", 1).replace("1\n", "1,,\n"),
        "# a take\n// of me\n" + PLAIN.replace("0,0.5", "# pause\n0,0.5"),
        "# " + PLAIN,
        PLAIN + "Time,JawOpen,X\n",
        PLAIN.replace("time", '"time"').replace("0.5", '"0.5"'),
        '"time";"jawOpen";"x"\n"0";"0,5";"1"\n"0,25";"0,125";"-2"\n',
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        b"\xfe\xff" + COMMAS.encode("utf-16-be"),
    ],
)
def test_reads_whatever_a_program_makes_of_it(tmp_path: Path, content: str | bytes) -> None:
    read = table(tmp_path / "a.csv", content)
    assert read.names == NAMES
    assert [read.numbers(cells, range(3), line) for line, cells in read.rows()] == ROWS


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    read = table(tmp_path / "a.csv", "sep=,\n\n# note\n" + PLAIN.replace("0.25", "\n\n0.25"))
    assert [line for line, _ in read.rows()] == [5, 8]


def test_a_million_columns_are_no_face(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="1000000 columns, expected a table of the coefficients of a face"):
        table(tmp_path / "a.csv", ",".join(["."] * 1_000_000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PLAIN + "\n\n1,2\n", "line 6 has 2 values, expected 3."),
        (PLAIN + "1,2,3,4\n", "line 4 has 4 values, expected 3."),
        (PLAIN + "1,two,3\n", "line 4 holds something that is not a number."),
        (PLAIN + '1,"' + 200_000 * "9", "damaged at line 4, expected a table of the coefficients of a face."),
    ],
)
def test_refuses(tmp_path: Path, content: str, message: str) -> None:
    read = table(tmp_path / "a.csv", content)
    with pytest.raises(SignalError) as caught:
        [read.numbers(cells, range(3), line) for line, cells in read.rows()]
    assert str(caught.value) == f"{tmp_path / 'a.csv'}: {message}"
