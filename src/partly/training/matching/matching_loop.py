"""Generative moment matching (Li et al., ICML 2015, algorithm 1; section 4 for codes): all of it, in order.

First an autoencoder learns codes of photos; then a generator learns to make codes with the moments of theirs,
which the decoder makes pictures of. With "pixels" there is no autoencoder. The paper's optimiser is gradient
descent with momentum; Adam needs no rate of its own for each data set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam

from partly.losses import RELATIVE_BANDWIDTHS, matching_loss, usual_distance
from partly.machine import PROCESSOR, Machine
from partly.models.generators import MLPGenerator
from partly.storage import Provenance, digest_of
from partly.training.adversarial.gan_batches import PhotoBatches, random_of
from partly.training.chassis.averaged_weights import ramped_decay
from partly.training.chassis.reading_ahead import read_ahead
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.matching.matching_config import MatchingConfig, MatchingReport, OnMatchingStep
from partly.training.matching.matching_parts import MatchingParts

OnCheckpoint = Callable[[MLPGenerator, int], None]


@dataclass(frozen=True)
class MatchingResult:
    """A trained generator.

    Attributes:
        generator: with averaged weights, in eval mode, on the processor.
        time_s: what the training took, all sittings together.
    """

    generator: MLPGenerator
    time_s: float


def train_by_matching(
    parts: MatchingParts,
    photos: PhotoBatches,
    config: MatchingConfig,
    *,
    folder: Path | None = None,
    on_step: OnMatchingStep | None = None,
    on_checkpoint: OnCheckpoint | None = None,
    machine: Machine = PROCESSOR,
) -> MatchingResult:
    """Train the parts (in place) on ``photos``; a training that was stopped goes on where it was.

    Args:
        parts: generator and encoder as they are at first, also when going on.
        photos: batches of ``config.batch_size``; see :class:`partly.training.adversarial.SquareBatches`.
        config: how to train.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        on_step: called after every step.
        on_checkpoint: given the generator with averaged weights, which it must not change, and the number of
            steps done, after every checkpoint.
        machine: what it runs on. Moments are those of the whole batch: each of several processes sees all of
            it, and takes the slopes of its share of the pictures.

    Raises:
        BadOption: the processes cannot share a batch evenly.
        BadOption: the checkpoint in ``folder`` is of another training, or photos have another size.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        TooLittleMemory: a step is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks = machine.ranks
    ranks.check(config.batch_size)
    generator, encoder = parts.generator, parts.encoder
    depends_on = {
        "photos": photos.digest,
        "first weights": digest_of(generator.state_dict()) + digest_of(encoder.state_dict()),
    }
    machine.place(generator, encoder)
    matched = generator.parameters() if config.matched == "pixels" else parts.code_parameters()
    generator_optimizer = Adam(matched, config.learning_rate, (0.5, 0.999))
    autoencoder_optimizer = Adam(
        [*encoder.parameters(), *parts.decoder_parameters()], config.autoencoder_rate
    )

    def autoencoder_loss(real: Tensor, step: int) -> Tensor:
        """Mean squared difference of this process's share of the batch, made from what is not dropped."""
        draws = torch.rand(real.shape, generator=random_of(config.seed, step, "dropped values"))
        kept = ranks.share(draws).to(real.device) >= config.dropped
        mine = ranks.share(real)
        with machine.precision():
            made = parts.decoded(encoder(mine * kept / (1 - config.dropped)))
        return (made.float() - mine).square().mean()

    def made(z: Tensor) -> Tensor:
        with machine.precision():
            if config.matched == "codes":
                return parts.codes_of_latents(z).float()
            return parts.decoded(parts.codes_of_latents(z)).float()

    def discrepancy(real: Tensor, step: int) -> Tensor:
        """Of the whole batch; its slopes, summed over the processes, are those of one process."""
        z = torch.randn(
            config.batch_size, generator.z_dim, generator=random_of(config.seed, step, "latents")
        ).to(machine.device)
        with torch.no_grad(), machine.precision():
            targets = encoder(real).float() if config.matched == "codes" else real
        own = made(ranks.share(z))
        if ranks.n > 1:
            with torch.no_grad():
                shares = list(made(z).chunk(ranks.n))
            shares[ranks.index] = own
            own = torch.cat(shares)
        distance = usual_distance(targets)
        return matching_loss(targets, own, [factor * distance for factor in RELATIVE_BANDWIDTHS])

    with Sitting(
        Trained(
            {"generator": generator, "encoder": encoder},
            {"generator": generator_optimizer, "autoencoder": autoencoder_optimizer},
            averages={"average": "generator"},
        ),
        Plan(config.n_steps, config.batch_size, every=config.checkpoint_every, n_kept=config.n_checkpoints),
        [Provenance(asdict(config) | depends_on, config.free)],
        "Train in another folder with a lower learning rate, or larger batches; the last checkpoint is kept",
        folder,
        machine,
        on_step,
        on_checkpoint and (lambda averages, n_done: on_checkpoint(_average(averages), n_done)),
    ) as run:
        generator.train()
        ahead = range(run.step, config.n_steps)
        batches = read_ahead(photos.read, ahead, beside=machine.device.type != "cpu")
        for step, batch in zip(run.steps(), batches, strict=True):
            real = parts.values(batch.photos.to(machine.device))
            is_first_stage = config.is_autoencoder_step(step)
            optimizer = autoencoder_optimizer if is_first_stage else generator_optimizer
            loss = autoencoder_loss(real, step) if is_first_stage else discrepancy(real, step)
            mean = run.checked(loss, step)
            for module in (generator, encoder):
                module.zero_grad(set_to_none=True)
            torch.autograd.backward(loss if is_first_stage else loss * ranks.n)
            for module in (generator, encoder):
                if any(p.grad is not None for p in module.parameters()):
                    ranks.average_gradients(module)
            optimizer.step()

            n_seen = (step + 1) * config.batch_size
            run.average(ramped_decay(config.batch_size, n_seen, config.ema_half_life, config.ema_ramp_up))
            value = mean.item()
            run.tell(
                MatchingReport,
                n_seen=n_seen,
                stage="autoencoder" if is_first_stage else "matching",
                loss=value,
                difference=value if is_first_stage else None,
                discrepancy=None if is_first_stage else value,
            )
    return MatchingResult(_average(run.averages).cpu(), run.time_s)


def _average(averages: Mapping[str, nn.Module]) -> MLPGenerator:
    average = averages["average"]
    assert isinstance(average, MLPGenerator)
    return average
