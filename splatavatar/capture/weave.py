"""Interlaced video: two moments in every picture, one in its even lines, one in its odd ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

WOVEN = "interlaced"
"""frames that say so themselves are deinterlaced, by the order of fields that each states"""
FIRST_TOP, FIRST_BOTTOM = "tff", "bff"
"""every frame is deinterlaced, though none says that it must be"""
TALLEST = 1088
"""lines; no interlaced format has more"""
SURE = 0.9
"""share of the frames with motion that must show the same order of fields, where the file does not say"""
ENOUGH = 8
"""frames with motion, below which nothing is concluded from them"""


def woven(frames: Iterable[Any]) -> str | None:
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
    if marked:
        return None if whole >= ENOUGH and combed < (1 - SURE) * whole else WOVEN
    order = max((FIRST_TOP, FIRST_BOTTOM), key=lambda name: seen[name])
    clear = seen[order] >= max(ENOUGH, SURE * (combed + whole), sum(seen.values()) / 3)
    return order if clear else None


def deinterlaced(frames: Iterable[Any], kind: str) -> Iterator[Any]:
    """One frame for each of ``frames``, with its time: of one moment, lines between filled in with care for motion."""
    which, order = ("interlaced", "auto") if kind == WOVEN else ("all", kind)
    return _through(frames, "bwdif", f"mode=send_frame:parity={order}:deint={which}")


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
