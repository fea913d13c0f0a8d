"""A head on an encoder's features, taught by soft labels; the encoder stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import AdamW

from partly.errors import BadOption
from partly.fewshot.segmenters import HeadSegmenter
from partly.losses import bias_correction, counted_pixels, part_weights_from_frequencies, soft_cross_entropy
from partly.machine import PROCESSOR, Machine
from partly.models import FeaturePyramid
from partly.storage import Provenance, digest_of, tensor_seed
from partly.synthesis.distil.encoded_pictures import EncodedPictures
from partly.training.chassis import (
    GradientsInPortions,
    OnStep,
    Plan,
    Sitting,
    StepReport,
    Trained,
    ema_decay,
    read_ahead,
)
from partly.training.segmentation import (
    BatchOrder,
    asks_for_something,
    learning_rate_factor,
    part_frequencies,
    resized,
)


@dataclass(frozen=True)
class HeadConfig:
    """How a head is trained; docs/lab.md has the reasons.

    Attributes:
        n_steps: number of steps.
        batch_size: pictures in a step.
        learning_rate: highest learning rate of AdamW.
        weight_decay: of convolutions.
        warm_up: share of the steps in which the learning rate rises.
        ema_half_life: of the averaged weights, as a share of the steps.
        noise: highest deviation of the noise that is added to standardised features.
        label_px: side at which labels are compared.
        part_weight_power: parts weigh ``frequency ** -power``.
        bias_fraction: how much of that is taken out of the logits afterwards.
        n_statistics: pictures from which mean and deviation of the features are taken.
        checkpoint_every_s: seconds between checkpoints.
        seed: of first weights, order, noise and dropout.
        free: names of choices that change nothing in the result.
    """

    n_steps: int = 400
    batch_size: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.05
    ema_half_life: float = 0.03
    noise: float = 0.3
    label_px: int = 64
    part_weight_power: float = 0.5
    bias_fraction: float = 0.5
    n_statistics: int = 200
    checkpoint_every_s: float = 60.0
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"checkpoint_every_s"})


def train_head(
    data: EncodedPictures,
    mirror_permutation: Sequence[int],
    config: HeadConfig | None = None,
    *,
    folder: Path | None = None,
    on_step: OnStep | None = None,
    machine: Machine = PROCESSOR,
) -> HeadSegmenter:
    """Train a head on what is said of pictures; a training that was stopped goes on where it was.

    Args:
        data: pictures with features and soft labels.
        mirror_permutation: the part that each part becomes in a mirrored picture.
        config: how to train.
        folder: where checkpoint and log are written; None writes nothing.
        on_step: called after every step.
        machine: what it runs on; several processes train together, each on a share of the batch, and only
            the first of them writes files and calls ``on_step``.

    Returns:
        The head with averaged weights and the bias correction in them, in eval mode.

    Raises:
        BadOption: too few pictures, or the checkpoint in ``folder`` is of another training.
        BadOption: the processes cannot share a batch evenly.
        TrainingDiverged: the loss is no number.
        TooLittleMemory: a single picture is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks, config = machine.ranks, config or HeadConfig()
    ranks.check(config.batch_size)
    if len(data) < 2:
        raise BadOption(f"there are {len(data)} labelled pictures", expected="2 or more")
    head = _untrained(data, len(mirror_permutation), config)
    machine.place(head)
    frequencies = part_frequencies(data.pictures)
    part_weights = part_weights_from_frequencies(frequencies, config.part_weight_power)
    part_weights = part_weights.to(machine.device)
    order = BatchOrder(len(data), config.batch_size, config.seed)
    groups: list[dict[str, Any]] = [
        {"params": [p for p in head.parameters() if p.requires_grad and p.ndim > 1]},
        {"params": [p for p in head.parameters() if p.requires_grad and p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = AdamW(
        groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=machine.has_fused_optimizers
    )
    depends_on = {
        "first weights": digest_of(head.state_dict()),
        "encoder": data.reader.encoder.digest,
        "number of pictures": len(data),
        "parts": [round(float(share), 4) for share in frequencies],
    }
    with Sitting(
        Trained({"head": head}, {"head": optimizer}, averages={"average": "head"}),
        Plan(config.n_steps, config.batch_size, every_s=config.checkpoint_every_s),
        [Provenance(asdict(config) | depends_on, config.free)],
        f"Train with a lower learning rate (now {config.learning_rate}); the last good checkpoint is kept",
        folder,
        machine,
        on_step,
    ) as run:
        # Dropout is drawn here, on the processor, so that it is the same on every device.
        head.eval()
        average = run.averages["average"]
        gradients = GradientsInPortions()

        def learn(over: Tensor, features: Tensor, labels: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
            """Gradients of some pictures' part in the loss; that part, ``[1]``."""
            with machine.precision():
                said = head.head(features).float()
            loss = soft_cross_entropy(
                F.interpolate(said, labels.shape[-2:], mode="bilinear"),
                labels,
                part_weights=part_weights,
                picture_weights=weights,
                mask=mask,
                over=over,
            )
            torch.autograd.backward(loss)
            return loss.detach().view(1)

        def read(step: int) -> tuple[FeaturePyramid, Tensor, Tensor]:
            return data.read(ranks.share(torch.tensor(order.indexes(step))).tolist())

        ahead = range(run.step, config.n_steps)
        batches = read_ahead(read, ahead, beside=machine.device.type != "cpu")
        for step, (pyramid, logits, weights) in zip(run.steps(), batches, strict=True):
            rate = config.learning_rate * learning_rate_factor(step, config.n_steps, config.warm_up)
            for group in optimizer.param_groups:
                group["lr"] = rate
            features = head.standardised(pyramid.to(machine.device))
            mirrored, noise, kept = (
                ranks.share(drawn).to(machine.device)
                for drawn in _drawn(config, step, head.dropout, features.shape)
            )
            labels = resized(logits.to(machine.device).softmax(1), config.label_px)
            features, labels = _mirrored(features, labels, mirrored, mirror_permutation)
            mask, weights = asks_for_something(labels), weights.to(machine.device)
            over = ranks.mean(counted_pixels(mask, weights))
            batch = ((features + noise) * kept, labels, mask, weights)
            [loss] = gradients.take(optimizer, batch, partial(learn, over))
            mean_loss = run.checked(loss, step)
            ranks.average_gradients(head)
            optimizer.step()
            run.average(ema_decay(step, config.ema_half_life * config.n_steps))
            run.tell(
                StepReport,
                loss=mean_loss.item(),
                held_out_iou=None,
                evaluated=False,
                size_px=data.reader.encoder.image_size_px,
                learning_rate=rate,
                n_portions=gradients.n_portions,
            )
    assert isinstance(average, HeadSegmenter)
    with torch.no_grad():
        shift = bias_correction(part_weights, config.bias_fraction)
        assert average.last.bias is not None
        average.last.bias += shift.to(average.last.bias)
    return average.cpu().eval().requires_grad_(False)


def _untrained(data: EncodedPictures, n_parts: int, config: HeadConfig) -> HeadSegmenter:
    channels = [level.n_channels for level in data.reader.encoder.levels]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tensor_seed("first weights", config.seed))
        head = HeadSegmenter(n_parts, range(len(channels)), channels)
    every = max(1, len(data) // config.n_statistics)
    head.standardiser.estimate(data.read([i])[0] for i in range(0, len(data), every))
    return head


def _drawn(
    config: HeadConfig, step: int, dropout: float, shape: Sequence[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """What a step draws for the whole batch, on the processor.

    Args:
        config: of the training.
        step: from 0.
        dropout: probability that a channel of a picture is dropped.
        shape: of the features of this process's share, ``[b, c, h, w]``.

    Returns:
        Which pictures are mirrored, booleans; noise ``[n, c, h, w]``; and what channels are multiplied by,
        ``[n, c, 1, 1]``: 0 where they are dropped.
    """
    n, n_channels, height, width = config.batch_size, *shape[1:]
    draws = torch.Generator().manual_seed(tensor_seed("augmentation", config.seed, step))
    mirrored = torch.rand(n, generator=draws) < 0.5
    strength = config.noise * torch.rand(n, 1, 1, 1, generator=draws)
    noise = strength * torch.randn(n, n_channels, height, width, generator=draws)
    draws = torch.Generator().manual_seed(tensor_seed("dropout of a fit", config.seed, step))
    kept = torch.empty(n, n_channels, 1, 1).bernoulli_(1 - dropout, generator=draws).div_(1 - dropout)
    return mirrored, noise, kept


def _mirrored(
    features: Tensor, labels: Tensor, mirrored: Tensor, mirror_permutation: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Features ``[b, c, h, w]`` and probabilities ``[b, k, t, t]``, some of them mirrored."""
    places = mirrored.view(-1, 1, 1, 1)
    labels = torch.where(places, labels.flip(-1)[:, list(mirror_permutation)], labels)
    return torch.where(places, features.flip(-1), features), labels
