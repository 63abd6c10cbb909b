"""Arrays out of the pickles in which body models are distributed, and nothing else out of any.

A pickle is a program. This reader knows the few names that the official files of FLAME and SMPL-X hold: numpy's arrays
and scalars, scipy's sparse matrices, and the nodes of chumpy, a package that no current Python can import. What a name
means is decided here: no code of these packages runs but that which fills an array. Any other name ends the reading.
"""

from __future__ import annotations

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from splatavatar.array_types import AnyArray, Longs
from splatavatar.errors import RigError
from splatavatar.input import read_bytes
from splatavatar.printable import printable

LARGEST = 1 << 31
"""bytes; the largest official file has 0.6 GB"""
OLD_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""modules as Python 2 called them"""
MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
SPARSE = ("csc_matrix", "csr_matrix", "csc_array", "csr_array")


def read_model_pickle(path: Path) -> dict[str, Any]:
    """The entries of the pickled dictionary in ``path`` by name; see ``array_of`` for their values.

    Raises RigError for what is no pickle, holds anything but arrays, or is no dictionary.
    """
    content = read_bytes(path, RigError, "a body model", LARGEST)
    try:
        found = _Reader(BytesIO(content), encoding="latin1").load()
    except _Refused as error:
        raise RigError(f"{path}: {error}: this is no file of FLAME or SMPL-X, and was not opened.") from error
    except Exception as error:
        # Damaged programs end in any way that a program can end.
        raise RigError(f"{path}: a damaged pickle, expected a body model.") from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise RigError(f"{path}: a pickle without named arrays, expected a body model.")
    return found


def array_of(value: Any) -> AnyArray | None:
    """The numbers that an entry holds: an array, a sparse matrix, or a node of chumpy that is or picks from an array.

    None for anything else.
    """
    if isinstance(value, _Sparse):
        return value.dense()
    if isinstance(value, _Node):
        return _array_of_node(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return value
    return None


class _Refused(Exception):
    """A pickle holds what no body model does."""


class _Stand:
    """Stands for an object of another package: its fields, and none of its methods."""

    name = ""
    """of its class"""

    def __new__(cls, *_: Any) -> _Stand:
        made = super().__new__(cls)
        made.state = {}
        return made

    state: dict[str, Any]

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise _Refused(f"an object of {printable(self.name[:60])} without fields")
        self.state = state


class _Node(_Stand):
    """An object of chumpy."""


class _Sparse(_Stand):
    """A sparse matrix of scipy, by columns or by rows."""

    by_columns = True

    def dense(self) -> AnyArray | None:
        """(R, C); None where the fields do not make one."""
        shape = self.state.get("_shape")
        parts = [self.state.get(name) for name in ("data", "indices", "indptr")]
        if not all(isinstance(part, np.ndarray) and part.ndim == 1 for part in parts):
            return None
        data, indices, starts = (np.asarray(part) for part in parts)
        if not (
            isinstance(shape, tuple) and len(shape) == 2 and all(type(n) is int and 0 < n < 1 << 20 for n in shape)
        ):
            return None
        lines, places = shape[::-1] if self.by_columns else shape
        if data.dtype.kind != "f" or any(part.dtype.kind not in "iu" for part in (indices, starts)):
            return None
        ends = starts.astype(np.int64)
        counts: Longs = ends[1:] - ends[:-1]
        if len(counts) != lines or (counts < 0).any() or starts[0] != 0:
            return None
        if not counts.sum() == len(indices) == len(data):
            return None
        if len(indices) and not 0 <= indices.min() <= indices.max() < places:
            return None
        if lines * places > 1 << 26:
            return None
        out = np.zeros((lines, places), data.dtype)
        np.add.at(out, (np.repeat(np.arange(lines), counts), indices), data)
        return out.T if self.by_columns else out


class _Marker:
    """Stands for a class that is only named."""


def _array_of_node(node: _Node) -> AnyArray | None:
    if node.name == "chumpy.ch.Ch":
        value = node.state.get("x")
        return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None
    if node.name == "chumpy.reordering.Select":
        whole, picked, shape = (node.state.get(name) for name in ("a", "idxs", "preferred_shape"))
        source = whole.state.get("x") if isinstance(whole, _Node) and whole.name == "chumpy.ch.Ch" else whole
        if not (isinstance(source, np.ndarray) and isinstance(picked, np.ndarray) and picked.dtype.kind in "iu"):
            return None
        flat = source.ravel()
        if picked.size and not 0 <= picked.min() <= picked.max() < flat.size:
            return None
        chosen = flat[picked.ravel()]
        try:
            return chosen if shape is None else chosen.reshape([int(n) for n in shape])
        except (TypeError, ValueError):
            return None
    return None


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding not in ("latin1", "latin-1"):
        raise _Refused(f"text in {printable(str(encoding)[:20])!r}")
    return text.encode("latin1")


def _new_array(*_: Any) -> AnyArray:
    """An array that its state will fill."""
    return np.ndarray((0,), np.uint8)


def _from_buffer(buffer: Any, dtype: Any, shape: Any, order: str) -> AnyArray:
    """What numpy writes from protocol 5 on."""
    return np.frombuffer(bytes(buffer), dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: Any, content: Any = b"") -> Any:
    if not isinstance(dtype, np.dtype) or dtype.kind not in "fiub" or not isinstance(content, (bytes, str)):
        raise _Refused("a scalar that is no number")
    raw = content.encode("latin1") if isinstance(content, str) else content
    return np.frombuffer(raw, dtype, 1)[0]


def _dtype(name: Any, *_: Any) -> np.dtype[Any]:
    if not isinstance(name, str) or len(name) > 4:
        raise _Refused("an array of structures")
    # A copy: the fields that follow are those of this one alone.
    return np.dtype(name, False, True)


def _reconstructed(kind: Any, base: Any, _: Any = None) -> Any:
    """An object of Python 2, before its fields."""
    if isinstance(kind, type) and issubclass(kind, _Stand) and base is object:
        return kind()
    raise _Refused("an object of a class that is not known")


def _no_set(items: Any = ()) -> frozenset[Any]:
    """What chumpy remembers of changes is not asked."""
    return frozenset()


KNOWN: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _new_array for module in MULTIARRAY},
    **{(module, "scalar"): _scalar for module in MULTIARRAY},
    **{(module, "_frombuffer"): _from_buffer for module in NUMERIC},
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): _dtype,
    ("builtins", "set"): _no_set,
    ("builtins", "object"): object,
    ("copyreg", "_reconstructor"): _reconstructed,
    ("_codecs", "encode"): _encode,
}


REFUSED = (
    *(pickle.PERSID, pickle.BINPERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""operations that no such file needs"""


