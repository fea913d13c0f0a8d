"""Training of an encoder on a generator's own pictures, whose latents are known exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.optim import AdamW

from partly.errors import BadOption
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import LatentEncoder, LatentEncoderShape, at_size
from partly.models.generators import Generator
from partly.models.zoo import ENCODER, encoder_weights, model_folder
from partly.storage import Provenance, digest_of, fill, step_seed, tensor_seed
from partly.training.chassis.averaged_weights import ema_decay
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.inversion.encoder_options import EncoderOptions, EncoderReport, OnEncoderStep
from partly.training.inversion.generated_pictures import GeneratedPictures, drawn_latent, small_pictures
from partly.training.inversion.photo_changes import photo_like

Compare = Callable[[Tensor, Tensor], Tensor]
_CHECKPOINT_EVERY_S = 60.0
_WARM_UP, _AVERAGED = 0.05, 0.02
_N_PICTURES_COMPARED = 4
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class LearnedEncoder:
    """A trained encoder.

    Attributes:
        encoder: with averaged weights, in eval mode, on the processor.
        known: share of the variance of latents of held-out pictures that it knows; 1 is all, below 0 is less
            than nothing.
        time_s: what the training took, all sittings together.
    """

    encoder: LatentEncoder
    known: float
    time_s: float


def is_pretrained_there() -> bool:
    """Whether the backbone that ImageNet taught is on this machine."""
    return (model_folder(ENCODER) / "model.json").is_file()


def new_encoder(generator: Generator, options: EncoderOptions) -> LatentEncoder:
    """An encoder that has learned nothing yet, but what ImageNet taught its backbone where that is here."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tensor_seed("first weights", options.learn_seed))
        encoder = LatentEncoder(LatentEncoderShape(generator.w_dim, options.size_px))
    if options.pretrained and is_pretrained_there():
        path = encoder_weights()
        fill(encoder.backbone, load_file(path), path)
    encoder.generator_digest = generator.digest
    return encoder


