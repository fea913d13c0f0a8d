"""Few-shot segmenter to auto-shot network (Tritrong et al., CVPR 2021, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from partly.data.labels import Annotation, PartSet
from partly.errors import BadOption
from partly.fewshot.segmenters import FewShotSegmenter
from partly.models.generators import Generator
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.painted_pictures import painted_pictures, with_painted
from partly.synthesis.distil.second_round import SECOND_ROUND_FOLDER, train_second_round
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.shard_workers import LoadModels
from partly.training.segmentation import AutoShotResult, LabelledPictures, hold_out, train_auto_shot


def distil(
    generator: Generator,
    segmenter: FewShotSegmenter,
    part_set: PartSet,
    config: DistilConfig,
    *,
    pictures_folder: Path,
    labels_folder: Path,
    training_folder: Path,
    annotations: Sequence[Annotation] = (),
    encoder_weights: Path | None = None,
    load_models: LoadModels | None = None,
    n_workers: int = 1,
    reports: DistilReports | None = None,
) -> AutoShotResult:
    """Label generated pictures and train a network on them; after a stop, the same call goes on.

    Args:
        generator: makes the pictures.
        segmenter: labels them.
        part_set: what its logits mean.
        config: the choices.
        pictures_folder: where the pictures are kept; all teachers label the same ones, made once.
        labels_folder: where this segmenter's labels of them are kept; later calls use them again.
        training_folder: where checkpoint, log and panels are written; ``second-round`` below it has those of
            a second round, and its labels.
        annotations: what the segmenter was fitted on; needed where ``config.painted_share`` is above 0.
        encoder_weights: ImageNet weights of the encoder; needed where ``config.pretrained``.
        load_models: gives generator and segmenter in a worker process; needed for more than one.
        n_workers: processes that synthesise.
        reports: who is told what.

    Raises:
        BadOption: folders hold something made with other choices, or an argument is missing.
        BadArchive: a shard is damaged.
        BadModelFile: checkpoint or encoder weights are damaged.
        BadLabel: an annotation is of another generator.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    painted = _painted(generator, annotations, part_set, config)
    network = new_network(part_set, config, encoder_weights)
    synthesise_labelled(
        generator,
        segmenter,
        config.synthesis(),
        pictures_folder,
        labels_folder,
        on_picture=reports.on_picture,
        load_models=load_models,
        n_workers=n_workers,
    )
    pictures = LabelledShards(
        pictures_folder, labels_folder, n_pictures=config.n_pictures, drop_uncertain=config.drop_uncertain
    )
    split = config.training()
    taught, held_out = hold_out(pictures, split.n_held_out_of(len(pictures)), split.seed)
    # After a stop in the second round, this gives back at once what the first one ended with.
    first = train_auto_shot(
        network,
        with_painted(taught, painted, config.painted_share),
        split,
        folder=training_folder,
        held_out=held_out,
        on_step=reports.on_step,
    )
    if (training := config.second_training()) is None:
        return first
    return train_second_round(
        first,
        config,
        training,
        pictures_folder=pictures_folder,
        labels_folder=labels_folder,
        painted=painted,
        folder=training_folder / SECOND_ROUND_FOLDER,
        reports=reports,
    )


def _painted(
    generator: Generator, annotations: Sequence[Annotation], part_set: PartSet, config: DistilConfig
) -> LabelledPictures | None:
    """The labelled pictures, where they are to be learned from."""
    if not config.painted_share:
        return None
    if not annotations:
        raise BadOption("no labelled pictures to learn from", expected="annotations, or a painted_share of 0")
    return painted_pictures(generator, annotations, part_set.n_parts, config.synthesis())


def new_network(part_set: PartSet, config: DistilConfig, encoder_weights: Path | None) -> AutoShotNetwork:
    """An untrained network; its first weights depend on the config's seed only.

    Raises:
        BadOption: a pretrained encoder is asked for without its weights.
        BadModelFile: the weights are damaged, or do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = AutoShotNetwork(config.architecture, part_set, config.size_px)
    if not config.pretrained:
        return network
    if encoder_weights is None:
        raise BadOption("a pretrained encoder without its weights", expected="encoder_weights")
    network.load_pretrained_encoder(encoder_weights)
    return network
