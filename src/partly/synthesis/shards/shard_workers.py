"""The work of making shards, in this process, several beside it, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, FittingBatches, Machine, Tell, Worker, keep_large_tensors, one_thread
from partly.synthesis.shards.batched_samples import batches_on, samples_of
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_plan import Piece
from partly.synthesis.shards.shard_samples import label_files, picture_files
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import shard_writer

LoadTeacher = Callable[[], Teacher]


@dataclass(frozen=True)
class Halved:
    """News of a worker: memory was short, and fewer pictures are made at a time from then on.

    Attributes:
        n: how many.
        text: the words of the error.
    """

    n: int
    text: str


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


@dataclass(frozen=True)
class ShardsHere:
    """The work in this process, with a teacher that is at hand.

    Its news are indexes that are done, and :class:`Halved`. With one thread, as workers have: sums in another
    order would make other bytes.

    Args:
        teacher: makes and labels the pictures, on its machine.
        config: how many and which.
        place: where shards are written.
    """

    teacher: Teacher
    config: SynthesisConfig
    place: Place

    def __call__(self) -> Worker[Piece]:
        """A worker; batches that were halved stay so from piece to piece."""
        tells: list[Tell] = []
        batches = batches_on(self.teacher.machine, self.config, lambda n, text: tells[-1](Halved(n, text)))

        def make(piece: Piece, tell: Tell) -> None:
            tells[:] = [tell]
            # Closed at once after an error or Ctrl-C, so that temporary files go.
            made = make_shards(self.teacher, self.config, self.place, piece, batches)
            with one_thread(), closing(made):  # type: ignore[type-var]
                for index in made:
                    tell(index)

        return make


@dataclass(frozen=True)
class ShardsBeside:
    """The work in other processes, which read the teacher themselves, and move it to a machine of theirs."""

    load_teacher: LoadTeacher
    config: SynthesisConfig
    place: Place
    machine: Machine = PROCESSOR

    def __call__(self) -> Worker[Piece]:
        """A worker with a teacher of its own."""
        keep_large_tensors()
        teacher = self.load_teacher().on(self.machine.of_worker())
        return ShardsHere(teacher, self.config, self.place)()
