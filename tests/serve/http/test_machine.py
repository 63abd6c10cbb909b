from __future__ import annotations

import os
from pathlib import Path

import pytest

from splatavatar.serve.http.machine import cores, memory_left, memory_used

MIB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:   4096 kB\n")
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_control_groups(root: Path, tmp_path: Path) -> None:
    assert cores(root) == len(os.sched_getaffinity(0))
    assert memory_left(root) == 4 * MIB
    assert memory_left(tmp_path / "nothing") is None
    assert memory_used(tmp_path / "nothing") is None


def test_a_part_of_a_core_in_the_second_version(root: Path) -> None:
    put(root, "proc/self/cgroup", "0::/a/b\n")
    put(root, "sys/fs/cgroup/a/b/cpu.max", "max 100000\n")
    assert cores(root) == len(os.sched_getaffinity(0))
    put(root, "sys/fs/cgroup/a/cpu.max", "50000 100000\n")  # of the group that it is in
    assert cores(root) == 0.5
    put(root, "sys/fs/cgroup/a/b/cpu.max", "1000 100000\n")
    assert cores(root) == 0.1


def test_memory_of_a_group_without_pages_that_can_go(root: Path) -> None:
    put(root, "proc/self/cgroup", "0::/\n")
    put(root, "sys/fs/cgroup/memory.max", f"{3 * MIB}\n")
    put(root, "sys/fs/cgroup/memory.current", f"{2 * MIB}\n")
    put(root, "sys/fs/cgroup/memory.stat", f"anon 5\ninactive_file {MIB // 2}\n")
    assert memory_left(root) == 3 * MIB // 2
    put(root, "sys/fs/cgroup/memory.max", "max\n")
    assert memory_left(root) == 4 * MIB


def test_the_first_version(root: Path) -> None:
    put(root, "proc/self/cgroup", "4:cpu,cpuacct:/c\n7:memory:/c\n9:pids:/c\n")
    put(root, "sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "75000\n")
    put(root, "sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n")
    put(root, "sys/fs/cgroup/memory/c/memory.limit_in_bytes", f"{2 * MIB}\n")
    put(root, "sys/fs/cgroup/memory/c/memory.usage_in_bytes", f"{5 * MIB}\n")
    assert cores(root) == 0.75
    assert memory_left(root) == 0


def test_nonsense_is_no_limit(root: Path) -> None:
    put(root, "proc/self/cgroup", "\nx\n0:\n0::/../..\n")
    put(root, "sys/fs/cgroup/cpu.max", "-1 0\n")
    put(root, "proc/meminfo", "MemAvailable: many kB\n")
    assert cores(root) == len(os.sched_getaffinity(0))
    assert memory_left(root) is None


def test_this_machine() -> None:
    assert 0.1 <= cores() <= 4096
    used = memory_used()
    assert used is not None and 10 * MIB < used < 1 << 40
