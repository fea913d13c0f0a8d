"""A teacher's labels of pictures to a head on an encoder's features: the better half of the best network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from partly.data.photos import PhotoSet
from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import HeadSegmenter
from partly.machine import PROCESSOR, Machine
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.encoded_pictures import EncodedPictures, PictureReader
from partly.synthesis.distil.head_training import HeadConfig, train_head
from partly.synthesis.distil.labelled_for_others import labelled_for
from partly.synthesis.distil.own_photos import OwnPhotos
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
    fast: AutoShotNetwork,
    own: OwnPhotos | None = None,
    reports: DistilReports | None = None,
    *,
    n_workers: int = 1,
    machine: Machine = PROCESSOR,
) -> HeadSegmenter:
    """Train a head on what a teacher says of pictures or photos; after a stop, the same call goes on.

    Of a generator's pictures it learns what the teacher says; of photos, of which a teacher knows less, what
    the teacher and the auto-shot network say together. What was painted is among both.

    Args:
        teacher: of a generator or of photos; where ``config.painted_share`` is above 0, with its annotations.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are.
        config: the choices.
        reader: reads the pictures.
        fast: what :func:`partly.synthesis.distil.distil` gave.
        own: photos beside a generator. It learns from the painted ones, and takes mean and deviation of its
            features from the others, which are like those that it will see.
        reports: who is told what.
        n_workers: processes that synthesise.
        machine: what reads the pictures, and trains the head.

    Raises:
        BadArchive: a shard is damaged.
        BadOption: there are fewer than two photos to learn from.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    mirror = teacher.part_set.mirror_permutation()
    folder = Path(place.training) / HEAD_FOLDER
    pictures, painted = labelled_for(
        teacher, place, config, fast, folder, own, reports, n_workers=n_workers, machine=machine
    )
    some = SomePictures(pictures, tuple(range(min(MOST_PICTURES, len(pictures)))))
    size_px = some.read([0])[0].shape[-1]
    data = EncodedPictures(painted.for_a_head(size_px, mirror, config.seed).among(some), reader)
    with reader.on(machine.device):
        # Kept on disk, where the others find them.
        machine.ranks.first_then_others(lambda: data.encode(reports.on_picture))
    head = train_head(
        data,
        mirror,
        replace(HeadConfig(), seed=config.seed),
        folder=folder,
        on_step=reports.on_step,
        machine=machine,
    )

    def squares() -> PhotoSet | None:
        return None if own is None else own.unpainted(config, Path(place.training) / _PHOTOS_FOLDER)

    def estimate(squares: PhotoSet) -> None:
        images = (torch.from_numpy(square.copy()).permute(2, 0, 1) for square in squares.squares)
        head.standardiser.estimate(reader.pyramid(image) for image in images)

    photos = machine.ranks.first_then_others(squares)
    if photos is not None:
        with reader.on(machine.device):
            machine.ranks.first_then_others(lambda: estimate(photos))
    return head
