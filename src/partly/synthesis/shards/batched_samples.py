"""The samples of a piece, as many at once as a machine has memory for."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from partly.fewshot.fitting import Teacher
from partly.machine import FittingBatches, Machine, OnHalved
from partly.synthesis.shards.shard_plan import Piece
from partly.synthesis.shards.shard_samples import Sample, make_samples
from partly.synthesis.shards.synthesis_config import SynthesisConfig


def batches_on(
    machine: Machine, config: SynthesisConfig, on_halved: OnHalved | None = None
) -> FittingBatches:
    """How many pictures are made at once: a shard's on a GPU, as far as its memory goes, and elsewhere one.

    A processor gains nothing by more, and each picture is the same to the bit whatever is made beside it.

    Args:
        machine: makes them.
        config: says how many a shard has.
        on_halved: told, once, of smaller batches where memory is short.
    """
    return FittingBatches(1 if machine.device.type == "cpu" else config.pictures_per_shard, on_halved)


def samples_of(
    teacher: Teacher, config: SynthesisConfig, piece: Piece, batches: FittingBatches
) -> Iterator[tuple[int, Sample]]:
    """Each index of a piece with what was made of it, in order.

    Args:
        teacher: makes and labels pictures, on its machine.
        config: which pictures.
        piece: what of them is missing.
        batches: of :func:`batches_on`, kept from piece to piece.
    """
    made = partial(make_samples, teacher, config, picture=piece.pictures, label=piece.labels)
    for indexes, samples in batches.each(made, range(piece.span.start, piece.span.stop)):
        yield from zip(indexes, samples, strict=True)
