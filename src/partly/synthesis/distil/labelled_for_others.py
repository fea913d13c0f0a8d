"""What other networks than the auto-shot network learn from: the same pictures or photos, labelled alike."""

from __future__ import annotations

from pathlib import Path

from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, Machine
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.own_photos import OwnPhotos, Painted
from partly.synthesis.distil.photo_distillation import PhotosOfTeacher, labelled_together
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.training.segmentation import LabelledPictures


def labelled_for(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    fast: AutoShotNetwork,
    folder: Path,
    own: OwnPhotos | None = None,
    reports: DistilReports | None = None,
    *,
    n_workers: int = 1,
    machine: Machine = PROCESSOR,
) -> tuple[LabelledPictures, Painted]:
    """Pictures as a generator's teacher labels them, or photos as teacher and network do; what was painted.

    Args:
        teacher: of a generator or of photos.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are.
        config: the choices.
        fast: what :func:`partly.synthesis.distil.distil` gave.
        folder: where labels of both together are kept.
        own: photos beside a generator.
        reports: who is told what.
        n_workers: processes that synthesise.
        machine: where it is computed.
    """
    reports = reports or DistilReports()
    if isinstance(teacher.source, PhotoFeatures):
        return _of_photos(teacher, place, config, fast, folder, reports, machine)
    return _of_pictures(teacher, place, config, own, reports, n_workers, machine)


def _of_pictures(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    own: OwnPhotos | None,
    reports: DistilReports,
    n_workers: int,
    machine: Machine,
) -> tuple[LabelledPictures, Painted]:
    labelled = machine.ranks.first_then_others(
        lambda: synthesise_labelled(
            teacher,
            config.synthesis(),
            place,
            on_picture=reports.on_picture,
            n_workers=n_workers,
            on_halved=reports.halved,
        )
    )
    return labelled.surest(config.drop_uncertain), Painted.of(teacher, config, own)


def _of_photos(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    fast: AutoShotNetwork,
    folder: Path,
    reports: DistilReports,
    machine: Machine,
) -> tuple[LabelledPictures, Painted]:
    ranks = machine.ranks
    photos = ranks.first_then_others(lambda: PhotosOfTeacher.of(teacher, config, place.pictures))
    labelled = ranks.first_then_others(lambda: photos.labelled(place.labels, reports.on_picture))
    return labelled_together(labelled, fast, folder, reports, machine), photos.painted(config)
