"""What this process may use of its machine: cores and memory, by affinity and control groups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

UNLIMITED = 1 << 60
"""bytes from which on a limit of memory of the first version of control groups is none"""


def cores(root: Path = Path("/")) -> float:
    """Cores that this process may keep busy, at least 0.1; containers may have parts of one.

    ``root``: where ``proc`` and ``sys`` are.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    found = float(len(affinity(0)) if affinity is not None else os.cpu_count() or 1)
    for group in _groups(root):
        quota = _words(group / "cpu.max")
        if len(quota) < 2:
            quota = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
        if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit() and int(quota[1]):
            found = min(found, int(quota[0]) / int(quota[1]))
    return max(found, 0.1)


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes of memory that may still be taken; None where the system does not say."""
    found = [_of_machine(root)]
    for group in _groups(root):
        for limit, used, cached in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            most, taken = _number(group / limit), _number(group / used)
            if most is None or taken is None or most >= UNLIMITED:
                continue
            # Of what counts as used, pages of files that nobody looks at go when they are needed.
            found.append(max(0, most - taken + _field(group / "memory.stat", cached)))
    return min((each for each in found if each is not None), default=None)


def memory_used(root: Path = Path("/")) -> int | None:
    """Bytes of memory that this process has (resident); None where the system does not say."""
    words = _words(root / "proc/self/statm")
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") if len(words) > 1 and words[1].isdigit() else None


def _groups(root: Path) -> Iterator[Path]:
    """The control groups of this process, each with those that it is in, as far as they are seen."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = [*line.split(":", 2), "", ""][:3]
        for controller in controllers.split(",") if controllers else [""]:
            if controller not in ("", "cpu", "memory"):
                continue
            top = root / "sys/fs/cgroup" / controller
            inner = top / place.strip().lstrip("/")
            yield from (inner, *(each for each in inner.parents if each.is_relative_to(top)))


def _of_machine(root: Path) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable" and rest.split()[0].isdigit():
            return int(rest.split()[0]) * 1024
    return None


def _field(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return 0


def _number(path: Path) -> int | None:
    words = _words(path)
    return int(words[0]) if words and words[0].isdigit() else None


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    """What the system says there; nothing where it says nothing."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
