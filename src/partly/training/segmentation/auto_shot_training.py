"""Training of the auto-shot network on labelled pictures (Tritrong et al., CVPR 2021, section 3.3)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import AdamW, Optimizer

from partly.errors import BadOption, TrainingDiverged
from partly.losses import part_weights_from_frequencies, soft_cross_entropy
from partly.models.networks import AutoShotNetwork, channels_last
from partly.training.chassis.averaged_weights import ema_decay, update_ema
from partly.training.chassis.clock import Clock
from partly.training.chassis.interruption import noticed_interruption
from partly.training.chassis.step_log import JsonLog, OnStep, StepReport
from partly.training.segmentation.augmented_batches import augmented_batches
from partly.training.segmentation.auto_shot_config import AutoShotConfig, Stage, learning_rate_factor, size_at
from partly.training.segmentation.auto_shot_state import TrainingState
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


@dataclass(frozen=True)
class AutoShotResult:
    """A trained network.

    Attributes:
        network: with averaged weights and the bias correction in them, in eval mode.
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

    Raises:
        BadOption: too few pictures, or the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of another network.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    config = config or AutoShotConfig()
    if len(data) < 2:
        raise BadOption(f"there are {len(data)} labelled pictures", expected="2 or more")
    if held_out is None:
        data, held_out = hold_out(data, config.n_held_out_of(len(data)), config.seed)
    network.size_px = config.size_px
    channels_last(network.train())
    average = copy.deepcopy(network).eval().requires_grad_(False)
    part_weights = part_weights_from_frequencies(part_frequencies(data), config.part_weight_power)
    optimizer = _optimizer(network, config)
    state = TrainingState(
        network, average, optimizer, config, data, folder / "checkpoint.safetensors" if folder else None
    )
    state.resume()
    log = JsonLog(folder / "log.jsonl", state.step) if folder else None
    clock = Clock(
        config.n_steps, config.batch_size, lambda s: size_at(s, config.n_steps, config.stages), state.time_s
    )
    mirror_permutation = network.part_set.mirror_permutation()

    with noticed_interruption() as interruption:
        for batch in augmented_batches(data, config, mirror_permutation, state.step):
            rate = _set_learning_rate(optimizer, config, batch.step)
            loss = soft_cross_entropy(
                network(batch.images),
                batch.labels,
                part_weights=part_weights,
                picture_weights=batch.weights,
                mask=batch.mask,
            )
            _check_finite(loss, batch.step, config, folder)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            update_ema(average, network, ema_decay(batch.step, config.ema_half_life * config.n_steps))
            state.step = batch.step + 1

            is_last = state.step == config.n_steps
            evaluated = bool(len(held_out)) and (is_last or state.step % config.evaluate_every == 0)
            if evaluated:
                corrected = _without_bias(average, part_weights, config, held_out)
                state.held_out_iou = agreement(corrected, held_out, config.size_px)
                if folder:
                    panel = folder / "panels" / f"step-{state.step:06}.png"
                    write_panel(panel, corrected, held_out, network.part_set, config.size_px)
            pictures_per_s, time_left_s = clock.tick(state.step)
            report = StepReport(
                step=state.step,
                n_steps=config.n_steps,
                loss=loss.item(),
                held_out_iou=state.held_out_iou,
                evaluated=evaluated,
                pictures_per_s=pictures_per_s,
                time_left_s=time_left_s,
                size_px=batch.images.shape[-1],
                learning_rate=rate,
            )
            if log:
                log.write(report)
            if on_step:
                on_step(report)
            state.time_s = clock.time_s
            if is_last or interruption.asked or state.is_due():
                state.save()
            if interruption.asked:
                raise KeyboardInterrupt
    final = _without_bias(average, part_weights, config, held_out)
    return AutoShotResult(final, state.held_out_iou, state.time_s)


def _without_bias(
    average: AutoShotNetwork, part_weights: Tensor, config: AutoShotConfig, held_out: LabelledPictures
) -> AutoShotNetwork:
    fraction = _USUAL_FRACTION if config.bias_fraction is None else config.bias_fraction
    if config.bias_fraction is None and len(held_out):
        fraction = best_bias_fraction(average, held_out, config.size_px, part_weights)
    return corrected_copy(average, part_weights, fraction)


def _optimizer(network: AutoShotNetwork, config: AutoShotConfig) -> Optimizer:
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
        fused=True,
    )


def _set_learning_rate(optimizer: Optimizer, config: AutoShotConfig, step: int) -> float:
    rate = config.learning_rate * learning_rate_factor(step, config.n_steps, config.warm_up)
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
    return rate


def _check_finite(loss: Tensor, step: int, config: AutoShotConfig, folder: Path | None) -> None:
    if not torch.isfinite(loss):
        raise TrainingDiverged(
            f"the loss is {loss.item()} at step {step}",
            expected="a finite number",
            remedy=f"Train in another folder with a lower learning_rate (now {config.learning_rate}); "
            "the last good checkpoint is kept",
            path=folder,
        )
