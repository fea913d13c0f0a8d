"""The process that gives pieces to a cluster of Ray, and the actors of Ray Data that do them."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from partly.machine.executors import Work
from partly.machine.worker_failures import Failure, failure_of

JOINED = "joined"
# Read when Ray is imported: nothing is reported to anybody, and there are no bars.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True)
class Told:
    """A piece is done.

    Attributes:
        number: of the piece.
        news: what there was to tell.
    """

    number: int
    news: list[Any]


@dataclass(frozen=True)
class Lost:
    """Pieces whose workers were lost; they are done anew.

    Attributes:
        numbers: of the pieces.
    """

    numbers: tuple[int, ...]


def drive(
    address: str, most: int | None, work: Work[Any], folder: str, log: str, connection: Connection
) -> None:
    """What the process does: join the cluster, take pieces, tell what becomes of them.

    Args:
        address: see :class:`partly.machine.ray_executor.Ray`.
        most: workers at most.
        work: makes a worker.
        folder: the working directory; paths in pieces may be relative to it.
        log: file that takes what Ray would write to the terminal.
        connection: to who gives the pieces.
    """
    _write_to(Path(log))
    os.environ.update(_QUIET)
    failure = failure_of(lambda: _drive(address, most, work, folder, connection))
    if failure:
        connection.send(failure)


def _drive(address: str, most: int | None, work: Work[Any], folder: str, connection: Connection) -> None:
    import ray

    if address == "local":
        ray.init(num_cpus=most, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=address, log_to_driver=False)
    try:
        connection.send(JOINED)
        left: dict[int, Any] = connection.recv()
        while left:
            for told in _round(pickle.dumps(work), left, folder, most):
                connection.send(told)
                if isinstance(told, Failure):
                    return
                left.pop(told.number, None)
            if left:
                connection.send(Lost(tuple(left)))
    finally:
        ray.shutdown()


def _write_to(log: Path) -> None:
    """Let all output of this process, and of those that it begins, go to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


class PieceActor:
    """A worker in a process of Ray.

    Args:
        work: gives the worker, pickled.
        folder: where the call was made.
    """

    def __init__(self, work: bytes, folder: str) -> None:
        if Path(folder).is_dir():
            os.chdir(folder)
        self._worker: Any = None
        self._failure = failure_of(lambda: self._begin(work))

    def _begin(self, work: bytes) -> None:
        self._worker = pickle.loads(work)()  # from who began this actor

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Do one piece.

        Args:
            batch: a row with the ``number`` of the piece, and the ``piece`` pickled.

        Returns:
            A row with what is ``told``, pickled: :class:`Told`, or a failure.
        """
        news: list[Any] = []
        failure = self._failure or failure_of(
            lambda: self._worker(pickle.loads(batch["piece"][0]), news.append)
        )
        return {"told": [pickle.dumps(failure or Told(int(batch["number"][0]), news))]}


def _round(work: bytes, pieces: Mapping[int, Any], folder: str, most: int | None) -> Iterator[Told | Failure]:
    """Do pieces once; nothing comes of those whose actor is lost.

    The rows are in this process, so that nothing of the cluster is kept for readers: actors read photos
    themselves, while they wait for nothing else.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1
    n_cpus = int(ray.cluster_resources().get("CPU", 1))
    n = max(1, min(len(pieces), n_cpus, most or n_cpus))
    rows = [{"number": number, "piece": pickle.dumps(piece)} for number, piece in pieces.items()]
    told = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        PieceActor,
        fn_constructor_args=(work, folder),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(
            min_size=1, max_size=n, initial_size=n, max_tasks_in_flight_per_actor=1
        ),
        num_cpus=1,
        # An actor begins again elsewhere; its piece comes in the next round, where lost pieces are counted.
        max_restarts=-1,
        max_task_retries=0,
    )
    for row in told.iter_rows():
        yield pickle.loads(row["told"])
