"""Training of the auto-shot network on labelled pictures (Tritrong et al., CVPR 2021, section 3.3)."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import AdamW, Optimizer

from partly.errors import BadOption
from partly.losses import counted_pixels, part_weights_from_frequencies, soft_cross_entropy
from partly.machine import PROCESSOR, Machine
from partly.models.networks import AutoShotNetwork, channels_last
from partly.storage import Provenance
from partly.training.chassis.averaged_weights import ema_decay
from partly.training.chassis.shared_norms import share_norms
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.chassis.step_log import OnStep, StepReport
from partly.training.segmentation.augmented_batches import augmented_batches
from partly.training.segmentation.auto_shot_config import AutoShotConfig, Stage, learning_rate_factor, size_at
from partly.training.segmentation.labelled_pictures import LabelledPictures, hold_out
from partly.training.segmentation.sample_panels import write_panel
from partly.training.segmentation.teacher_agreement import (
    agreement,
    best_bias_fraction,
    corrected_copy,
    part_frequencies,
)

__all__ = ["AutoShotConfig", "AutoShotResult", "Stage", "train_auto_shot"]

# What was best in trials; for when there are no pictures to choose it on.
_USUAL_FRACTION = 0.5
_N_COMPARED = 16


@dataclass(frozen=True)
class AutoShotResult:
    """A trained network.

    Attributes:
        network: with averaged weights and the bias correction in them, in eval mode, on the processor.
        held_out_iou: mean IoU with the teacher on held-out pictures, in [0, 1]; None without any.
        time_s: what the training took, all sittings together.
    """

    network: AutoShotNetwork
    held_out_iou: float | None
    time_s: float


def train_auto_shot(
    network: AutoShotNetwork,
    data: LabelledPictures,
    config: AutoShotConfig | None = None,
    *,
    folder: Path | None = None,
    held_out: LabelledPictures | None = None,
    on_step: OnStep | None = None,
    machine: Machine = PROCESSOR,
) -> AutoShotResult:
    """Train ``network`` (in place) on ``data``; a training that was stopped goes on where it was.

    Args:
        network: where the training starts: a new network, or one to train further. To go on after a stop,
            give it as it was at first.
        data: labelled pictures.
        config: how to train.
        folder: where checkpoint, log and panels are written; None writes nothing.
        held_out: pictures to measure on; None keeps some of ``data`` from training.
        on_step: called after every step.
        machine: what it runs on; several processes train together, each on a share of the batch, and only
            the first of them writes files and calls ``on_step``. Batch norms see the whole batch.

    Raises:
        BadOption: the processes cannot share a batch evenly.
        BadOption: too few pictures, or the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of another network.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        TooLittleMemory: a step is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks, config = machine.ranks, config or AutoShotConfig()
    ranks.check(config.batch_size)
    if len(data) < 2:
        raise BadOption(f"there are {len(data)} labelled pictures", expected="2 or more")
    if held_out is None:
        data, held_out = hold_out(data, config.n_held_out_of(len(data)), config.seed)
    network.size_px = config.size_px
    channels_last(network.train())
    share_norms(network, ranks)
    machine.place(network)
    part_weights = part_weights_from_frequencies(part_frequencies(data), config.part_weight_power)
    optimizer = _optimizer(network, config, machine)
    mirror_permutation = network.part_set.mirror_permutation()
    with Sitting(
        Trained({"network": network}, {"network": optimizer}, averages={"average": "network"}),
        Plan(
            config.n_steps,
            config.batch_size,
            every_s=config.checkpoint_every_s,
            size_at=lambda step: size_at(step, config.n_steps, config.stages),
        ),
        [Provenance(asdict(config) | _depends_on(network, data), config.free)],
        f"Train in another folder with a lower learning_rate (now {config.learning_rate}); "
        "the last good checkpoint is kept",
        folder,
        machine,
        on_step,
    ) as run:
        run.values.setdefault("held_out_iou", None)
        average: AutoShotNetwork = run.averages["average"]  # type: ignore[assignment]
        batches = augmented_batches(data, config, mirror_permutation, run.step, machine.device)
        for step, whole in zip(run.steps(), batches, strict=True):
            batch = whole.share(ranks)
            rate = _set_learning_rate(optimizer, config, step)
            with machine.precision():
                logits = network(batch.images).float()
            loss = soft_cross_entropy(
                logits,
                batch.labels,
                part_weights=part_weights.to(machine.device),
                picture_weights=batch.weights,
                mask=batch.mask,
                over=ranks.mean(counted_pixels(batch.mask, batch.weights)),
            )
            mean_loss = run.checked(loss, step)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            ranks.average_gradients(network)
            optimizer.step()
            run.average(ema_decay(step, config.ema_half_life * config.n_steps))

            is_last = step + 1 == config.n_steps
            evaluated = bool(len(held_out)) and (is_last or (step + 1) % config.evaluate_every == 0)
            if evaluated:
                corrected = _without_bias(average, part_weights, config, held_out)
                run.values["held_out_iou"] = agreement(corrected, held_out, config.size_px)
                if folder and ranks.is_first:
                    panel = folder / "panels" / f"step-{step + 1:06}.png"
                    write_panel(panel, corrected, held_out, network.part_set, config.size_px)
            run.tell(
                StepReport,
                loss=mean_loss.item(),
                held_out_iou=run.values["held_out_iou"],
                evaluated=evaluated,
                size_px=batch.images.shape[-1],
                learning_rate=rate,
            )
    final = _without_bias(average, part_weights, config, held_out)
    return AutoShotResult(final.cpu(), run.values["held_out_iou"], run.time_s)


