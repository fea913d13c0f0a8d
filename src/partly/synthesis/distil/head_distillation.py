"""A teacher's labels of pictures to a head on an encoder's features: the better half of the best network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from partly.fewshot.features import FeatureStore
from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import HeadSegmenter
from partly.models.encoders import Representation
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.distillation import painted_of
from partly.synthesis.distil.encoded_pictures import EncodedPictures
from partly.synthesis.distil.head_training import HeadConfig, train_head
from partly.synthesis.distil.painted_pictures import with_painted
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.training.segmentation import SomePictures

HEAD_FOLDER = "head"
MOST_PICTURES = 600
"""That a head learns from: each takes a second to read. What more of them would give was not measured."""


def distil_head(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    encoder: Representation,
    store: FeatureStore,
    reports: DistilReports | None = None,
) -> HeadSegmenter:
    """Train a head on what a generator's teacher says of its pictures; after a stop, the same call goes on.

    Args:
        teacher: of a generator; where ``config.painted_share`` is above 0, with its annotations.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are.
        config: the choices.
        encoder: reads the pictures.
        store: keeps its features.
        reports: who is told what.

    Raises:
        BadArchive: a shard is damaged.
        BadOption: the teacher is not one of a generator.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    labelled = synthesise_labelled(teacher, config.synthesis(), place, on_picture=reports.on_picture)
    pictures = labelled.surest(config.drop_uncertain)
    some = SomePictures(pictures, tuple(range(min(MOST_PICTURES, len(pictures)))))
    data = EncodedPictures(
        with_painted(some, painted_of(teacher, config), config.painted_share), encoder, store
    )
    data.encode(reports.on_picture)
    return train_head(
        data,
        teacher.part_set.mirror_permutation(),
        replace(HeadConfig(), seed=config.seed),
        folder=Path(place.training) / HEAD_FOLDER,
        on_step=reports.on_step,
    )
