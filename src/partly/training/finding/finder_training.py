"""Training of the object finder on scenes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import AdamW

from partly.errors import BadOption
from partly.losses import centre_loss, placement_loss
from partly.machine import PROCESSOR, Machine
from partly.models.networks import ObjectFinder, channels_last
from partly.storage import Provenance, digest_of, tensor_seed
from partly.training.augment.segmentation import Augmentation, photographed
from partly.training.chassis import (
    OnStep,
    Plan,
    Sitting,
    StepReport,
    Trained,
    ema_decay,
    read_ahead,
    share_norms,
)
from partly.training.finding.finder_targets import FinderTargets, finder_targets
from partly.training.finding.scenes import SceneOptions, compose_scenes
from partly.training.segmentation import (
    BatchOrder,
    LabelledPictures,
    learning_rate_factor,
    resized,
    to_images,
)

_PICTURE_PX = 128  # objects of scenes are not larger than about that


@dataclass(frozen=True)
class FinderConfig:
    """How a finder is trained.

    Attributes:
        n_steps: number of steps.
        batch_size: scenes in a step.
        learning_rate: highest learning rate of AdamW.
        encoder_learning_rate_factor: what the encoder's learning rate is multiplied by.
        weight_decay: of convolutions.
        warm_up: share of the steps in which the learning rate rises.
        ema_half_life: of the averaged weights, as a share of the steps.
        placement: weight of how objects stand, beside where they are.
        hold_first_layers: hold the encoder's first layers as they are, which suits pretrained ones.
        scenes: how they are composed.
        augmentation: light, colours and faults of scenes; nothing of it moves.
        checkpoint_every_s: seconds between checkpoints.
        seed: of first weights, order and scenes.
        free: names of choices that change nothing in the result.
    """

    n_steps: int = 500
    batch_size: int = 12
    learning_rate: float = 2e-3
    encoder_learning_rate_factor: float = 0.5
    weight_decay: float = 0.02
    warm_up: float = 0.05
    ema_half_life: float = 0.03
    placement: float = 1.0
    hold_first_layers: bool = False
    scenes: SceneOptions = field(default_factory=SceneOptions)
    augmentation: Augmentation = field(default_factory=Augmentation)
    checkpoint_every_s: float = 60.0
    seed: int = 0
    free: ClassVar[frozenset[str]] = frozenset({"checkpoint_every_s"})


def train_finder(
    finder: ObjectFinder,
    data: LabelledPictures,
    config: FinderConfig | None = None,
    *,
    others: Tensor | None = None,
    folder: Path | None = None,
    on_step: OnStep | None = None,
    machine: Machine = PROCESSOR,
) -> ObjectFinder:
    """Train a finder (in place) on scenes of labelled pictures; after a stop, the same call goes on.

    Args:
        finder: a new one.
        data: labelled pictures, each of one object that fills it; part 0 is the background.
        config: how.
        others: photos without an object, uint8 ``[n, 3, t, t]``, for backgrounds; None: there are none.
        folder: where checkpoint and log are written; None writes nothing.
        on_step: called after every step.
        machine: what it runs on.

    Returns:
        A finder with averaged weights, in eval mode, on the processor.

    Raises:
        BadOption: the processes cannot share a batch evenly, there are too few pictures, or the checkpoint in
            ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        TooLittleMemory: a step is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks, config = machine.ranks, config or FinderConfig()
    ranks.check(config.batch_size)
    if len(data) < 2:
        raise BadOption(f"there are {len(data)} labelled pictures", expected="2 or more")
    depends_on = {
        "first weights": digest_of(finder.state_dict()),
        "number of pictures": len(data),
        "number of photos without an object": 0 if others is None else len(others),
    }
    channels_last(finder.train())
    if config.hold_first_layers:
        finder.hold_first_layers()
    share_norms(finder, ranks)
    machine.place(finder)
    learning = [(name, p) for name, p in finder.named_parameters() if p.requires_grad]
    slow = [p for name, p in learning if name.startswith("encoder.")]
    fast = [p for name, p in learning if not name.startswith("encoder.")]
    groups: list[dict[str, Any]] = [
        {"params": slow, "factor": config.encoder_learning_rate_factor},
        {"params": fast, "factor": 1.0},
    ]
    optimizer = AdamW(
        groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=machine.has_fused_optimizers
    )
    with Sitting(
        Trained({"finder": finder}, {"finder": optimizer}, averages={"average": "finder"}),
        Plan(config.n_steps, config.batch_size, every_s=config.checkpoint_every_s),
        [Provenance(asdict(config) | depends_on, config.free)],
        f"Train with a lower learning rate (now {config.learning_rate}); the last good checkpoint is kept",
        folder,
        machine,
        on_step,
    ) as run:
        average = run.averages["average"]
        batches = _batches(data, config, run.step, others)
        for step, (whole, all_targets) in zip(run.steps(), batches, strict=True):
            images, targets = ranks.share(whole), all_targets.share(ranks)
            rate = config.learning_rate * learning_rate_factor(step, config.n_steps, config.warm_up)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["factor"]
            with machine.precision():
                said = finder(images.to(machine.device)).float()
            loss = _loss(said, targets, config.placement, machine)
            mean_loss = run.checked(loss, step)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            ranks.average_gradients(finder)
            optimizer.step()
            run.average(ema_decay(step, config.ema_half_life * config.n_steps))
            run.tell(
                StepReport,
                loss=mean_loss.item(),
                held_out_iou=None,
                evaluated=False,
                size_px=config.scenes.size_px,
                learning_rate=rate,
            )
    assert isinstance(average, ObjectFinder)
    return average.cpu().eval().requires_grad_(False)


def _loss(said: Tensor, targets: FinderTargets, placement: float, machine: Machine) -> Tensor:
    """Of this process's scenes, so that the mean over all processes is that of the whole batch."""
    ranks = machine.ranks
    heat, counts, stands, weights, n_objects = (
        one.to(machine.device)
        for one in (targets.heat, targets.counts, targets.placement, targets.weights, targets.n_objects)
    )
    where = centre_loss(said[:, 0], heat, counts, (n_objects / ranks.n).clamp_min(1 / ranks.n))
    return where + placement * placement_loss(said[:, 1:], stands, weights, ranks.mean(weights.sum()))


def _batches(
    data: LabelledPictures, config: FinderConfig, first_step: int, others: Tensor | None
) -> Iterator[tuple[Tensor, FinderTargets]]:
    """Images ``[b, 3, s, s]`` and targets of the steps; the next is made while this one is learned from."""
    order = BatchOrder(len(data), config.batch_size, config.seed)
    behind = None if others is None else to_images(others)

    def scenes_of(step: int) -> tuple[Tensor, FinderTargets]:
        generator = torch.Generator().manual_seed(tensor_seed("augmentation", config.seed, step))
        pixels, logits, _ = data.read(order.indexes(step))
        shares = resized(logits.float(), _PICTURE_PX).softmax(1)
        background = shares[:, :1]
        images = resized(to_images(pixels), _PICTURE_PX)
        scenes = compose_scenes(
            images, torch.cat([background, 1 - background], 1), config.scenes, generator, behind
        )
        seen = photographed(torch.stack([scene.image for scene in scenes]), config.augmentation, generator)
        return seen.contiguous(memory_format=torch.channels_last), finder_targets(scenes)

    return read_ahead(scenes_of, range(first_step, config.n_steps), beside=True)
