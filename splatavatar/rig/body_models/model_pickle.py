"""Arrays out of the pickles in which body models are distributed.

The official files of FLAME and SMPL-X hold, beside numpy's arrays, scipy's sparse matrices and the nodes of chumpy, a
package that no current Python can import. Here are the records that stand for them, and what numbers they hold; see
``splatavatar.pickles``, which reads the pickle without running it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar import pickles
from splatavatar.array_types import AnyArray, Longs
from splatavatar.errors import RigError
from splatavatar.input import NOT_FETCHED, POINTER, read_bytes
from splatavatar.pickles import DamagedPickle, Record, RefusedPickle, read_pickle
from splatavatar.printable import printable

LARGEST = 1 << 31
"""bytes; the largest official file has 0.6 GB"""
DENSE = 1 << 26
"""numbers of a sparse matrix"""
PAGES, SPACE = (b"<!doctype", b"<html", b"<?xml"), b"\xef\xbb\xbf \t\r\n"
"""how pages begin, and what may lie before that"""
MOST_BEFORE = 1 << 10
"""bytes of a page that are looked at"""
GZIP = b"\x1f\x8b"
SPARSE = ("csc_matrix", "csr_matrix", "csc_array", "csr_array")


def read_model_pickle(path: Path) -> dict[str, Any]:
    """The entries of the pickled dictionary in ``path`` by name; see ``array_of`` for their values.

    Raises RigError for what is no pickle, holds anything but arrays, or is no dictionary.
    """
    content = read_bytes(path, RigError, "a body model", LARGEST)
    try:
        found = read_pickle(content, _record)
    except RefusedPickle as error:
        # The first letters of a page or of a text are operations of a pickle.
        _refuse_other(path, content)
        raise RigError(f"{path}: {error}: this is no file of FLAME or SMPL-X, and was not opened.") from error
    except DamagedPickle as error:
        _refuse_other(path, content)
        raise RigError(f"{path}: a damaged pickle, expected a body model.") from error
    if type(found) is not dict or not all(isinstance(name, str) for name in found):
        raise RigError(f"{path}: a pickle without named arrays, expected a body model.")
    return found


def _refuse_other(path: Path, content: bytes) -> None:
    """Raises RigError for what often lies under the name of a body model and is none."""
    head = content[:MOST_BEFORE].lstrip(SPACE).lower()
    found = ""
    if not content:
        found = "an empty file"
    elif content.startswith(POINTER):
        found = NOT_FETCHED
    elif head.startswith(PAGES):
        found = "a page of a web site, as comes instead of a download without a login"
    elif content.startswith(GZIP):
        found = "a file compressed by gzip"
    if found:
        raise RigError(f"{printable(path)}: {found}, expected a body model.")


def array_of(value: Any) -> AnyArray | None:
    """The numbers that an entry holds: an array, a sparse matrix, or a node of chumpy that is or picks from an array.

    None for anything else, and for records that do not fit together.
    """
    if isinstance(value, _Sparse):
        return value.dense()
    if isinstance(value, _Node):
        return _array_of_node(value)
    return pickles.array_of(value)


class _Node(Record):
    """An object of chumpy."""

    name = ""
    """of its class"""


class _Sparse(Record):
    """A sparse matrix of scipy, by columns or by rows."""

    by_columns = True

    def dense(self) -> AnyArray | None:
        """(R, C); None where the fields do not make one."""
        data, indices, starts = (array_of(self.get(name)) for name in ("data", "indices", "indptr"))
        if data is None or indices is None or starts is None:
            return None
        if not data.ndim == indices.ndim == starts.ndim == 1 or data.dtype.kind != "f":
            return None
        if indices.dtype.kind not in "iu" or starts.dtype.kind not in "iu" or len(indices) != len(data):
            return None
        shape = self.get("_shape")
        if not (type(shape) is tuple and len(shape) == 2 and all(type(n) is int and 0 < n < DENSE for n in shape)):
            return None
        lines, places = shape[::-1] if self.by_columns else shape
        if lines * places > DENSE or len(starts) != lines + 1:
            return None
        # Compared before anything is taken from anything: differences of huge numbers wrap.
        if starts[0] != 0 or starts[-1] != len(data) or (starts[1:] < starts[:-1]).any():
            return None
        if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < places:
            return None
        ends = starts.astype(np.int64)
        counts: Longs = ends[1:] - ends[:-1]
        out = np.zeros((lines, places), data.dtype)
        np.add.at(out, (np.repeat(np.arange(lines), counts), indices.astype(np.int64)), data)
        return out.T if self.by_columns else out


def _record(module: str, name: str) -> type[Record] | None:
    """What stands for a class of scipy or chumpy."""
    if module.split(".")[:2] == ["scipy", "sparse"] and name in SPARSE:
        return type("Sparse", (_Sparse,), {"by_columns": name.startswith("csc")})
    if module.split(".")[0] == "chumpy":
        return type("Node", (_Node,), {"name": f"{module}.{name}"})
    return None


def _array_of_node(node: _Node) -> AnyArray | None:
    if node.name == "chumpy.ch.Ch":
        return _plain(node.get("x"))
    if node.name == "chumpy.reordering.Select":
        whole, picked, shape = (node.get(name) for name in ("a", "idxs", "preferred_shape"))
        source = _plain(whole.get("x") if isinstance(whole, _Node) and whole.name == "chumpy.ch.Ch" else whole)
        chosen = _plain(picked)
        if source is None or chosen is None or chosen.dtype.kind not in "iu":
            return None
        if chosen.size and not 0 <= int(chosen.min()) <= int(chosen.max()) < source.size:
            return None
        values = source.ravel()[chosen.ravel()]
        if shape is None:
            return values
        sizes = _plain(shape) if isinstance(shape, Record) else shape
        if not isinstance(sizes, (tuple, list, np.ndarray)) or len(sizes) > 4:
            return None
        counts = [int(n) for n in sizes if isinstance(n, (int, np.integer)) and n >= 0]
        return values.reshape(counts) if len(counts) == len(sizes) and math.prod(counts) == values.size else None
    return None


def _plain(value: Any) -> AnyArray | None:
    """The numbers of an array, of whatever is none None."""
    return pickles.array_of(value) if isinstance(value, Record) else None
