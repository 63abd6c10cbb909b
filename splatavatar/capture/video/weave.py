"""Interlaced video: two moments in every picture, one in its even lines, one in its odd ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

FIRST_TOP, FIRST_BOTTOM = "tff", "bff"
"""which lines are the earlier moment, by FFmpeg's names"""
TALLEST = 1088
"""lines; no interlaced format has more"""
SURE = 0.9
"""share of the frames with motion that must show the same order of fields, where the file does not say"""
ENOUGH = 8
"""frames with motion, below which nothing is concluded from them"""


@dataclass(frozen=True)
class Weave:
    """How a video is interlaced."""

    marked: bool
    """whether its frames say which of them are; else all are, though none says so"""
    order: str
    """of the fields; "auto" where nothing moves, and what frames say must be believed"""


def woven(frames: Iterable[Any]) -> Weave | None:
    """How a video is interlaced, of which ``frames`` are some, several in a row; None where it is not.

    Cameras also mark film that they took whole; combs where something moves tell the one from the other, and find those
    that some program wove together without a word.
    """
    marked, seen = False, Counter[str]()

    def noticed() -> Iterator[Any]:
        nonlocal marked
        for frame in frames:
            marked |= bool(frame.interlaced_frame)  # the filter writes its own finding there
            yield frame

    for frame in _through(noticed(), "idet", ""):
        seen[frame.metadata.get("lavfi.idet.single.current_frame", "")] += 1
    combed, whole = seen[FIRST_TOP] + seen[FIRST_BOTTOM], seen["progressive"]
    order = max((FIRST_TOP, FIRST_BOTTOM), key=lambda name: seen[name])
    if marked:
        if whole >= ENOUGH and combed < (1 - SURE) * whole:
            return None
        # What moves knows the order better than many an encoder.
        return Weave(True, order if combed and seen[order] >= SURE * combed else "auto")
    clear = seen[order] >= max(ENOUGH, SURE * (combed + whole), sum(seen.values()) / 3)
    return Weave(False, order) if clear else None


def deinterlaced(frames: Iterable[Any], weave: Weave) -> Iterator[Any]:
    """One frame for each of ``frames``, with its time: of one moment, lines between filled in with care for motion."""
    which = "interlaced" if weave.marked else "all"
    return _through(frames, "bwdif", f"mode=send_frame:parity={weave.order}:deint={which}")


def _through(frames: Iterable[Any], name: str, options: str) -> Iterator[Any]:
    """``frames`` through a filter of FFmpeg; made anew where their size or format changes."""
    source: Any = None
    graph: Any = None
    kind: tuple[Any, ...] = ()
    for frame in frames:
        now = (frame.width, frame.height, frame.format.name, frame.time_base)
        if now != kind:
            if graph is not None:
                source.push(None)
                yield from _pulled(graph)
            (graph, source), kind = _graph(frame, name, options), now
        source.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        source.push(None)
        yield from _pulled(graph)


def _graph(frame: Any, name: str, options: str) -> tuple[Any, Any]:
    from av.filter import Graph

    graph: Any = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    middle = graph.add(name, options) if options else graph.add(name)
    graph.link_nodes(source, middle, graph.add("buffersink")).configure()
    return graph, source


def _pulled(graph: Any) -> Iterator[Any]:
    from av.error import BlockingIOError, EOFError

    while True:
        try:
            yield graph.pull()
        except (BlockingIOError, EOFError):
            return
