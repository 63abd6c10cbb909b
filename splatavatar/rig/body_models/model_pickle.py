"""Arrays out of the pickles in which body models are distributed, and nothing else out of any.

A pickle is a program. This reader knows the few names that the official files of FLAME and SMPL-X hold: numpy's arrays
and scalars, scipy's sparse matrices, and the nodes of chumpy, a package that no current Python can import. Each of them
makes an inert record here: no code of these packages runs, numpy's own reader of states among them, which trusts what
it is told. Arrays are made of the records afterwards, from bytes whose number is right. Any other name, and whatever a
file of arrays has no need of, ends the reading.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
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
DENSE = 1 << 26
"""numbers of a sparse matrix"""
NUMBERS = re.compile(r"[<>=|]?([fiu][1248]|b1)")
"""types of arrays that are read"""
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
    if type(found) is not dict or not all(isinstance(name, str) for name in found):
        raise RigError(f"{path}: a pickle without named arrays, expected a body model.")
    return found


def array_of(value: Any) -> AnyArray | None:
    """The numbers that an entry holds: an array, a sparse matrix, or a node of chumpy that is or picks from an array.

    None for anything else, and for records that do not fit together.
    """
    if isinstance(value, _Array):
        return value.array()
    if isinstance(value, _Sparse):
        return value.dense()
    if isinstance(value, _Node):
        return _array_of_node(value)
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None


class _Refused(Exception):
    """A pickle holds what no body model does."""


class _Record:
    """Stands for an object of another package: what it was told, and none of its methods."""

    name = ""
    """of its class"""
    state: Any

    def __new__(cls, *_: Any) -> _Record:
        made = super().__new__(cls)
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        if self.state is not None:
            raise _Refused("an object that is made twice")
        self.state = state

    def get(self, name: str) -> Any:
        """The field ``name``; None where it has none."""
        return self.state.get(name) if isinstance(self.state, dict) else None


class _Node(_Record):
    """An object of chumpy."""


class _Type(_Record):
    """The type of the numbers of an array."""

    text = ""

    def dtype(self) -> np.dtype[Any] | None:
        """None for what are no plain numbers."""
        if not NUMBERS.fullmatch(self.text):
            return None
        order = self.state[1] if isinstance(self.state, tuple) and len(self.state) > 1 else "="
        if order not in ("<", ">", "=", "|"):
            return None
        # Where one byte is a number there is no order.
        return np.dtype(self.text).newbyteorder(">" if order == ">" else "<" if order == "<" else "=")


class _Array(_Record):
    """An array: its version, shape, type, order and bytes."""

    def array(self) -> AnyArray | None:
        """None where these do not fit together, or it holds no numbers."""
        if not (isinstance(self.state, tuple) and len(self.state) == 5):
            return None
        _, shape, kind, by_columns, raw = self.state
        raw = raw.encode("latin1") if isinstance(raw, str) else raw
        dtype = kind.dtype() if isinstance(kind, _Type) else None
        if dtype is None or type(raw) is not bytes or type(shape) is not tuple or len(shape) > 4:
            return None
        if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(raw):
            return None
        if math.prod(max(n, 1) for n in shape) > LARGEST:  # of nothing, and too large all the same
            return None
        return np.frombuffer(raw, dtype).reshape(shape, order="F" if by_columns else "C")


class _Sparse(_Record):
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


class _Marker:
    """Stands for a class that is only named."""


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
        sizes = shape.array() if isinstance(shape, _Array) else shape
        if not isinstance(sizes, (tuple, list, np.ndarray)) or len(sizes) > 4:
            return None
        counts = [int(n) for n in sizes if isinstance(n, (int, np.integer)) and n >= 0]
        return values.reshape(counts) if len(counts) == len(sizes) and math.prod(counts) == values.size else None
    return None


def _plain(value: Any) -> AnyArray | None:
    """The numbers of an array, of whatever is none None."""
    return value.array() if isinstance(value, _Array) else None


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is not str or type(encoding) is not str or encoding not in ("latin1", "latin-1"):
        raise _Refused("text in an encoding that is not known")
    return text.encode("latin1")


def _new_array(*_: Any) -> _Record:
    return _Array()


def _from_buffer(buffer: Any, kind: Any, shape: Any, order: Any) -> _Record:
    """What numpy writes from protocol 5 on."""
    made = _Array()
    made.state = (1, shape, kind, order == "F", buffer)
    return made


def _scalar(kind: Any, raw: Any = b"") -> Any:
    """A number, of what it was told; None for anything else."""
    made = _Array()
    made.state = (1, (), kind, False, raw)
    array = made.array()
    return None if array is None else array[()]


def _type(text: Any, *_: Any) -> _Record:
    made = _Type()
    made.text = text if type(text) is str else ""
    return made


def _reconstructed(kind: Any, base: Any, _: Any = None) -> Any:
    """An object of Python 2, before its fields."""
    if isinstance(kind, type) and issubclass(kind, _Record) and base is object:
        return kind()
    raise _Refused("an object of a class that is not known")


def _no_set(items: Any = ()) -> None:
    """What chumpy remembers of changes is not asked."""


KNOWN: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _new_array for module in MULTIARRAY},
    **{(module, "scalar"): _scalar for module in MULTIARRAY},
    **{(module, "_frombuffer"): _from_buffer for module in NUMERIC},
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): _type,
    ("builtins", "set"): _no_set,
    ("builtins", "object"): object,
    ("copyreg", "_reconstructor"): _reconstructed,
    ("_codecs", "encode"): _encode,
}

REFUSED = (
    *(pickle.PERSID, pickle.BINPERSID, pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.FROZENSET),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
"""operations that no such file needs"""

_Python: Any = pickle._Unpickler


class _Reader(_Python):  # type: ignore[misc]
    """Python's own implementation, whose operations can be chosen."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Python.dispatch)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._kinds: dict[tuple[str, str], type] = {}

    def find_class(self, module: str, name: str) -> Any:
        module = OLD_NAMES.get(module, module)
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if (module, name) in self._kinds:
            return self._kinds[module, name]
        full = {"name": f"{module}.{name}"}
        if module.split(".")[:2] == ["scipy", "sparse"] and name in SPARSE:
            made = type("Sparse", (_Sparse,), {**full, "by_columns": name.startswith("csc")})
        elif module.split(".")[0] == "chumpy":
            made = type("Node", (_Node,), full)
        else:
            raise _Refused(f"it asks for {printable(f'{module}.{name}'[:80])}")
        return self._kinds.setdefault((module, name), made)

    def load_build(self) -> None:
        """Only records are told what they were: the fields of a function or a class stay."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Record):
            raise _Refused("it changes what is no array")
        self.stack[-1].__setstate__(state)

    def load_newobj(self) -> None:
        kind = self.stack[-2]
        if not (isinstance(kind, type) and issubclass(kind, _Record)):
            raise _Refused("it makes an object of a class that is not known")
        super().load_newobj()

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set(self.stack[-1], [key, value])

    def load_setitems(self) -> None:
        items = self.pop_mark()
        self._set(self.stack[-1], items)

    def load_dict(self) -> None:
        items = self.pop_mark()
        made: dict[Any, Any] = {}
        self._set(made, items)
        self.append(made)

    def load_additems(self) -> None:
        """Sets are not asked for what is in them."""
        self.pop_mark()

    def _set(self, target: Any, items: list[Any]) -> None:
        if type(target) is not dict:
            raise _Refused("it changes what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # A key is hashed: a tuple of tuples may take for ever.
            if not (key is None or type(key) in (str, int, bool, bytes)):
                raise _Refused("a key that is no name")
            target[key] = value

    def load_bytearray8(self) -> None:
        """The bytes that are there: the length that is said takes no memory."""
        (length,) = struct.unpack("<Q", self.read(8))
        if length > LARGEST:
            raise _Refused("more bytes than a body model has")
        self.append(bytes(self.read(length)))

    def refuse(self) -> None:
        raise _Refused("it does what no such file needs")

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8
    for operation in REFUSED:
        dispatch[operation[0]] = refuse
