"""Training of a variational autoencoder (Kingma and Welling, ICLR 2014, algorithm 1): all of it, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam

from partly.errors import BadOption
from partly.losses import ELBO, drawn
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import VAEEncoder
from partly.models.generators import VAEDecoder
from partly.storage import Provenance, digest_of
from partly.training.adversarial.gan_batches import PhotoBatches, random_of
from partly.training.chassis.averaged_weights import ramped_decay
from partly.training.chassis.gradients_in_portions import GradientsInPortions
from partly.training.chassis.reading_ahead import read_ahead
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.variational.vae_config import OnVAEStep, VAEConfig, VAEReport

OnCheckpoint = Callable[[VAEDecoder, int], None]


@dataclass(frozen=True)
class VAEParts:
    """What is trained, and for what.

    Attributes:
        decoder: latents ``[b, 1, z]`` to pictures ``[b, 3, s, s]``.
        encoder: photos ``[b, 3, s, s]`` to mean and log-variance ``[b, z]`` of their latents.
        objective: what is maximised.

    Raises:
        BadOption: decoder and encoder have latents or pictures of different sizes.
    """

    decoder: VAEDecoder
    encoder: VAEEncoder
    objective: ELBO = field(default_factory=ELBO)

    def __post_init__(self) -> None:
        decoder, encoder = self.decoder, self.encoder
        made, read = (decoder.z_dim, decoder.image_size_px), (encoder.z_dim, encoder.image_size_px)
        if made != read:
            raise BadOption(
                f"an encoder of {read[1]} px with latents of {read[0]}",
                expected=f"{made[1]} px and latents of {made[0]}, as the decoder has",
            )


@dataclass(frozen=True)
class VAEResult:
    """A trained variational autoencoder, with averaged weights, in eval mode.

    Attributes:
        decoder: a generator.
        encoder: a representation.
        time_s: what the training took, all sittings together.
    """

    decoder: VAEDecoder
    encoder: VAEEncoder
    time_s: float

    def save(self, generator: Path, representation: Path, extra: Mapping[str, Any]) -> None:
        """Write both model folders; the encoder's card names the decoder that its latents are for.

        Args:
            generator: folder of the decoder.
            representation: folder of the encoder.
            extra: what else both cards say, plain JSON values.
        """
        self.decoder.save(generator, extra)
        parents = {**extra.get("parents", {}), "generator_sha256": self.decoder.digest}
        self.encoder.save(representation, {**extra, "parents": parents})


def train_vae(
    parts: VAEParts,
    photos: PhotoBatches,
    config: VAEConfig,
    *,
    folder: Path | None = None,
    on_step: OnVAEStep | None = None,
    on_checkpoint: OnCheckpoint | None = None,
    machine: Machine = PROCESSOR,
) -> VAEResult:
    """Train the parts (in place) on ``photos``; a training that was stopped goes on where it was.

    Args:
        parts: decoder and encoder as they are at first, also when going on.
        photos: batches of ``config.batch_size``; see :class:`partly.training.adversarial.SquareBatches`.
        config: how to train.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        on_step: called after every step.
        on_checkpoint: given the decoder with averaged weights, which it must not change, and the number of
            steps done, after every checkpoint.
        machine: what it runs on; several processes train together, each on a share of the batch, and only
            the first of them writes files and calls ``on_step`` and ``on_checkpoint``.

    Raises:
        BadOption: the processes cannot share a batch evenly.
        BadOption: the checkpoint in ``folder`` is of another training, or photos have another size.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        TooLittleMemory: a single photo is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks = machine.ranks
    ranks.check(config.batch_size)
    decoder, encoder = parts.decoder, parts.encoder
    depends_on = {
        "photos": photos.digest,
        "first weights": digest_of(decoder.state_dict()) + digest_of(encoder.state_dict()),
        "objective": repr(parts.objective),
    }
    machine.place(decoder, encoder)
    optimizer = Adam([*decoder.parameters(), *encoder.parameters()], config.learning_rate, config.betas)
    with Sitting(
        Trained(
            {"decoder": decoder, "encoder": encoder},
            {"both": optimizer},
            averages={"average decoder": "decoder", "average encoder": "encoder"},
        ),
        Plan(config.n_steps, config.batch_size, every=config.checkpoint_every, n_kept=config.n_checkpoints),
        [Provenance(asdict(config) | depends_on, config.free)],
        "Train in another folder with a lower learning rate, or a wider likelihood; "
        "the last checkpoint is kept",
        folder,
        machine,
        on_step,
        on_checkpoint and (lambda averages, n_done: on_checkpoint(_decoder(averages), n_done)),
    ) as run:
        decoder.train()
        encoder.train()
        gradients = GradientsInPortions()

        def learn(real: Tensor, condition: Tensor, noise: Tensor) -> Tensor:
            """Gradients of some photos' part in the loss; their part in the figures of the batch."""
            with machine.precision():
                mean, log_variance = (t.float() for t in encoder(real))
                z = drawn(mean, log_variance, noise)
                pictures = decoder(decoder.map(z, condition)).float()
            terms = parts.objective(real, pictures, mean, log_variance)
            share = len(real) * ranks.n / config.batch_size
            torch.autograd.backward(terms.loss * share)
            difference = (pictures - real).abs().mean()
            figures = (terms.loss, terms.log_likelihood, terms.kl, difference)
            return torch.stack([figure.detach() * share for figure in figures])

        ahead = range(run.step, config.n_steps)
        batches = read_ahead(photos.read, ahead, beside=machine.device.type != "cpu")
        for step, batch in zip(run.steps(), batches, strict=True):
            # Of the whole batch, so that draws depend neither on devices nor on how many share it.
            noise = torch.randn(
                config.batch_size, decoder.z_dim, generator=random_of(config.seed, step, "latents")
            )
            shares = [ranks.share(t).to(machine.device) for t in (batch.photos, batch.condition, noise)]
            figures = ranks.mean(gradients.take(optimizer, shares, learn))
            run.checked(figures[0], step)
            for module in (encoder, decoder):
                ranks.average_gradients(module)
            optimizer.step()

            n_seen = (step + 1) * config.batch_size
            run.average(ramped_decay(config.batch_size, n_seen, config.ema_half_life, config.ema_ramp_up))
            loss, log_likelihood, divergence, difference = figures.tolist()
            run.tell(
                VAEReport,
                n_seen=n_seen,
                loss=loss,
                log_likelihood=log_likelihood,
                divergence=divergence,
                difference=difference,
                n_portions=gradients.n_portions,
            )
    average_encoder = run.averages["average encoder"]
    assert isinstance(average_encoder, VAEEncoder)
    return VAEResult(_decoder(run.averages).cpu(), average_encoder.cpu(), run.time_s)


def _decoder(averages: Mapping[str, nn.Module]) -> VAEDecoder:
    average = averages["average decoder"]
    assert isinstance(average, VAEDecoder)
    return average
