"""Thousands of labelled pictures, resumable (Tritrong et al., CVPR 2021, section 3.3).

The pictures are made once, and labelled by any number of segmenters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from partly.fewshot.fitting import Teacher, teacher_loader
from partly.machine import OnHalved
from partly.models.generators import pictures_digest
from partly.storage import remove_leftovers
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_claims import (
    claim_shards,
    digest_in_claim,
    labels_identity,
    pictures_identity,
    streams_of_shards,
)
from partly.synthesis.shards.shard_plan import finished_spans, missing_pieces
from partly.synthesis.shards.shard_workers import LoadTeacher, make_shards_beside, make_shards_here
from partly.synthesis.shards.synthesis_config import OnPicture, SynthesisConfig, SynthesisReport


def synthesise_labelled(
    teacher: Teacher,
    config: SynthesisConfig,
    place: Place,
    *,
    on_picture: OnPicture | None = None,
    load_teacher: LoadTeacher | None = None,
    n_workers: int = 1,
    on_halved: OnHalved | None = None,
) -> LabelledShards:
    """Make what the place lacks: a picture and its label from one synthesis, or only one of the two.

    A label alone takes a part of the time, since the generator need not finish the picture.

    Args:
        teacher: of a generator, which makes the pictures; it labels them, both on the teacher's machine.
        config: how many and which. ``n_pictures`` may grow from call to call.
        place: where shards are written.
        on_picture: called after every picture that was made, labelled, or both.
        load_teacher: gives the teacher in a worker process; picklable. None: the teacher is read from model
            folders, and what has none is written beside the labels.
        n_workers: processes, of one thread each, whose number changes no byte; 1 works in this process. On
            GPUs there is one for each of them at most.
        on_halved: told, once, if a GPU's memory is too short for a whole shard: how many pictures are made at
            once from then on, and the words of the error.

    Returns:
        The pictures, to be read by index.

    Raises:
        BadOption: a folder holds something made with other choices or models, the teacher is not one of a
            generator, or its generator cannot be given to other processes.
        BadArchive: a shard is damaged, or there are labels without their pictures.
    """
    # What was begun by an earlier version goes on with its pictures.
    begun_with = streams_of_shards((place.labels, place.pictures))
    config = replace(config, streams=begun_with or config.streams)
    claim_shards(place.pictures, pictures_identity(config, pictures_digest(teacher.generator)))
    digest = digest_in_claim(place.labels, teacher)
    claim_shards(place.labels, labels_identity(config, pictures_digest(teacher.generator), digest))
    for folder in (place.pictures, place.labels):
        remove_leftovers(folder)
    pictures = finished_spans(place.pictures, "pictures")
    labels = finished_spans(place.labels, "labels")
    pieces = missing_pieces(config.n_pictures, config.pictures_per_shard, pictures, labels)
    teacher.segmenter.eval()
    machines = teacher.machine.for_workers(n_workers)
    if len(machines) > 1 and len(pieces) > 1:
        load_teacher = load_teacher or teacher_loader(teacher, place.labels.parent)
        made = make_shards_beside(load_teacher, config, place, pieces, machines, on_halved)
    else:
        made = make_shards_here(teacher, config, place, pieces, on_halved)
    n_before = config.n_pictures - sum(len(piece.span) for piece in pieces)
    follow(made, config.n_pictures, n_before, on_picture)
    return LabelledShards(place.pictures, place.labels, n_pictures=config.n_pictures)


def follow(made: Iterator[int], n_pictures: int, n_before: int, on_picture: OnPicture | None) -> None:
    """Take the pictures as they come, and report them.

    Args:
        made: indexes of what is made, one after another.
        n_pictures: how many there are to be in the end.
        n_before: how many there were before.
        on_picture: called after each.
    """
    started = time.monotonic()
    # Closed at once after an error or Ctrl-C, so that workers end and temporary files go.
    with closing(made):  # type: ignore[type-var]
        for n_made, _ in enumerate(made, start=1):
            if on_picture:
                rate = n_made / max(time.monotonic() - started, 1e-9)
                n_done = n_before + n_made
                left_s = (n_pictures - n_done) / rate
                on_picture(SynthesisReport(n_done, n_pictures, rate, left_s))