def _depends_on(network: AutoShotNetwork, pictures: LabelledPictures) -> dict[str, object]:
    """What a training depends on besides its config, by the words that errors use."""
    return {
        "part set": network.part_set.to_json(),
        "start": network.digest,
        "number of pictures": len(pictures),
        "choice of pictures": _labels_digest(pictures),
    }


def _labels_digest(pictures: LabelledPictures) -> str:
    """SHA-256 of the labels of a few pictures spread over all, which move when others are left out.

    Labels and not pictures: another version of a JPEG decoder may give other pixels.
    """
    digest = hashlib.sha256()
    spread = np.linspace(0, len(pictures) - 1, min(_N_COMPARED, len(pictures))).round().astype(int)
    for index in spread.tolist():
        digest.update(pictures.read([index])[1].float().numpy().tobytes())
    return digest.hexdigest()


def _without_bias(
    average: AutoShotNetwork, part_weights: Tensor, config: AutoShotConfig, held_out: LabelledPictures
) -> AutoShotNetwork:
    fraction = _USUAL_FRACTION if config.bias_fraction is None else config.bias_fraction
    if config.bias_fraction is None and len(held_out):
        fraction = best_bias_fraction(average, held_out, config.size_px, part_weights)
    return corrected_copy(average, part_weights, fraction)


def _optimizer(network: AutoShotNetwork, config: AutoShotConfig, machine: Machine) -> Optimizer:
    """AdamW with a slower encoder, and without weight decay of norms and biases."""
    groups: dict[tuple[float, float], list[Parameter]] = {}
    for name, parameter in network.named_parameters():
        factor = config.encoder_learning_rate_factor if name.startswith("body.encoder.") else 1.0
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((factor, decay), []).append(parameter)
    return AdamW(
        [
            {"params": parameters, "weight_decay": decay, "factor": factor}
            for (factor, decay), parameters in groups.items()
        ],
        lr=config.learning_rate,
        fused=machine.has_fused_optimizers,
    )


def _set_learning_rate(optimizer: Optimizer, config: AutoShotConfig, step: int) -> float:
    rate = config.learning_rate * learning_rate_factor(step, config.n_steps, config.warm_up)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    return rate
