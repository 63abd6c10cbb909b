"""Jobs go to a cluster of Ray, one task each, and what comes of them is waited for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from splatavatar.interrupts import deferred_signals
from splatavatar.printable import printable
from splatavatar.serve.cluster.board import Board
from splatavatar.serve.cluster.connection import check_room, connected
from splatavatar.serve.cluster.jobs import Failed, Job, Outcome, Stopped
from splatavatar.serve.cluster.worker import work

if TYPE_CHECKING:
    from splatavatar.serve.cluster.worker import Told

TRIES = 5
"""of one bake, whose worker, or its machine, went away"""
LOOK_SECONDS = 0.3
STOP_SECONDS = 90.0
"""that workers have to write a checkpoint once they are told to end"""


def submit(
    jobs: list[Job],
    cluster: str,
    tell: Callable[[str, Told], None],
    done: Callable[[Outcome], None],
) -> list[Outcome]:
    """Bakes ``jobs`` on the cluster at ``cluster`` (``connected``); returns what came of each, in their order.

    ``tell`` hears what happens by the name of a job, ``done`` what came of each as soon as it is known. Where the
    process of a worker is killed, or its machine fails, another one goes on from the checkpoint that lies in the place
    of the avatar, ``TRIES`` times. A signal that asks to end cancels what waits and has what runs write a checkpoint:
    each is ``Stopped`` then, and the signal is raised again in the end.

    Raises ClusterError where the cluster cannot be reached or has no room.
    """
    if not jobs:
        return []
    options = jobs[0].options
    with connected(cluster) as ray:
        check_room(ray, options.cpus, options.gpus)
        board = ray.remote(Board).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
        task = ray.remote(_task).options(num_cpus=options.cpus, num_gpus=options.gpus, max_retries=TRIES)
        names = {task.remote(job, board): job.name for job in jobs}
        outcomes: dict[str, Outcome] = {}
        # The second signal does not wait.
        with deferred_signals(patient=False) as asked:
            waiting, until = list(names), float("inf")
            while waiting and monotonic() < until:
                ready, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=LOOK_SECONDS)
                _read(ray, board, tell)
                for reference in ready:
                    name = names[reference]
                    outcomes[name] = _outcome(ray, reference, name)
                    done(outcomes[name])
                if asked() and until == float("inf"):
                    until = monotonic() + STOP_SECONDS
                    for reference in waiting:
                        ray.cancel(reference, force=False, recursive=False)
            for reference in waiting:
                outcomes[names[reference]] = Stopped(names[reference])
            if asked():
                raise asked.ending()
        return [outcomes[job.name] for job in jobs]


def _task(job: Job, board: Any) -> Outcome:
    """What runs on a worker."""
    return work(job, lambda told: board.tell.remote(job.name, told))


def _read(ray: Any, board: Any, tell: Callable[[str, Told], None]) -> None:
    with suppress(ray.exceptions.RayError):  # it starts anew on another machine; the bakes do not need it
        for name, told in ray.get(board.take.remote(), timeout=10):
            tell(name, told)


def _outcome(ray: Any, reference: Any, name: str) -> Outcome:
    try:
        outcome: Outcome = ray.get(reference)
    except (ray.exceptions.TaskCancelledError, KeyboardInterrupt):
        return Stopped(name)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError) as error:
        kind = "memory ran out" if isinstance(error, ray.exceptions.OutOfMemoryError) else "its worker was lost"
        return Failed(name, f"{kind} {TRIES + 1} times; submit it again to go on from its checkpoint", fault=True)
    except ray.exceptions.RayError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        return Failed(name, f"a fault of the program: {printable(lines[-1] if lines else error)[:300]}", fault=True)
    return outcome
