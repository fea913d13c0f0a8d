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
from partly.machine import keep_large_tensors
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_plan import Piece
from partly.synthesis.shards.shard_samples import label_files, make_sample, picture_files
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import shard_writer

LoadTeacher = Callable[[], Teacher]


@dataclass(frozen=True)
class _Failure:
    error: PartlyError | OSError | None
    text: str


class _Tasks(Protocol):
    def get(self) -> Piece | None: ...


class _Results(Protocol):
    def put(self, result: int | _Failure | None, /) -> None: ...


def make_shards(teacher: Teacher, config: SynthesisConfig, place: Place, piece: Piece) -> Iterator[int]:
    """Make the shards of one piece; yields each index as it is done. The last comes after the renames."""
    span, last = piece.span, piece.span.stop - 1
    with ExitStack() as stack:
        # What is opened last is renamed first: the pictures, which take longer to make.
        labels = pictures = None
        if piece.labels:
            labels = stack.enter_context(shard_writer(place.labels / span.file_name("labels")))
        if piece.pictures:
            pictures = stack.enter_context(shard_writer(place.pictures / span.file_name("pictures")))
        for index in range(span.start, span.stop):
            sample = make_sample(teacher, config, index, picture=piece.pictures, label=piece.labels)
            if pictures and sample.pixels is not None:
                files = picture_files(sample.pixels, sample.record, config.picture_format)
                pictures.add(f"{index:06}", files)
            if labels and sample.label:
                labels.add(f"{index:06}", label_files(sample.label, sample.record))
            if index < last:
                yield index
    yield last


def make_shards_here(
    teacher: Teacher, config: SynthesisConfig, place: Place, pieces: Sequence[Piece]
) -> Iterator[int]:
    """Make shards one after another in this process; yields each index.

    With one thread, as workers have: sums in another order would make other bytes.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for piece in pieces:
            yield from make_shards(teacher, config, place, piece)
    finally:
        torch.set_num_threads(n_threads)


def make_shards_beside(
    load_teacher: LoadTeacher,
    config: SynthesisConfig,
    place: Place,
    pieces: Sequence[Piece],
    n_workers: int,
) -> Iterator[int]:
    """Make shards in ``n_workers`` new processes of one thread each; yields each index.

    Raises:
        PartlyError: a worker met one, or died.
        OSError: a worker met one, e.g. a full disk.
    """
    context = multiprocessing.get_context("spawn")
    tasks: Queue[Piece | None] = context.Queue()
    results: Queue[int | _Failure | None] = context.Queue()
    n_workers = min(n_workers, len(pieces))
    for piece in [*pieces, *[None] * n_workers]:
        tasks.put(piece)
    workers = [
        context.Process(target=_work, args=(load_teacher, config, place, tasks, results), daemon=True)
        for _ in range(n_workers)
    ]
    for worker in workers:
        worker.start()
    try:
        yield from _collect(results, workers)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _collect(results: Queue[int | _Failure | None], workers: Sequence[BaseProcess]) -> Iterator[int]:
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
        else:
            yield result


def _work(
    load_teacher: LoadTeacher,
    config: SynthesisConfig,
    place: Place,
    tasks: _Tasks,
    results: _Results,
) -> None:
    """What a worker process does."""
    # Ctrl-C reaches every process of a terminal; the parent stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    keep_large_tensors()
    _make_what_is_asked(load_teacher, config, place, tasks, results)


def _make_what_is_asked(
    load_teacher: LoadTeacher, config: SynthesisConfig, place: Place, tasks: _Tasks, results: _Results
) -> None:
    """Make shards until there are no more; what goes wrong is told to the parent."""
    try:
        teacher = load_teacher()
        while (piece := tasks.get()) is not None:
            for index in make_shards(teacher, config, place, piece):
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
