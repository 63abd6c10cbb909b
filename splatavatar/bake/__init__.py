"""From a capture to an avatar.

The module can be called: ``splatavatar.bake(capture)`` is ``splatavatar.bake.api.bake``. The public function has the
name of this folder, and Python puts the folder under that name as soon as any file of it is imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Called(ModuleType):
    """This module when it is called."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from splatavatar.bake.api import bake

        return bake(*arguments, **named)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        from splatavatar.bake.api import bake

        return signature(bake)


sys.modules[__name__].__class__ = _Called
