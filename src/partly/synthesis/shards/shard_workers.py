"""Shards made by this process, or by several beside it."""

from __future__ import annotations

import multiprocessing
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from typing import Protocol

import torch

from partly.errors import PartlyError
from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, FittingBatches, Machine, OnHalved, keep_large_tensors
from partly.synthesis.shards.batched_samples import batches_on, samples_of
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_plan import Piece
from partly.synthesis.shards.shard_samples import label_files, picture_files
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import shard_writer

LoadTeacher = Callable[[], Teacher]


@dataclass(frozen=True)
class _Failure:
    error: PartlyError | OSError | None
    text: str


@dataclass(frozen=True)
class _Halved:
    n: int
    text: str


_Result = int | _Failure | _Halved | None
"""An index that is done, what went wrong, that batches are smaller, or that a worker has ended."""


class _Tasks(Protocol):
    def get(self) -> Piece | None: ...


class _Results(Protocol):
    def put(self, result: _Result, /) -> None: ...


def make_shards(
    teacher: Teacher, config: SynthesisConfig, place: Place, piece: Piece, batches: FittingBatches
) -> Iterator[int]:
    """Make the shards of one piece; yields each index as it is done. The last comes after the renames."""
    span, last = piece.span, piece.span.stop - 1
    with ExitStack() as stack:
        # What is opened last is renamed first: the pictures, which take longer to make.
        labels = pictures = None
        if piece.labels:
            labels = stack.enter_context(shard_writer(place.labels / span.file_name("labels")))
        if piece.pictures:
            pictures = stack.enter_context(shard_writer(place.pictures / span.file_name("pictures")))
        for index, sample in samples_of(teacher, config, piece, batches):
            if pictures and sample.pixels is not None:
                files = picture_files(sample.pixels, sample.record, config.picture_format)
                pictures.add(f"{index:06}", files)
            if labels and sample.label:
                labels.add(f"{index:06}", label_files(sample.label, sample.record))
            if index < last:
                yield index
    yield last


def make_shards_here(
    teacher: Teacher,
    config: SynthesisConfig,
    place: Place,
    pieces: Sequence[Piece],
    on_halved: OnHalved | None = None,
) -> Iterator[int]:
    """Make shards one after another in this process; yields each index.

    With one thread, as workers have: sums in another order would make other bytes.

    Args:
        teacher: makes and labels the pictures, on its machine.
        config: how many and which.
        place: where shards are written.
        pieces: what is missing.
        on_halved: told of smaller batches where memory is short.
    """
    batches = batches_on(teacher.machine, config, on_halved)
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for piece in pieces:
            yield from make_shards(teacher, config, place, piece, batches)
    finally:
        torch.set_num_threads(n_threads)


def make_shards_beside(
    load_teacher: LoadTeacher,
    config: SynthesisConfig,
    place: Place,
    pieces: Sequence[Piece],
    machines: Sequence[Machine],
    on_halved: OnHalved | None = None,
) -> Iterator[int]:
    """Make shards in a new process of one thread for each machine; yields each index.

    Args:
        load_teacher: gives the teacher in a process; it is moved to the machine there.
        config: how many and which.
        place: where shards are written.
        pieces: what is missing.
        machines: of the processes; see :meth:`Machine.for_workers`.
        on_halved: told, once, of smaller batches where memory of one was short.

    Raises:
        PartlyError: a worker met one, or died.
        OSError: a worker met one, e.g. a full disk.
    """
    context = multiprocessing.get_context("spawn")
    tasks: Queue[Piece | None] = context.Queue()
    results: Queue[_Result] = context.Queue()
    machines = machines[: len(pieces)]
    for piece in [*pieces, *[None] * len(machines)]:
        tasks.put(piece)
    workers = [
        context.Process(
            target=_work, args=(load_teacher, config, place, machine, tasks, results), daemon=True
        )
        for machine in machines
    ]
    for worker in workers:
        worker.start()
    try:
        yield from _collect(results, workers, on_halved)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _collect(
    results: Queue[_Result], workers: Sequence[BaseProcess], on_halved: OnHalved | None
) -> Iterator[int]:
    n_working = len(workers)
    while n_working:
        try:
            result = results.get(timeout=0.5)
        except queue.Empty:
            dead = [worker for worker in workers if worker.exitcode not in (None, 0)]
            if dead:
                raise PartlyError(
                    f"a worker process died (exit code {dead[0].exitcode})",
                    remedy="Run the same command again, with fewer workers if memory was short; "
                    "finished shards are kept",
                ) from None
            continue
        if result is None:
            n_working -= 1
        elif isinstance(result, _Failure):
            raise result.error or RuntimeError(result.text)
        elif isinstance(result, _Halved):
            if on_halved is not None:
                on_halved(result.n, result.text)
                on_halved = None
        else:
            yield result


def _work(
    load_teacher: LoadTeacher,
    config: SynthesisConfig,
    place: Place,
    machine: Machine,
    tasks: _Tasks,
    results: _Results,
) -> None:
    """What a worker process does."""
    # Ctrl-C reaches every process of a terminal; the parent stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    keep_large_tensors()
    _make_what_is_asked(load_teacher, config, place, tasks, results, machine)


def _make_what_is_asked(
    load_teacher: LoadTeacher,
    config: SynthesisConfig,
    place: Place,
    tasks: _Tasks,
    results: _Results,
    machine: Machine = PROCESSOR,
) -> None:
    """Make shards until there are no more; what goes wrong is told to the parent."""
    batches = batches_on(machine, config, lambda n, text: results.put(_Halved(n, text)))
    try:
        teacher = load_teacher().on(machine)
        while (piece := tasks.get()) is not None:
            for index in make_shards(teacher, config, place, piece, batches):
                results.put(index)
                if _is_orphan():
                    return
    except PartlyError as error:
        results.put(_Failure(error, str(error)))
    except OSError as error:
        # Made anew, since what derives from it need not travel between processes.
        plain = OSError(error.errno, error.strerror or str(error), error.filename)
        results.put(_Failure(plain, str(plain)))
    except Exception as error:  # noqa: BLE001 - it is raised again by the parent
        results.put(_Failure(None, f"a worker failed: {type(error).__name__}: {error}"))
    else:
        results.put(None)


def _is_orphan() -> bool:
    """Whether the process that started this one is gone, killed before it could stop its workers."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
