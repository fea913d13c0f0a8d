"""Few-shot segmenter to auto-shot network (Tritrong et al., CVPR 2021, section 3.3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from partly.data.labels import PartSet
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, Machine
from partly.models.networks import AutoShotNetwork
from partly.storage import tensor_seed
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import FROM_PHOTOS, DistilConfig
from partly.synthesis.distil.own_photos import OwnPhotos, Painted
from partly.synthesis.distil.photo_distillation import distil_from_photos
from partly.synthesis.distil.second_round import SECOND_ROUND_FOLDER, train_second_round
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_workers import LoadTeacher
from partly.training.segmentation import AutoShotResult, hold_out, train_auto_shot


def distil(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    reports: DistilReports | None = None,
    *,
    encoder_weights: Path | None = None,
    load_teacher: LoadTeacher | None = None,
    n_workers: int = 1,
    own: OwnPhotos | None = None,
    machine: Machine = PROCESSOR,
) -> AutoShotResult:
    """Label pictures or photos, and train a network on them; after a stop, the same call goes on.

    Args:
        teacher: of a generator, which makes the pictures, or of features of photos, which has them; it labels
            them. Where ``config.painted_share`` is above 0, the network learns from its annotations too.
        place: where pictures, labels, checkpoint, log and panels are kept.
        config: the choices.
        reports: who is told what.
        encoder_weights: ImageNet weights of the encoder; needed where ``config.pretrained``.
        load_teacher: gives the teacher in a worker process; None: it is read from model folders.
        n_workers: processes that synthesise.
        own: photos beside the pictures: the network learns from the painted ones. A teacher that reads photos
            has photos of its own.
        machine: what the networks are trained on. Several processes train together; what is read from disk,
            the first of them makes.

    Raises:
        BadOption: folders hold something made with other choices, the teacher has no source, or an argument
            or photos are missing.
        BadArchive: a shard is damaged.
        BadModelFile: checkpoint or encoder weights are damaged.
        BadLabel: an annotation is of another generator.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    network = new_network(teacher.part_set, config, encoder_weights)
    if isinstance(teacher.source, PhotoFeatures):
        return distil_from_photos(teacher, place, config, network, reports, machine)
    painted = Painted.of(teacher, config, own)
    labelled = machine.ranks.first_then_others(
        lambda: synthesise_labelled(
            teacher,
            config.synthesis(),
            place,
            on_picture=reports.on_picture,
            load_teacher=load_teacher,
            n_workers=n_workers,
            on_halved=reports.halved,
        )
    )
    pictures = labelled.surest(config.drop_uncertain)
    split = config.training()
    synthesised, held_out = hold_out(pictures, split.n_held_out_of(len(pictures)), split.seed)
    is_last = config.second_training() is None
    # After a stop in the second round, this gives back at once what the first one ended with.
    first = train_auto_shot(
        network,
        (painted.among if is_last else painted.pictures_among)(synthesised),
        split,
        folder=place.training,
        held_out=held_out,
        on_step=reports.on_step,
        machine=machine,
    )
    if is_last:
        return first
    folder = place.training / SECOND_ROUND_FOLDER
    return train_second_round(first, labelled, painted.among, config, folder, reports, machine)


def usual_config(teacher: Teacher) -> DistilConfig:
    """The best known choices for a teacher; without annotations, no painted photos are learned from."""
    if not isinstance(teacher.source, PhotoFeatures):
        return DistilConfig()
    return FROM_PHOTOS if teacher.annotations else replace(FROM_PHOTOS, painted_share=0.0)


def new_network(part_set: PartSet, config: DistilConfig, encoder_weights: Path | None) -> AutoShotNetwork:
    """An untrained network; its first weights depend on the config's seed only.

    Raises:
        BadOption: a pretrained encoder is asked for without its weights.
        BadModelFile: the weights are damaged, or do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tensor_seed("first weights", config.seed))
        network = AutoShotNetwork(config.architecture, part_set, config.size_px)
    if not config.pretrained:
        return network
    if encoder_weights is None:
        raise BadOption("a pretrained encoder without its weights", expected="encoder_weights")
    network.load_pretrained_encoder(encoder_weights)
    return network
