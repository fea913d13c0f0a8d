"""A teacher's labels of pictures to a head on an encoder's features: the better half of the best network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import HeadSegmenter
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.encoded_pictures import EncodedPictures, PictureReader
from partly.synthesis.distil.head_training import HeadConfig, train_head
from partly.synthesis.distil.own_photos import OwnPhotos, Painted
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.training.segmentation import SomePictures

HEAD_FOLDER, _PHOTOS_FOLDER = "head", "own-photos"
MOST_PICTURES = 600
"""That a head learns from: each takes a second to read. What more of them would give was not measured."""


def distil_head(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    reader: PictureReader,
    own: OwnPhotos | None = None,
    reports: DistilReports | None = None,
    *,
    n_workers: int = 1,
) -> HeadSegmenter:
    """Train a head on what a generator's teacher says of its pictures; after a stop, the same call goes on.

    Args:
        teacher: of a generator; where ``config.painted_share`` is above 0, with its annotations.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are.
        config: the choices.
        reader: reads the pictures.
        own: photos. It learns from the painted ones, and takes mean and deviation of its features from the
            others, which are like those that it will see.
        reports: who is told what.
        n_workers: processes that synthesise.

    Raises:
        BadArchive: a shard is damaged.
        BadOption: the teacher is not one of a generator.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    mirror = teacher.part_set.mirror_permutation()
    size_px = config.synthesis().size_px
    painted = Painted.of(teacher, config, own).for_a_head(size_px, mirror, config.seed)
    labelled = synthesise_labelled(
        teacher,
        config.synthesis(),
        place,
        on_picture=reports.on_picture,
        n_workers=n_workers,
    )
    pictures = labelled.surest(config.drop_uncertain)
    some = SomePictures(pictures, tuple(range(min(MOST_PICTURES, len(pictures)))))
    data = EncodedPictures(painted.among(some), reader)
    data.encode(reports.on_picture)
    head = train_head(
        data,
        mirror,
        replace(HeadConfig(), seed=config.seed),
        folder=Path(place.training) / HEAD_FOLDER,
        on_step=reports.on_step,
    )
    squares = None if own is None else own.unpainted(config, Path(place.training) / _PHOTOS_FOLDER)
    if squares is not None:
        images = (torch.from_numpy(square.copy()).permute(2, 0, 1) for square in squares.squares)
        head.standardiser.estimate(reader.pyramid(image) for image in images)
    return head
