"""Thousands of labelled pictures, resumable (Tritrong et al., CVPR 2021, section 3.3).

The pictures are made once, and labelled by any number of segmenters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from partly.fewshot.fitting import Teacher, teacher_loader
from partly.machine import Executor, OnHalved, PieceClaims, Share, SpreadOptions, Work, run_shared
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
from partly.synthesis.shards.shard_plan import Piece, finished_spans, missing_pieces
from partly.synthesis.shards.shard_workers import Halved, LoadTeacher, ShardsBeside, ShardsHere
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

    A label alone takes a part of the time, since the generator need not finish the picture. Calls that make
    the same at the same time share the work: each shard is made by one of them.

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
        PartlyError: workers died again and again at the same shard.
    """
    _make_missing(teacher, config, place, on_picture, load_teacher, n_workers, SpreadOptions(), on_halved)
    return LabelledShards(place.pictures, place.labels, n_pictures=config.n_pictures)


def synthesise_share(
    teacher: Teacher,
    config: SynthesisConfig,
    place: Place,
    spread: SpreadOptions,
    *,
    on_picture: OnPicture | None = None,
    load_teacher: LoadTeacher | None = None,
    n_workers: int | None = 1,
    on_halved: OnHalved | None = None,
) -> int:
    """Make the shards of one share, as :func:`synthesise_labelled` makes all; gives the number of pictures.

    A share has the same shards whatever others have made already.

    Args:
        teacher: see there, as for what is not named here; all workers have its machine, also those of a
            cluster.
        config: see there.
        place: see there; all shares have the same.
        spread: which share, all if it names none; and who makes it, such as a cluster of Ray.
        on_picture: see there.
        load_teacher: see there.
        n_workers: see there. None: all that a cluster has, else 1.
        on_halved: see there.

    Raises:
        BadOption: as there.
        NotAvailable: Ray is not installed, or does not answer.
        PartlyError: as there.
    """
    return _make_missing(teacher, config, place, on_picture, load_teacher, n_workers, spread, on_halved)


def _make_missing(
    teacher: Teacher,
    config: SynthesisConfig,
    place: Place,
    on_picture: OnPicture | None,
    load_teacher: LoadTeacher | None,
    n_workers: int | None,
    spread: SpreadOptions,
    on_halved: OnHalved | None,
) -> int:
    """Make the shards of a share that are missing; gives the number of pictures of the share."""
    # What was begun by an earlier version goes on with its pictures.
    begun_with = streams_of_shards((place.labels, place.pictures))
    config = replace(config, streams=begun_with or config.streams)
    claim_shards(place.pictures, pictures_identity(config, pictures_digest(teacher.generator)))
    digest = digest_in_claim(place.labels, teacher)
    claim_shards(place.labels, labels_identity(config, pictures_digest(teacher.generator), digest))
    for folder in (place.pictures, place.labels):
        remove_leftovers(folder)
    share = spread.the_share
    missing = missing_pieces(
        config.n_pictures,
        config.pictures_per_shard,
        finished_spans(place.pictures, "pictures"),
        finished_spans(place.labels, "labels"),
    )
    # By their place among all shards, not among those that are missing, which become fewer meanwhile.
    pieces = [piece for piece in missing if share.has(piece.span.start // config.pictures_per_shard)]
    teacher.segmenter.eval()
    work: Work[Piece]
    if n_workers is not None and spread.ray is None:
        n_workers = len(teacher.machine.for_workers(n_workers))
    if spread.ray is None and ((n_workers or 1) == 1 or len(pieces) <= 1):
        executor: Executor = spread.executor_of(1)
        work = ShardsHere(teacher, config, place)
    else:
        executor = spread.executor_of(n_workers)
        load_teacher = load_teacher or teacher_loader(teacher, place.labels.parent)
        work = ShardsBeside(load_teacher, config, place, teacher.machine)

    n_to_do = sum(len(piece.span) for piece in pieces)
    n_all = _n_of_share(config, share)
    following = Following(n_all, n_all - n_to_do, on_picture, on_halved)
    with PieceClaims(place.labels) as claims:
        made = run_shared(
            executor,
            work,
            pieces,
            claims,
            is_done=lambda piece: _is_there(place, piece),
            on_news=lambda _, news: following.hear(news),
        )
        # Closed at once after an error or Ctrl-C, so that workers end and temporary files go.
        with closing(made):  # type: ignore[type-var]
            for _ in made:
                pass
    return n_all


def _n_of_share(config: SynthesisConfig, share: Share) -> int:
    starts = range(0, config.n_pictures, config.pictures_per_shard)
    sizes = [min(config.pictures_per_shard, config.n_pictures - start) for start in starts]
    return sum(size for number, size in enumerate(sizes) if share.has(number))


def _is_there(place: Place, piece: Piece) -> bool:
    """Whether the shards of a piece are made, by whomever."""
    pictures = not piece.pictures or (place.pictures / piece.span.file_name("pictures")).is_file()
    return pictures and (not piece.labels or (place.labels / piece.span.file_name("labels")).is_file())


class Following:
    """Reports pictures as they are done, each once: what a worker made before it died is made again.

    Args:
        n_pictures: how many there are to be in the end.
        n_before: how many there were before.
        on_picture: called after each.
        on_halved: told, once, that fewer are made at a time.
    """

    def __init__(
        self,
        n_pictures: int,
        n_before: int,
        on_picture: OnPicture | None,
        on_halved: OnHalved | None = None,
    ) -> None:
        self._n_pictures, self._n_before, self._on_picture = n_pictures, n_before, on_picture
        self._on_halved = on_halved
        self._made: set[int] = set()
        self._started = time.monotonic()

    def hear(self, news: int | Halved) -> None:
        """What a worker tells: a picture that is done, or that its memory was short."""
        if not isinstance(news, Halved):
            self.one_more(news)
        elif self._on_halved is not None:
            self._on_halved(news.n, news.text)
            self._on_halved = None

    def one_more(self, index: int) -> None:
        """A picture is done."""
        if index in self._made:
            return
        self._made.add(index)
        if self._on_picture:
            n_made = len(self._made)
            rate = n_made / max(time.monotonic() - self._started, 1e-9)
            n_done = self._n_before + n_made
            left_s = (self._n_pictures - n_done) / rate
            self._on_picture(SynthesisReport(n_done, self._n_pictures, rate, left_s))


def follow(made: Iterator[int], n_pictures: int, n_before: int, on_picture: OnPicture | None) -> None:
    """Take the pictures as they come, and report them.

    Args:
        made: something for each picture, one after another.
        n_pictures: how many there are to be in the end.
        n_before: how many there were before.
        on_picture: called after each.
    """
    following = Following(n_pictures, n_before, on_picture)
    # Closed at once after an error or Ctrl-C, so that temporary files go.
    with closing(made):  # type: ignore[type-var]
        for number, _ in enumerate(made):
            following.one_more(number)