def train_latent_encoder(
    encoder: LatentEncoder,
    generator: Generator,
    pictures: GeneratedPictures,
    options: EncoderOptions,
    *,
    compare: Compare | None = None,
    folder: Path | None = None,
    machine: Machine = PROCESSOR,
    on_step: OnEncoderStep | None = None,
) -> LearnedEncoder:
    """Train ``encoder`` (in place); a training that was stopped goes on where it was.

    What is made small is the mean square of a latent's numbers in their variances, and where
    ``options.picture_weight`` says so, the distance of a few pictures from those of the encoder's latents.

    Args:
        encoder: as :func:`new_encoder` gives it, also when going on.
        generator: whose pictures; on the machine.
        pictures: what it learns from; a tenth, 256 at most, is held out.
        options: how to train.
        compare: distances ``[b]`` of pictures ``[b, 3, s, s]`` from others, where pictures are to count.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        machine: what computes.
        on_step: called after every step.

    Raises:
        BadOption: too few pictures, or the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    n_held_out = min(256, max(1, len(pictures) // 10))
    n = len(pictures) - n_held_out
    if n < options.batch_size:
        raise BadOption(
            f"there are {len(pictures)} pictures", expected=f"{options.batch_size + n_held_out} or more"
        )
    first_digest = digest_of(encoder.state_dict())
    _note_units(encoder, pictures.latents[:n])
    machine.place(encoder)
    optimizer = AdamW(encoder.parameters(), options.rate, weight_decay=1e-4)
    claim = Provenance(
        asdict(options) | {"pictures": pictures.digest, "first weights": first_digest}, options.free
    )
    with Sitting(
        Trained({"encoder": encoder}, {"encoder": optimizer}, averages={"average": "encoder"}),
        Plan(options.n_learning_steps, options.batch_size, every_s=_CHECKPOINT_EVERY_S),
        [claim],
        "Learn in another folder with a lower --learn-rate; the last checkpoint is kept",
        folder,
        machine,
        on_step,
    ) as run:
        encoder.train()
        for step in run.steps():
            for group in optimizer.param_groups:
                group["lr"] = options.rate * _rate(step, options.n_learning_steps)
            images, latents = pictures.read(_chosen(n, options, step))
            shown = (
                photo_like(images, step_seed("augmentation", options.learn_seed, step))
                if options.photo_changes
                else images
            )
            with machine.precision():
                found = encoder(shown.to(machine.device)).float()
            wanted = (latents.to(machine.device) - encoder.mean) / encoder.deviation
            loss = (found - wanted).square().mean()
            if options.picture_weight and compare is not None:
                far = _far(encoder, generator, found, images.to(machine.device), compare)
                loss = loss + options.picture_weight * far
            told = run.checked(loss, step)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            run.average(ema_decay(step, _AVERAGED * options.n_learning_steps))
            run.tell(EncoderReport, loss=told.item())
    average = run.averages["average"]
    assert isinstance(average, LatentEncoder)
    average.generator_digest = generator.digest
    held_out = np.arange(n, len(pictures))
    known = 1 - _unknown(average, pictures, held_out, machine)
    return LearnedEncoder(average.cpu(), known, run.time_s)


def learning_time_s(
    encoder: LatentEncoder, generator: Generator, options: EncoderOptions, n_missing: int, machine: Machine
) -> float:
    """About how long it takes to make pictures and to train, by one batch of each; nothing is changed."""
    w = torch.cat([drawn_latent(generator, options.learn_seed, i) for i in range(2)])
    picture_s = _second_time_s(lambda: small_pictures(generator, w, options.size_px, machine)) / 2
    images = torch.zeros(options.batch_size, 3, options.size_px, options.size_px, device=machine.device)
    # In eval mode its batch norms note nothing.
    encoder.eval()

    def learn() -> None:
        with machine.precision():
            loss = encoder(images).float().square().mean()
        torch.autograd.grad(loss, list(encoder.parameters()))

    return picture_s * n_missing + _second_time_s(learn) * options.n_learning_steps


def _second_time_s(work: Callable[[], object]) -> float:
    work()
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _note_units(encoder: LatentEncoder, latents: NDArray[np.float32]) -> None:
    """Mean and deviation of each number of the latents, in which the encoder counts."""
    known = torch.from_numpy(latents).double()
    encoder.mean.copy_(known.mean(dim=0))
    deviation = known.std(dim=0)
    encoder.deviation.copy_(deviation.clamp(min=_LEAST_DEVIATION * float(deviation.max().clamp(min=1e-8))))


def _chosen(n: int, options: EncoderOptions, step: int) -> NDArray[np.int64]:
    """Indexes ``[b]`` of the pictures of a step."""
    random = np.random.default_rng(step_seed("photos", options.learn_seed, step))
    return random.integers(0, n, options.batch_size)


def _rate(step: int, n_steps: int) -> float:
    """Share of the learning rate: up over the first 5 %, then half a cosine down."""
    return min(1.0, (step + 1) / (n_steps * _WARM_UP)) * 0.5 * (1 + math.cos(math.pi * step / n_steps))


def _far(
    encoder: LatentEncoder, generator: Generator, found: Tensor, images: Tensor, compare: Compare
) -> Tensor:
    """Mean distance of a few pictures from those of the latents that were found."""
    w = (encoder.mean + encoder.deviation * found[:_N_PICTURES_COMPARED])[:, None]
    made = generator.synthesise(w.expand(-1, generator.n_layers, -1)).images
    assert made is not None
    return compare(at_size(made, images.shape[-1]), images[:_N_PICTURES_COMPARED]).mean()


@torch.no_grad()
def _unknown(
    encoder: LatentEncoder, pictures: GeneratedPictures, indexes: NDArray[np.int64], machine: Machine
) -> float:
    """Share of the variance of latents that an encoder does not know."""
    images, latents = pictures.read(indexes)
    wanted = (latents.to(machine.device) - encoder.mean) / encoder.deviation
    found = torch.cat([encoder(some.to(machine.device)) for some in images.split(64)])
    # Numbers that never change, such as those of classes left out, are known.
    varies = latents.std(dim=0).to(machine.device) > 1e-6 if len(indexes) > 1 else slice(None)
    return float((found - wanted).square()[:, varies].mean())