_Python: Any = pickle._Unpickler


class _Reader(_Python):  # type: ignore[misc]
    """Python's own implementation, whose operations can be chosen."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Python.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        module = OLD_NAMES.get(module, module)
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if module.split(".")[:2] == ["scipy", "sparse"] and name in SPARSE:
            by_columns = name.startswith("csc")
            return type("Sparse", (_Sparse,), {"name": f"{module}.{name}", "by_columns": by_columns})
        if module.split(".")[0] == "chumpy":
            return type("Node", (_Node,), {"name": f"{module}.{name}"})
        raise _Refused(f"it asks for {printable(f'{module}.{name}'[:80])}")

    def load_build(self) -> None:
        """Fields are for objects that stand for others and for arrays: those of a function or a class stay."""
        if not isinstance(self.stack[-2], (_Stand, np.ndarray, np.dtype)):
            raise _Refused("it changes what is no array")
        super().load_build()

    def load_newobj(self) -> None:
        kind = self.stack[-2]
        if not (isinstance(kind, type) and issubclass(kind, _Stand)):
            raise _Refused("it makes an object of a class that is not known")
        super().load_newobj()

    def refuse(self) -> None:
        raise _Refused("it does what no such file needs")

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    for operation in REFUSED:
        dispatch[operation[0]] = refuse
