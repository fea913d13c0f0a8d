"""Adversarial training (Goodfellow et al., NIPS 2014, algorithm 1): the whole of it, in order."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam

from partly.artefacts import digest_of
from partly.errors import TrainingDiverged
from partly.objectives.adversarial import AdversarialObjective
from partly.objectives.penalties import DiscriminatorPenalty, PathLength
from partly.training.clock import Clock
from partly.training.ema import update_ema
from partly.training.gan.config import GanConfig
from partly.training.gan.draws import PhotoBatches, mixed_latents, random_of
from partly.training.gan.report import GanReport, OnGanStep
from partly.training.gan.state import GanState
from partly.training.interruption import noticed_interruption
from partly.training.progress import JsonLog

_W_MEAN_SHARE = 0.002
Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class GanPlayers:
    """Who plays, and for what.

    Attributes:
        generator: a :class:`partly.generators.protocol.Generator` whose call ``(w [b, l, v], random)`` gives
            pictures ``[b, 3, s, s]`` with gradients, and fresh noise where the family has any.
        discriminator: pictures ``[b, 3, s, s]`` to scores ``[b]``.
        objective: losses of both.
        penalty: of the discriminator; None: none.
        path_length: penalty of the generator; None: none.
        augment: changes all that the discriminator sees, such as
            :class:`partly.training.gan.diff_augment.DiffAugment`; None: nothing.
    """

    generator: nn.Module
    discriminator: nn.Module
    objective: AdversarialObjective
    penalty: DiscriminatorPenalty | None = None
    path_length: PathLength | None = None
    augment: Augment | None = None


@dataclass(frozen=True)
class GanResult:
    """A trained generator.

    Attributes:
        generator: with averaged weights, in eval mode.
        time_s: what the training took, all sittings together.
    """

    generator: nn.Module
    time_s: float


def train_gan(
    players: GanPlayers,
    photos: PhotoBatches,
    config: GanConfig,
    *,
    folder: Path | None = None,
    on_step: OnGanStep | None = None,
) -> GanResult:
    """Train the players (in place) on ``photos``; a training that was stopped goes on where it was.

    Args:
        players: generator and discriminator as they are at first, also when going on.
        photos: batches of ``config.batch_size``; see :class:`partly.training.gan.draws.SquareBatches`.
        config: how to train.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        on_step: called after every step.

    Raises:
        BadOption: the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: a loss is no number; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    generator, discriminator, objective = players.generator, players.discriminator, players.objective
    identity = {
        "photos": photos.digest,
        "first weights": digest_of(generator.state_dict()) + digest_of(discriminator.state_dict()),
        "objective": repr((objective, players.penalty, players.augment, players.path_length)),
    }
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    generator.train()
    discriminator.train()
    every = config.penalty_every if players.penalty else None
    discriminator_optimizer = _adam(discriminator, config.discriminator_rate, config.betas, every)
    every = config.path_length_every if players.path_length else None
    generator_optimizer = _adam(generator, config.generator_rate, config.betas, every)
    state = GanState(
        {"generator": generator, "discriminator": discriminator, "average": average},
        {"generator": generator_optimizer, "discriminator": discriminator_optimizer},
        config,
        identity,
        folder,
    )
    state.resume()
    log = JsonLog(folder / "log.jsonl", state.step) if folder else None
    clock = Clock(config.n_steps, config.batch_size, lambda _step: 1, state.time_s)

    with noticed_interruption() as interruption:
        for step in range(state.step, config.n_steps):
            discriminator.requires_grad_(True)
            for i in range(config.n_discriminator_steps):
                number = step * config.n_discriminator_steps + i
                real = photos.read(number)
                with torch.no_grad():
                    w = _latents(generator, config, step, 1 + i)
                    fake = generator(w, random_of(config.seed, step, "noise", 1 + i))
                real_scores = _seen(players, config, step, 1 + 2 * i)(real)
                fake_scores = _seen(players, config, step, 2 + 2 * i)(fake)
                discriminator_loss = objective.discriminator_loss(real_scores, fake_scores)
                _check_finite(discriminator_loss, "discriminator", step, folder)
                discriminator_optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(discriminator_loss)
                if players.penalty and number % config.penalty_every == 0:
                    random = random_of(config.seed, step, "penalty", i)
                    seen = _seen(players, config, step, 1 + 2 * i)
                    penalty = players.penalty(seen, real, fake, random)
                    _check_finite(penalty, "penalty", step, folder)
                    state.penalty = penalty.item()
                    torch.autograd.backward(penalty * config.penalty_every)
                discriminator_optimizer.step()

            discriminator.requires_grad_(False)
            w = _latents(generator, config, step, 0)
            pictures = generator(w, random_of(config.seed, step, "noise"))
            generator_loss = objective.generator_loss(_seen(players, config, step, 0)(pictures))
            _check_finite(generator_loss, "generator", step, folder)
            generator_optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(generator_loss)
            if players.path_length and step % config.path_length_every == 0:
                w = _latents(generator, config, step, 1 + config.n_discriminator_steps)
                # Half of the pictures: second derivatives take much memory.
                w = w[: max(1, len(w) // 2)]
                pictures = generator(
                    w, random_of(config.seed, step, "noise", 1 + config.n_discriminator_steps)
                )
                random = random_of(config.seed, step, "path length")
                length_loss, state.mean_path_length = players.path_length(
                    pictures, w, state.mean_path_length, random
                )
                _check_finite(length_loss, "path length", step, folder)
                torch.autograd.backward(length_loss * config.path_length_every)
            generator_optimizer.step()

            generator.get_buffer("w_mean").lerp_(w.detach().mean((0, 1)), _W_MEAN_SHARE)
            state.step = step + 1
            n_seen = state.step * config.n_discriminator_steps * config.batch_size
            half_life = min(config.ema_half_life, config.ema_ramp_up * n_seen)
            update_ema(average, generator, 0.5 ** (config.batch_size / max(half_life, 1e-8)))
            pictures_per_s, time_left_s = clock.tick(state.step)
            report = GanReport(
                step=state.step,
                n_steps=config.n_steps,
                n_seen=n_seen,
                generator_loss=generator_loss.item(),
                discriminator_loss=discriminator_loss.item(),
                penalty=state.penalty,
                real_score=real_scores.mean().item(),
                fake_score=fake_scores.mean().item(),
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
            if interruption.asked:
                raise KeyboardInterrupt
    discriminator.requires_grad_(True)
    return GanResult(average, state.time_s)


def _seen(players: GanPlayers, config: GanConfig, step: int, part: int) -> Callable[[Tensor], Tensor]:
    """The discriminator behind the augmentation, which does the same whenever this is called."""

    def scores(images: Tensor) -> Tensor:
        if players.augment is not None:
            images = players.augment(images, random_of(config.seed, step, "augmentation", part))
        result: Tensor = players.discriminator(images)
        return result

    return scores


def _latents(generator: nn.Module, config: GanConfig, step: int, part: int) -> Tensor:
    random = random_of(config.seed, step, "latents", part)
    return mixed_latents(generator, config.batch_size, config.style_mixing, random)  # type: ignore[arg-type]


def _adam(module: nn.Module, rate: float, betas: tuple[float, float], every: int | None) -> Adam:
    """Adam that makes up for the steps that a lazy penalty adds (Karras et al., CVPR 2020, appendix B)."""
    share = 1.0 if every is None else every / (every + 1)
    return Adam(module.parameters(), rate * share, (betas[0] ** share, betas[1] ** share), eps=1e-8)


def _check_finite(loss: Tensor, what: str, step: int, folder: Path | None) -> None:
    if not torch.isfinite(loss):
        raise TrainingDiverged(
            f"the loss of the {what} is {loss.item()} at step {step}",
            expected="a finite number",
            remedy="Train in another folder with lower learning rates, or a larger penalty; the last "
            "checkpoint is kept",
            path=folder,
        )
