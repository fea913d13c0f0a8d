"""The work of making shards, in this process, several beside it, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from partly.fewshot.fitting import Teacher
from partly.machine import Tell, Worker, keep_large_tensors, one_thread
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_plan import Piece
from partly.synthesis.shards.shard_samples import label_files, make_sample, picture_files
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import shard_writer

LoadTeacher = Callable[[], Teacher]


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


@dataclass(frozen=True)
class ShardsHere:
    """The work in this process, with a teacher that is at hand; its news are indexes that are done.

    With one thread, as workers have: sums in another order would make other bytes.
    """

    teacher: Teacher
    config: SynthesisConfig
    place: Place

    def __call__(self) -> Worker[Piece]:
        """A worker."""
        return self._make

    def _make(self, piece: Piece, tell: Tell) -> None:
        # Closed at once after an error or Ctrl-C, so that temporary files go.
        made = make_shards(self.teacher, self.config, self.place, piece)
        with one_thread(), closing(made):  # type: ignore[type-var]
            for index in made:
                tell(index)


@dataclass(frozen=True)
class ShardsBeside:
    """The work in other processes, which read the teacher themselves."""

    load_teacher: LoadTeacher
    config: SynthesisConfig
    place: Place

    def __call__(self) -> Worker[Piece]:
        """A worker with a teacher of its own."""
        keep_large_tensors()
        return ShardsHere(self.load_teacher(), self.config, self.place)()
