"""Live and signal sinks by name: what other packages do with pictures and faces while an avatar is driven.

A plug-in declares an entry point of the group ``splatavatar.sinks``: its name is that of the sink (a name that begins
with a dot is the suffix of a file, see ``opening``), its object takes the argument behind the colon of ``--sink
NAME:ARGUMENT`` (None without one) and returns a ``LiveSink``, a ``SignalSink``, or what is both.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint

from splatavatar.drive.sinks.opening import GROUP
from splatavatar.drive.sinks.sink import LiveSink, SignalSink
from splatavatar.errors import OutputError
from splatavatar.plugins import called, package, plugins


def open_named(text: str) -> LiveSink | SignalSink:
    """The sink of ``NAME`` or ``NAME:ARGUMENT``, open.

    Raises OutputError, one sentence, for an unknown name and for a plug-in that cannot be imported or opened or is
    neither; DependencyError where a package that it needs is absent.
    """
    name, mark, argument = text.partition(":")
    points = _points()
    if name not in points:
        known = f"expected one of {', '.join(sorted(points))}" if points else "no package that is installed adds one"
        raise OutputError(f"there is no sink {name!r}; {known}.")
    sink = called(points[name], f"the sink {name!r}", OutputError, argument if mark else None)
    if not isinstance(sink, LiveSink | SignalSink):
        raise OutputError(f"the sink {name!r} of {package(points[name])} is neither a LiveSink nor a SignalSink.")
    return sink


def _points() -> dict[str, EntryPoint]:
    return {name: point for name, point in plugins(GROUP).items() if not name.startswith(".")}
