"""Arrays out of pickles, and nothing else out of any.

A pickle is a program. The reader here knows the few names that pickles of numpy's arrays and scalars hold. Each of them
makes an inert record: no code of numpy runs, its own reader of states among them, which trusts what it is told. Arrays
are made of the records afterwards, from bytes whose number is right. Any other name, and whatever arrays have no need
of, ends the reading. Who reads a pickle with objects of other packages says which records stand for them.
"""

from __future__ import annotations

import math
import pickle
import re
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any, ClassVar

import numpy as np

from splatavatar.array_types import AnyArray
from splatavatar.printable import printable

LARGEST = 1 << 31
"""bytes of an array"""
NUMBERS = re.compile(r"[<>=|]?([fiu][1248]|b1)")
"""types of arrays that are read"""
OLD_NAMES = {"__builtin__": "builtins", "copy_reg": "copyreg"}
"""modules as Python 2 called them"""
MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")


class RefusedPickle(Exception):
    """A pickle holds what its reader does not know, in a few words."""


class DamagedPickle(Exception):
    """Bytes that are no pickle."""


class Record:
    """Stands for an object of another package: what it was told, and none of its methods."""

    state: Any

    def __new__(cls, *_: Any) -> Record:
        made = super().__new__(cls)
        made.state = None
        return made

    def __setstate__(self, state: Any) -> None:
        if self.state is not None:
            raise RefusedPickle("an object that is made twice")
        self.state = state

    def follow(self, read: Callable[[int], bytes]) -> None:
        """Reads what its package puts into the file behind the state; most put nothing there."""

    def get(self, name: str) -> Any:
        """The field ``name``; None where it has none."""
        return self.state.get(name) if isinstance(self.state, dict) else None


Records = Callable[[str, str], "type[Record] | None"]
"""what stands for the class of a module, by their names; None for one that is not known"""


def read_pickle(content: bytes, records: Records = lambda module, name: None) -> Any:
    """What the pickle ``content`` holds: plain values, and records; see ``array_of``.

    Raises:
        RefusedPickle: it asks for what is neither an array nor among ``records``, or does what no array needs.
        DamagedPickle: it is none, or cut off.
    """
    try:
        return _Reader(content, records).load()
    except RefusedPickle:
        raise
    except Exception as error:
        # Damaged programs end in any way that a program can end.
        raise DamagedPickle from error


def array_of(value: Any) -> AnyArray | None:
    """The numbers of an array or a scalar; None for anything else, and for a record that does not fit together."""
    if isinstance(value, _Array):
        return value.array()
    return value if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" else None


def objects_of(value: Any) -> list[Any] | None:
    """What an array of objects holds, in a row; None for anything else."""
    fits = isinstance(value, _Array) and isinstance(value.state, tuple) and len(value.state) == 5
    return value.state[4] if fits and isinstance(value.state[4], list) else None


class _Type(Record):
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


class _Array(Record):
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


class _ArrayBehind(_Array):
    """An array of joblib, without compression: its numbers lie in the file behind what is said of them."""

    def follow(self, read: Callable[[int], bytes]) -> None:
        shape, kind = self.get("shape"), self.get("dtype")
        dtype = kind.dtype() if isinstance(kind, _Type) else None
        if dtype is None or type(shape) is not tuple or not all(type(n) is int and n >= 0 for n in shape):
            raise RefusedPickle("an array that holds no numbers")
        if self.get("numpy_array_alignment_bytes") is not None:
            read(read(1)[0])
        size = math.prod(shape) * dtype.itemsize
        raw = read(size) if size <= LARGEST else b""
        if len(raw) != size:
            raise DamagedPickle
        self.state = (1, shape, kind, self.get("order") == "F", raw)


class _Marker:
    """Stands for a class that is only named."""


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is not str or type(encoding) is not str or encoding not in ("latin1", "latin-1"):
        raise RefusedPickle("text in an encoding that is not known")
    return text.encode("latin1")


def _new_array(*_: Any) -> Record:
    return _Array()


def _from_buffer(buffer: Any, kind: Any, shape: Any, order: Any) -> Record:
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


def _type(text: Any, *_: Any) -> Record:
    made = _Type()
    made.text = text if type(text) is str else ""
    return made


def _reconstructed(kind: Any, base: Any, _: Any = None) -> Any:
    """An object of Python 2, before its fields."""
    if isinstance(kind, type) and issubclass(kind, Record) and base is object:
        return kind()
    raise RefusedPickle("an object of a class that is not known")


def _no_bytes(*_: Any) -> bytes:
    """How old protocols write an array without numbers."""
    return b""


def _dictionary(*_: Any) -> dict[Any, Any]:
    """A dictionary with a habit for names that it lacks: what it holds is told afterwards."""
    return {}


def _no_set(items: Any = ()) -> None:
    """Sets are of no use to arrays; chumpy remembers changes in them."""


KNOWN: dict[tuple[str, str], Any] = {
    **{(module, "_reconstruct"): _new_array for module in MULTIARRAY},
    **{(module, "scalar"): _scalar for module in MULTIARRAY},
    **{(module, "_frombuffer"): _from_buffer for module in NUMERIC},
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): _ArrayBehind,
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): _type,
    ("builtins", "dict"): _Marker,
    ("builtins", "set"): _no_set,
    ("builtins", "object"): object,
    ("builtins", "bytes"): _no_bytes,
    ("collections", "defaultdict"): _dictionary,
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

    def __init__(self, content: bytes, records: Records) -> None:
        super().__init__(BytesIO(content), encoding="latin1")
        self._room = len(content)
        self._records = records
        self._kinds: dict[tuple[str, str], type[Record]] = {}

    def find_class(self, module: str, name: str) -> Any:
        module = OLD_NAMES.get(module, module)
        if KNOWN.get((module, name)) is _encode:
            return self._encoded
        if (module, name) in KNOWN:
            return KNOWN[module, name]
        if (module, name) in self._kinds:
            return self._kinds[module, name]
        made = self._records(module, name)
        if made is None:
            raise RefusedPickle(f"it asks for {printable(f'{module}.{name}'[:80])}")
        return self._kinds.setdefault((module, name), made)

    def _encoded(self, *given: Any) -> bytes:
        """Bytes of a text, no more of all texts than the file has: one that is named again would take memory anew."""
        made = _encode(*given)
        self._room -= len(made)
        if self._room < 0:
            raise RefusedPickle("more bytes than it has")
        return made

    def load_build(self) -> None:
        """Only records are told what they were: the fields of a function or a class stay."""
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Record):
            raise RefusedPickle("it changes what is no array")
        self.stack[-1].__setstate__(state)
        self.stack[-1].follow(self.read)

    def load_newobj(self) -> None:
        kind = self.stack[-2]
        if not (isinstance(kind, type) and issubclass(kind, Record)):
            raise RefusedPickle("it makes an object of a class that is not known")
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
            raise RefusedPickle("it changes what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # A key is hashed: a tuple of tuples may take for ever.
            if not (key is None or type(key) in (str, int, bool, bytes) or isinstance(key, np.integer)):
                raise RefusedPickle("a key that is no name")
            target[key] = value

    def load_bytearray8(self) -> None:
        """The bytes that are there: the length that is said takes no memory."""
        (length,) = struct.unpack("<Q", self.read(8))
        if length > LARGEST:
            raise RefusedPickle("more bytes than an array has")
        self.append(bytes(self.read(length)))

    def refuse(self) -> None:
        raise RefusedPickle("it does what no such file needs")

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8
    for operation in REFUSED:
        dispatch[operation[0]] = refuse
