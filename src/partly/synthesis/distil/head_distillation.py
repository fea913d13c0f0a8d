"""A teacher's labels of pictures to a head on an encoder's features: the better half of the best network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from partly.data.photos import PhotoSet
from partly.fewshot.fitting import Teacher, segmenter_digest
from partly.fewshot.segmenters import HeadSegmenter, Moments
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.encoded_pictures import EncodedPictures, PictureReader
from partly.synthesis.distil.head_training import HeadConfig, train_head
from partly.synthesis.distil.own_photos import OwnPhotos, painted_of
from partly.synthesis.distil.painted_pictures import with_painted
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_workers import LoadTeacher

HEAD_FOLDER, _PHOTOS_FOLDER = "head", "own-photos"


@dataclass(frozen=True, eq=False)
class ReadingHead:
    """A head and what reads pictures for it.

    Attributes:
        head: trained on what the reader gives.
        reader: of pictures.
    """

    head: HeadSegmenter
    reader: PictureReader

    @property
    def digest(self) -> str:
        """SHA-256 of all that its logits depend on, but for the reader's size."""
        return f"{segmenter_digest(self.head)} {self.reader.encoder.digest}"

    @torch.inference_mode()
    def logits(self, pixels: Tensor, label_px: int) -> Tensor:
        """Of pictures uint8 ``[b, 3, s, s]``: ``[b, k, label_px, label_px]``."""
        return torch.cat([self.head(self.reader.pyramid(image), label_px) for image in pixels])


def distil_head(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    reader: PictureReader,
    own: OwnPhotos | None = None,
    reports: DistilReports | None = None,
    *,
    load_teacher: LoadTeacher | None = None,
    n_workers: int = 1,
) -> ReadingHead:
    """Train a head on what a generator's teacher says of its pictures; after a stop, the same call goes on.

    Args:
        teacher: of a generator; where ``config.painted_share`` is above 0, with its annotations.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are, or will be.
        config: the choices.
        reader: reads the pictures.
        own: photos. It learns from the painted ones, and takes mean and deviation of its features from the
            others, which are like those that it will see.
        reports: who is told what.
        load_teacher: gives the teacher in a worker process; None: it is read from model folders.
        n_workers: processes that synthesise.

    Raises:
        BadArchive: a shard is damaged.
        BadOption: the teacher is not one of a generator.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    painted = painted_of(teacher, config, own)
    labelled = synthesise_labelled(
        teacher,
        config.synthesis(),
        place,
        on_picture=reports.on_picture,
        load_teacher=load_teacher,
        n_workers=n_workers,
    )
    pictures = labelled.surest(config.drop_uncertain)
    data = EncodedPictures(with_painted(pictures, painted, config.painted_share), reader)
    data.encode(reports.on_picture)
    head = train_head(
        data,
        teacher.part_set.mirror_permutation(),
        replace(HeadConfig(), seed=config.seed),
        folder=Path(place.training) / HEAD_FOLDER,
        on_step=reports.on_step,
    )
    squares = None if own is None else own.unpainted(config, Path(place.training) / _PHOTOS_FOLDER)
    if squares is not None:
        _standardise(head, squares, reader)
    return ReadingHead(head, reader)


def _standardise(head: HeadSegmenter, squares: PhotoSet, reader: PictureReader) -> None:
    """Take mean and deviation of the features from photos."""
    images = (torch.from_numpy(square.copy()).permute(2, 0, 1) for square in squares.squares)
    several = (Moments.of(reader.pyramid(image)) for image in images)
    first = next(several)
    head.standardiser.set(sum(several, first))
