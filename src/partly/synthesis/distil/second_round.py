"""A second round: the network learns on from what its teacher and it say of each picture together.

Teacher and network err differently, so that their mean prediction is nearer to the truth than either;
docs/lab.md has the figures.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from partly.errors import BadOption
from partly.machine import PROCESSOR, Machine
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.relabelled_shards import relabel
from partly.training.segmentation import (
    AutoShotConfig,
    AutoShotResult,
    LabelledPictures,
    hold_out,
    resized,
    to_images,
    train_auto_shot,
)

SECOND_ROUND_FOLDER = "second-round"
_PREDICTIONS_FOLDER = "opinions"

SHARPENING_DIVISOR = 1.5
"""What the sum of two log-probabilities is divided by: 2 would give their mean, less sharpens it a little."""


def train_second_round(
    first: AutoShotResult,
    labelled: LabelledShards,
    with_painted: Callable[[LabelledPictures], LabelledPictures],
    config: DistilConfig,
    folder: Path,
    reports: DistilReports,
    machine: Machine = PROCESSOR,
) -> AutoShotResult:
    """Label the pictures by teacher and network together, and train on; after a stop, the same call goes on.

    Pictures that were left out or held out stay so. As in the first round, the network is measured on what
    the teacher alone says of the held-out ones.

    Args:
        first: what the first round gave; its network is left alone.
        labelled: all pictures, with what the teacher says of them.
        with_painted: puts what was painted among pictures, if the network learns from it too.
        config: the choices, with a second round.
        folder: where soft predictions, checkpoint, log and panels are written.
        reports: who is told what.
        machine: what the network works and is trained on.

    Returns:
        The network after both rounds, and the time of both trainings.

    Raises:
        BadOption: ``folder`` holds something made of another network or other labels, or the config has no
            second round.
        BadArchive: a shard is damaged.
        BadModelFile: the checkpoint is damaged.
        TrainingDiverged: the loss is no number.
    """
    training = config.second_training()
    if training is None:
        raise BadOption("a second round of 0 steps", expected="second_round above 0")
    fast = first.network.for_inference()
    machine.place(fast)
    predicted = machine.ranks.first_then_others(
        lambda: relabel(
            labelled,
            lambda pixels, logits: together(logits.float(), network_logits(fast, pixels, logits.shape[-1])),
            {
                "network_digest": first.network.digest,
                "network_px": first.network.size_px,
                "sharpening_divisor": SHARPENING_DIVISOR,
            },
            folder / _PREDICTIONS_FOLDER,
            pictures_per_shard=config.synthesis().pictures_per_shard,
            on_picture=reports.on_picture,
        )
    )
    by_teacher, by_both = (of.surest(config.drop_uncertain) for of in (labelled, predicted))
    split = config.training()
    n_held_out = split.n_held_out_of(len(by_teacher))
    taught = with_painted(hold_out(by_both, n_held_out, split.seed)[0])
    held_out = hold_out(by_teacher, n_held_out, split.seed)[1]
    return train_on(first, taught, training, folder, held_out, reports, machine)


def train_on(
    first: AutoShotResult,
    taught: LabelledPictures,
    training: AutoShotConfig,
    folder: Path,
    held_out: LabelledPictures,
    reports: DistilReports,
    machine: Machine = PROCESSOR,
) -> AutoShotResult:
    """Train a copy of the first round's network on; after a stop, the same call goes on.

    Args:
        first: what the first round gave; its network is left alone.
        taught: what teacher and network say together, and the painted pictures.
        training: how.
        folder: where checkpoint, log and panels are written.
        held_out: what the teacher alone says.
        reports: who is told what.
        machine: what it is trained on.

    Returns:
        The network after both rounds, and the time of both trainings.

    Raises:
        TrainingDiverged: the loss is no number.
    """
    second = train_auto_shot(
        copy.deepcopy(first.network).requires_grad_(True),
        taught,
        training,
        folder=folder,
        held_out=held_out,
        on_step=reports.on_step,
        machine=machine,
    )
    return replace(second, time_s=first.time_s + second.time_s)


def together(teacher: Tensor, network: Tensor) -> Tensor:
    """Logits of what a teacher and a network say together, from the logits of both ``[b, k, t, t]``.

    A product of experts (Hinton 2002, equation 1), of probabilities to the power of two thirds.
    """
    return (teacher.log_softmax(dim=1) + network.log_softmax(dim=1)) / SHARPENING_DIVISOR


@torch.inference_mode()
def network_logits(network: AutoShotNetwork, pixels: Tensor, label_px: int) -> Tensor:
    """What a network says of pictures uint8 ``[b, 3, s, s]``: logits ``[b, k, label_px, label_px]``.

    It sees them at its own size, as they are and mirrored, and gives the mean, on the processor.
    """
    device = next((p.device for p in network.parameters()), pixels.device)
    images = resized(to_images(pixels.to(device)), network.size_px)
    straight, mirrored = network(torch.cat([images, images.flip(-1)])).chunk(2)
    mirrored = mirrored.flip(-1)[:, list(network.part_set.mirror_permutation())]
    return resized((straight + mirrored) / 2, label_px).cpu()
