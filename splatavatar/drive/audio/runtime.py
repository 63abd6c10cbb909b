"""Opening ONNX networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.privacy import import_onnxruntime


def open_network(path: Path) -> Any:
    """An ``onnxruntime.InferenceSession`` on one thread.

    Raises:
        DependencyError: onnxruntime is not installed.
        SettingsError: ``path`` is not an ONNX network.
    """
    try:
        onnxruntime = import_onnxruntime()
    except ModuleNotFoundError as error:
        raise DependencyError("audio needs the package 'onnxruntime'; add it by: pip install \".[audio]\"") from error
    if not path.is_file():
        raise SettingsError(f"{path}: no such file, expected an ONNX network.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised as well
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes are not public
        raise SettingsError(f"{path}: onnxruntime cannot load it as an ONNX network.") from error
