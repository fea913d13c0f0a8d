"""Networks trained on the labelled pictures themselves: no generator, no few-shot segmenter, no
distillation.

Architectures, augmentation, objective, schedule and averaging are those with which Partly trains its own
network on thousands of generated pictures; what is missing is only those pictures. ``unet-scratch`` begins
with random weights, ``unet-imagenet`` with the encoder of ImageNet that Partly begins with, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.rivals.protocol import SEED, Fitted, LabelMap, Pixels, Rival, Task
from partly.data.labels import FACE_PARTS
from partly.inference.segment import segment_photo
from partly.models.networks import AutoShotNetwork
from partly.models.zoo import encoder_weights
from partly.synthesis.distil import DistilConfig, new_network
from partly.training.chassis import StepReport
from partly.training.segmentation import ArrayPictures, AutoShotConfig, train_auto_shot

_CONFIG = DistilConfig(size_px=192, seed=SEED)
# A few pictures are learned by heart long before the 2200 steps that generated ones are worth.
N_STEPS = 600
# Copies of the pictures make the batches; the augmentation makes them differ.
_N_COPIES = 20


def labelled_pictures(task: Task) -> ArrayPictures:
    """The labelled pictures, repeated; unlabelled pixels ask for nothing: their soft label is even."""
    n_parts = FACE_PARTS.n_parts
    ids = torch.from_numpy(task.label_maps).long().clamp(max=n_parts)
    logits = F.one_hot(ids, n_parts + 1)[..., :n_parts].permute(0, 3, 1, 2).float() * 20
    images = torch.from_numpy(task.pictures).permute(0, 3, 1, 2)
    repeats = -(-_N_COPIES // len(images)), 1, 1, 1
    return ArrayPictures(images.repeat(repeats), logits.repeat(repeats))


def trained(network: AutoShotNetwork, task: Task, config: AutoShotConfig) -> Fitted:
    """A network after its training, used on photos as Partly's own is."""
    data = labelled_pictures(task)
    # Copies of what it learns from tell nothing: none are kept from it.
    held_out = ArrayPictures(data.images[:0], data.logits[:0])
    network = train_auto_shot(network, data, config, held_out=held_out, on_step=_tell).network.for_inference()

    def predict(pixels: Pixels) -> LabelMap:
        return segment_photo(network, pixels).label_map

    return Fitted(predict, {"n_steps": config.n_steps, "learning_rate": config.learning_rate})


def training(n_steps: int) -> AutoShotConfig:
    """How Partly trains, in fewer steps."""
    return replace(_CONFIG, n_steps=n_steps).training()


def fit(task: Task, architecture: str, weights: Callable[[], Path] | None) -> Fitted:
    """Train one of Partly's architectures on the labelled pictures."""
    config = replace(_CONFIG, architecture=architecture, pretrained=weights is not None)
    network = new_network(FACE_PARTS, config, weights() if weights else None)
    return trained(network, task, training(N_STEPS))


def _tell(report: StepReport) -> None:
    if report.step % 100 == 0:
        print(f"step {report.step}, loss {report.loss:.3f}, {report.time_left_s:.0f} s left", flush=True)


RIVALS = {
    "unet-scratch": Rival(partial(fit, architecture="unet-small", weights=None)),
    "unet-imagenet": Rival(partial(fit, architecture="lite0-unet", weights=encoder_weights)),
}
