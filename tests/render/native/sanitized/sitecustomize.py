"""In every Python whose path begins here: NATIVE_MODULE takes the place of the native module, on NATIVE_SET."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

NAME = "splatavatar.render._native"


class Loader(ExtensionFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.select_instruction_set(os.environ["NATIVE_SET"])


class Finder:
    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        file = os.environ["NATIVE_MODULE"]
        return spec_from_file_location(NAME, file, loader=Loader(NAME, file)) if name == NAME else None


sys.meta_path.insert(0, Finder)
