"""Files of joblib without compression, as it writes them: the numbers of arrays lie behind the pickle of each."""

from __future__ import annotations

import io
import pickle
import sys
import types
from typing import Any

import numpy as np

_Python: Any = pickle._Pickler
ALIGNMENT = 16


def joblib_dump(value: Any, protocol: int = 4, aligned: bool = True) -> bytes:
    """``value`` as ``joblib.dump`` writes it; not ``aligned`` as it did before version 1.2."""
    modules = {name: types.ModuleType(name) for name in ("joblib", "joblib.numpy_pickle")}
    wrapper = type("NumpyArrayWrapper", (), {"__module__": "joblib.numpy_pickle"})
    modules["joblib.numpy_pickle"].NumpyArrayWrapper = wrapper  # type: ignore[attr-defined]
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    out = io.BytesIO()
    try:
        _Joblib(out, protocol, wrapper, aligned).dump(value)
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    return out.getvalue()


class _Joblib(_Python):  # type: ignore[misc]
    def __init__(self, out: io.BytesIO, protocol: int, wrapper: type, aligned: bool) -> None:
        super().__init__(out, protocol)
        self.out, self.wrapper, self.aligned = out, wrapper, aligned

    def save(self, value: Any, *options: Any, **more: Any) -> None:
        if not isinstance(value, np.ndarray):
            super().save(value, *options, **more)
            return
        order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
        said = self.wrapper()
        said.__dict__ = {
            **{"subclass": np.ndarray, "shape": value.shape, "order": order, "dtype": value.dtype, "allow_mmap": True},
            **({"numpy_array_alignment_bytes": ALIGNMENT} if self.aligned else {}),
        }
        super().save(said)
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if self.aligned:
            padding = ALIGNMENT - (self.out.tell() + 1) % ALIGNMENT
            self.out.write(bytes([padding]) + b"\xff" * padding)
        self.out.write(value.tobytes("F" if order == "F" else "C"))
