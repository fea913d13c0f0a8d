"""Training of a variational autoencoder (Kingma and Welling, ICLR 2014, algorithm 1): all of it, in order."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from partly.errors import BadOption, TrainingDiverged
from partly.losses import EvidenceBound, drawn
from partly.models.encoders import VAEEncoder
from partly.models.generators import VAEDecoder
from partly.storage import digest_of
from partly.training.adversarial.gan_batches import PhotoBatches, random_of
from partly.training.chassis.averaged_weights import update_ema
from partly.training.chassis.clock import Clock
from partly.training.chassis.interruption import noticed_interruption
from partly.training.chassis.step_log import JsonLog
from partly.training.chassis.training_state import TrainingState
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
    objective: EvidenceBound = field(default_factory=EvidenceBound)

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

    Raises:
        BadOption: the checkpoint in ``folder`` is of another training, or photos have another size.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: the loss is no number; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    decoder, encoder = parts.decoder, parts.encoder
    identity = {
        "photos": photos.digest,
        "first weights": digest_of(decoder.state_dict()) + digest_of(encoder.state_dict()),
        "objective": repr(parts.objective),
    }
    average_decoder = copy.deepcopy(decoder).eval().requires_grad_(False)
    average_encoder = copy.deepcopy(encoder).eval().requires_grad_(False)
    decoder.train()
    encoder.train()
    optimizer = Adam([*decoder.parameters(), *encoder.parameters()], config.learning_rate, config.betas)
    state = TrainingState(
        {
            "decoder": decoder,
            "encoder": encoder,
            "average decoder": average_decoder,
            "average encoder": average_encoder,
        },
        {"both": optimizer},
        config,
        config.n_checkpoints,
        identity,
        folder,
    )
    state.resume()
    log = JsonLog(folder / "log.jsonl", state.step) if folder else None
    clock = Clock(config.n_steps, config.batch_size, lambda _step: 1, state.time_s)

    with noticed_interruption() as interruption:
        for step in range(state.step, config.n_steps):
            batch = photos.read(step)
            real = batch.photos
            mean, log_variance = encoder(real)
            z = drawn(mean, log_variance, random_of(config.seed, step, "latents"))
            pictures = decoder(decoder.map(z, batch.condition))
            evidence = parts.objective(real, pictures, mean, log_variance)
            _check_finite(evidence.loss, step, folder)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(evidence.loss)
            optimizer.step()

            state.step = step + 1
            n_seen = state.step * config.batch_size
            half_life = min(config.ema_half_life, config.ema_ramp_up * n_seen)
            decay = 0.5 ** (config.batch_size / max(half_life, 1e-8))
            update_ema(average_decoder, decoder, decay)
            update_ema(average_encoder, encoder, decay)
            pictures_per_s, time_left_s = clock.tick(state.step)
            report = VAEReport(
                step=state.step,
                n_steps=config.n_steps,
                n_seen=n_seen,
                loss=evidence.loss.item(),
                log_likelihood=evidence.log_likelihood.item(),
                divergence=evidence.divergence.item(),
                difference=(pictures - real).abs().mean().item(),
                pictures_per_s=pictures_per_s,
                time_left_s=time_left_s,
            )
            if log:
                log.write(report)
            if on_step:
                on_step(report)
            state.time_s = clock.time_s
            if (
                interruption.asked
                or state.step % config.checkpoint_every == 0
                or state.step == config.n_steps
            ):
                state.save()
                if on_checkpoint:
                    on_checkpoint(average_decoder, state.step)
            if interruption.asked:
                raise KeyboardInterrupt
    return VAEResult(average_decoder, average_encoder, state.time_s)


def _check_finite(loss: Tensor, step: int, folder: Path | None) -> None:
    if not torch.isfinite(loss):
        raise TrainingDiverged(
            f"the loss is {loss.item()} at step {step}",
            expected="a finite number",
            remedy="Train in another folder with a lower learning rate, or a wider likelihood; the last "
            "checkpoint is kept",
            path=folder,
        )
