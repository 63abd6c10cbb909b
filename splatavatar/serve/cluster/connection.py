"""Coming to a cluster of Ray: one that runs, or one of this machine for the time of a command."""

from __future__ import annotations

import logging
import os
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from splatavatar.errors import ClusterError, SettingsError
from splatavatar.extras import missing_extra
from splatavatar.output import scratch_folder
from splatavatar.printable import printable
from splatavatar.privacy import import_ray

LOCAL = "local"
"""the address of a cluster that is made of this machine, and ends with the command"""
SECONDS = 5.0
"""without an answer, after which nothing is at an address"""
STORE = 100 << 20
"""bytes that a local cluster sets aside for what its processes hand each other"""
LONGEST_FOLDER = 40
"""bytes of the path of the folder of a local cluster: sockets lie in it, whose paths have some 107"""
_ADDRESS = re.compile(r"(?P<client>ray://)?(?P<host>[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yields the package ``ray`` within a cluster: ``local``, ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``.

    ``auto`` and ``HOST:PORT`` are for machines that belong to the cluster. A local one has as many cores as this
    process may use, answers this process alone, and its folder goes with it.

    Raises SettingsError for what is no address, ClusterError where no cluster answers, DependencyError without Ray.
    """
    check_address(address)
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        if address == LOCAL:
            arguments = _local(stack)
        else:
            arguments = {"address": address}
            _check_reachable(address)
        ray = _imported(address == LOCAL)
        stack.enter_context(_warnings_off(ray))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # what is wrong comes as an exception, too
        try:
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=True, **arguments)
        except Exception as error:  # of a dozen kinds: no cluster, another version, no token
            said = " ".join(printable(str(error)).split())[:300]
            raise ClusterError(f"no cluster of Ray at {printable(address)}: {said}") from error
        stack.callback(ray.shutdown)
        yield ray


def check_address(address: str) -> None:
    """Raises SettingsError for what is no address of a cluster."""
    found = _ADDRESS.fullmatch(address)
    if address not in (LOCAL, "auto") and (found is None or not 0 < int(found["port"]) < 1 << 16):
        raise SettingsError(
            f"the cluster must be {LOCAL}, auto, HOST:PORT or ray://HOST:PORT, got {printable(address)!r}"
        )


def check_room(ray: Any, cpus: int, gpus: int) -> None:
    """Raises ClusterError where no machine of the cluster could ever take a bake of so many cores and GPUs."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if any(each.get("CPU", 0) >= cpus and each.get("GPU", 0) >= gpus for each in machines):
        return
    most = int(max((each.get("CPU", 0) for each in machines), default=0))
    if most < cpus:
        raise ClusterError(f"no machine of the cluster has {cpus} cores for a bake; the largest has {most} (--cpus)")
    raise ClusterError(f"no machine of the cluster has {gpus} GPU and {cpus} cores for a bake (--gpus, --cpus)")


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _local(stack: ExitStack) -> dict[str, Any]:
    """What ``ray.init`` is told of a cluster of this machine, whose folder goes with ``stack``."""
    folder = stack.enter_context(scratch_folder())
    if len(os.fsencode(folder)) > LONGEST_FOLDER:
        raise ClusterError(f"the path of temporary files is too long for Ray's sockets: {folder.parent} (TMPDIR)")
    # What workers that were killed leave behind goes with the folder.
    stack.enter_context(_variable("TMPDIR", str(_made(folder / "t"))))
    return {
        "address": LOCAL,
        "num_cpus": cores(),
        "include_dashboard": False,
        "object_store_memory": STORE,
        "_temp_dir": str(folder),
    }


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _imported(alone: bool) -> Any:
    try:
        return import_ray(alone)
    except ModuleNotFoundError as error:
        raise missing_extra(error) or error from None


def _check_reachable(address: str) -> None:
    """Raises ClusterError where nothing listens: Ray itself would try for a minute, and write pages about it."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return
    try:
        with socket.create_connection((found["host"].strip("[]"), int(found["port"])), SECONDS):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ClusterError(f"no cluster of Ray at {printable(address)}: {why}") from error


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _quiet() -> Iterator[None]:
    """What Ray and its parts log on the terminal is not for who bakes."""
    logger = logging.getLogger("ray")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _warnings_off(ray: Any) -> Iterator[None]:
    with suppress(AttributeError):
        ray._private.worker.logger.setLevel(logging.CRITICAL)
    yield
