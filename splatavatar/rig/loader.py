"""Rigs by name: those of the package, and those that other packages add.

A plug-in declares an entry point of the group ``splatavatar.rigs``: its name is that of the rig, its object is a
``Loader``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from splatavatar.errors import RigError
from splatavatar.plugins import called, plugins
from splatavatar.progress import Progress
from splatavatar.rig.rig import Rig

GROUP = "splatavatar.rigs"
DEFAULT = "anny-head"
"""the rig of whoever names none"""

Loader = Callable[[str, Mapping[str, float] | None, Progress | None], Rig]
"""takes what ``load_rig`` takes"""


def load_rig(kind: str, identity: Mapping[str, float] | None = None, progress: Progress | None = None) -> Rig:
    """The rig called ``kind``: the head and neck of Anny, these with shoulders and chest, all of the body, or another.

    ``flame``, ``flame-head`` (without the shoulders) and ``smplx`` are made of files that the user has, found by
    ``SPLATAVATAR_BODY_MODELS``.

    Parameters of ``anny-head`` mean the same in ``anny-bust``, whose head lies where that of ``anny-head`` does.

    With ``identity`` (parameters by the rig's own names; for Anny phenotypes and local changes) the template is exactly
    that person and the rig has no identity basis. Without it the template is the mean person and the identity basis the
    derivative of the person by every parameter. ``progress(message, fraction)`` hears of the first-use preparation,
    which may take a minute; its result is kept in ``$SPLATAVATAR_CACHE`` or ``~/.cache/splatavatar``.

    Raises RigError for an unknown kind, an unknown identity parameter, a body model without a file or a plug-in that
    fails, DependencyError where the package that has the body model is absent.
    """
    if kind in BUILTIN:
        return BUILTIN[kind][0](kind, identity, progress)
    added = plugins(GROUP)
    if kind not in added:
        raise RigError(f"unknown rig '{kind}'; known are {', '.join(names())}")
    rig: Rig = called(added[kind], f"the rig '{kind}'", RigError, kind, identity, progress)
    return rig


def names() -> list[str]:
    """The names of all rigs that can be loaded: the package's own, then the others, sorted."""
    return [*BUILTIN, *sorted(plugins(GROUP).keys() - BUILTIN.keys())]


def edition(kind: str) -> str:
    """A text that changes when the arrays of the rig ``kind`` may: what is derived from them is kept under it.

    Raises RigError for an unknown kind, DependencyError where the package that has the body model is absent.
    """
    if kind in BUILTIN:
        return BUILTIN[kind][1](kind)
    point = plugins(GROUP).get(kind)
    if point is None:
        raise RigError(f"unknown rig '{kind}'; known are {', '.join(names())}")
    return f"{kind} {point.value}" if point.dist is None else f"{kind} {point.dist.name} {point.dist.version}"


def _anny(kind: str, identity: Mapping[str, float] | None, progress: Progress | None) -> Rig:
    from splatavatar.rig import anny

    return anny.load(kind, identity, progress)


def _anny_edition(kind: str) -> str:
    from splatavatar.rig.anny_data import cache_path

    return cache_path(kind, "data").name


def _body_model(kind: str, identity: Mapping[str, float] | None, progress: Progress | None) -> Rig:
    from splatavatar.rig.body_models import rigs

    return rigs.load(kind, identity, progress)


def _body_model_edition(kind: str) -> str:
    from splatavatar.rig.body_models import rigs

    return rigs.edition(kind)


BUILTIN: dict[str, tuple[Loader, Callable[[str], str]]] = {
    **dict.fromkeys(("anny-head", "anny-bust", "anny-body"), (_anny, _anny_edition)),
    **dict.fromkeys(("flame", "flame-head", "smplx"), (_body_model, _body_model_edition)),
}
"""of each rig what loads it, and what says its edition"""
