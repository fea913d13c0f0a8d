"""Adversarial training (Goodfellow et al., NIPS 2014, algorithm 1): the whole of it, in order."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Adam

from partly.augment.adversarial import AdaptiveAugmentation, AdaptiveStrength
from partly.errors import TrainingDiverged
from partly.losses import AdversarialObjective, DiscriminatorPenalty, PathLength
from partly.storage import digest_of
from partly.training.adversarial.batch_norms import with_counted_norms
from partly.training.adversarial.gan_batches import PhotoBatches, Purpose, mixed_latents, random_of
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_report import GanReport, OnGanStep
from partly.training.adversarial.gan_state import GanState
from partly.training.chassis.averaged_weights import update_ema
from partly.training.chassis.clock import Clock
from partly.training.chassis.interruption import noticed_interruption
from partly.training.chassis.ranks import ALONE, Ranks
from partly.training.chassis.step_log import JsonLog

_W_MEAN_SHARE = 0.002
_CPU = torch.device("cpu")
Augment = Callable[[Tensor, torch.Generator], Tensor]
OnCheckpoint = Callable[[nn.Module, int], None]


@dataclass(frozen=True)
class GanPlayers:
    """Who plays, and for what.

    Attributes:
        generator: a :class:`partly.models.generators.Generator` whose call ``(w [b, l, v], random)`` gives
            pictures ``[b, 3, s, s]`` with gradients, and fresh noise where the family has any.
        discriminator: pictures ``[b, 3, s, s]`` and their condition ``[b, c]`` to scores ``[b]``.
        objective: losses of both.
        penalty: of the discriminator; None: none.
        path_length: penalty of the generator; None: none.
        augment: changes all that the discriminator sees, such as
            :class:`partly.augment.adversarial.DiffAugment`, or adapts how much it changes,
            :class:`partly.augment.adversarial.AdaptiveAugmentation`; None: nothing.
    """

    generator: nn.Module
    discriminator: nn.Module
    objective: AdversarialObjective
    penalty: DiscriminatorPenalty | None = None
    path_length: PathLength | None = None
    augment: Augment | AdaptiveAugmentation | None = None


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
    on_checkpoint: OnCheckpoint | None = None,
    ranks: Ranks = ALONE,
    device: torch.device = _CPU,
) -> GanResult:
    """Train the players (in place) on ``photos``; a training that was stopped goes on where it was.

    Args:
        players: generator and discriminator as they are at first, also when going on.
        photos: batches of ``config.batch_size``; see :class:`partly.training.adversarial.SquareBatches`.
        config: how to train.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        on_step: called after every step.
        on_checkpoint: given the generator with averaged weights, which it must not change, and the number
            of steps done, after every checkpoint.
        ranks: the processes that train together, each on a share of the batch; only the first of them writes
            files and calls ``on_step`` and ``on_checkpoint``.
        device: where it is computed.

    Raises:
        BadOption: the processes cannot share a batch evenly.
        BadOption: the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: a loss is no number; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks.check(config.batch_size)
    generator, discriminator, objective = players.generator, players.discriminator, players.objective
    identity = {
        "photos": photos.digest,
        "first weights": digest_of(generator.state_dict()) + digest_of(discriminator.state_dict()),
        "objective": repr((objective, players.penalty, players.augment, players.path_length)),
    }
    for module in (generator, discriminator):
        module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    generator.train()
    discriminator.train()
    every = config.penalty_every if players.penalty else None
    discriminator_optimizer = _adam(discriminator, config.discriminator_rate, config.betas, every)
    every = config.path_length_every if players.path_length else None
    generator_optimizer = _adam(generator, config.generator_rate, config.betas, every)
    modules = {"generator": generator, "discriminator": discriminator, "average": average}
    augment, strength = players.augment, None
    if isinstance(augment, AdaptiveAugmentation):
        augment = strength = modules["augmentation"] = AdaptiveStrength(augment)
    state = GanState(
        modules,
        {"generator": generator_optimizer, "discriminator": discriminator_optimizer},
        config,
        identity,
        folder,
    )
    state.resume()
    log = JsonLog(folder / "log.jsonl", state.step) if folder and ranks.is_first else None
    clock = Clock(config.n_steps, config.batch_size, lambda _step: 1, state.time_s)

    # Half precision where it is fast; on a processor it is many times slower.
    precision = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")

    def draws(step: int, purpose: Purpose, part: int) -> torch.Generator:
        return random_of(config.seed, step, purpose, part, ranks.index)

    def latents(step: int, part: int, condition: Tensor) -> Tensor:
        random = random_of(config.seed, step, "latents", part)
        share = lambda z: ranks.share(z).to(device)  # noqa: E731
        return mixed_latents(generator, config.batch_size, config.style_mixing, random, share, condition)  # type: ignore[arg-type]

    def seen(step: int, part: int, condition: Tensor) -> Callable[[Tensor], Tensor]:
        """The discriminator behind the augmentation, which does the same whenever this is called."""

        def scores(images: Tensor) -> Tensor:
            if augment is not None:
                images = augment(images, draws(step, "augmentation", part))
            result: Tensor = discriminator(images, condition)
            return result

        return scores

    with noticed_interruption() as interruption:
        for step in range(state.step, config.n_steps):
            discriminator.requires_grad_(True)
            for i in range(config.n_discriminator_steps):
                number = step * config.n_discriminator_steps + i
                batch = photos.read(number)
                real, condition = (ranks.share(t).to(device) for t in (batch.photos, batch.condition))
                with torch.no_grad(), precision:
                    w = latents(step, 1 + i, condition)
                    fake = generator(w, draws(step, "noise", 1 + i)).float()
                with precision:
                    real_scores = seen(step, 1 + 2 * i, condition)(real).float()
                    fake_scores = seen(step, 2 + 2 * i, condition)(fake).float()
                discriminator_loss = objective.discriminator_loss(real_scores, fake_scores)
                _check_finite(ranks.mean(discriminator_loss.detach()), "discriminator", step, folder)
                discriminator_optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(discriminator_loss)
                if players.penalty and number % config.penalty_every == 0:
                    # In full precision: second derivatives of halves overflow.
                    penalty = players.penalty(
                        seen(step, 1 + 2 * i, condition), real, fake, draws(step, "penalty", i)
                    )
                    mean_penalty = ranks.mean(penalty.detach())
                    _check_finite(mean_penalty, "penalty", step, folder)
                    state.penalty = mean_penalty.item()
                    torch.autograd.backward(penalty * config.penalty_every)
                ranks.average_gradients(discriminator)
                discriminator_optimizer.step()
                if strength is not None:
                    strength.watch(real_scores, ranks.total)

            discriminator.requires_grad_(False)
            for i in range(config.n_generator_steps):
                # Numbers that no step of the discriminator has, nor the path length.
                part = 0 if i == 0 else 1 + config.n_discriminator_steps + i
                sight = 0 if i == 0 else 2 * config.n_discriminator_steps + i
                with precision:
                    w = latents(step, part, condition)
                    pictures = generator(w, draws(step, "noise", part)).float()
                    scores = seen(step, sight, condition)(pictures).float()
                generator_loss = objective.generator_loss(scores)
                _check_finite(ranks.mean(generator_loss.detach()), "generator", step, folder)
                generator_optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(generator_loss)
                if players.path_length and i == 0 and step % config.path_length_every == 0:
                    w = latents(step, 1 + config.n_discriminator_steps, condition)
                    # Half of the pictures: second derivatives take much memory.
                    w = w[: max(1, len(w) // 2)]
                    pictures = generator(w, draws(step, "noise", 1 + config.n_discriminator_steps))
                    length_loss, mean_length = players.path_length(
                        pictures, w, state.mean_path_length.to(device), draws(step, "path length", 0)
                    )
                    state.mean_path_length = ranks.mean(mean_length)
                    _check_finite(ranks.mean(length_loss.detach()), "path length", step, folder)
                    torch.autograd.backward(length_loss * config.path_length_every)
                ranks.average_gradients(generator)
                generator_optimizer.step()

            w_mean = ranks.mean(w.detach().float().mean((0, 1)))
            generator.get_buffer("w_mean").lerp_(w_mean, _W_MEAN_SHARE)
            state.step = step + 1
            n_seen = state.step * config.n_discriminator_steps * config.batch_size
            half_life = min(config.ema_half_life, config.ema_ramp_up * n_seen)
            update_ema(average, generator, 0.5 ** (config.batch_size / max(half_life, 1e-8)))
            pictures_per_s, time_left_s = clock.tick(state.step)
            figures = (generator_loss, discriminator_loss, real_scores.mean(), fake_scores.mean())
            of_generator, of_discriminator, real_score, fake_score = ranks.mean(
                torch.stack([figure.detach() for figure in figures])
            ).tolist()
            report = GanReport(
                step=state.step,
                n_steps=config.n_steps,
                n_seen=n_seen,
                generator_loss=of_generator,
                discriminator_loss=of_discriminator,
                penalty=state.penalty,
                real_score=real_score,
                fake_score=fake_score,
                pictures_per_s=pictures_per_s,
                time_left_s=time_left_s,
                augment_p=None if strength is None else strength.p.item(),
            )
            if log:
                log.write(report)
            if on_step and ranks.is_first:
                on_step(report)
            state.time_s = clock.time_s
            asked = ranks.any(interruption.asked)
            is_due = asked or state.step % config.checkpoint_every == 0 or state.step == config.n_steps
            if is_due and ranks.is_first:
                state.save()
                if on_checkpoint:
                    on_checkpoint(with_counted_norms(average, config.seed), state.step)
            if asked:
                raise KeyboardInterrupt
    discriminator.requires_grad_(True)
    return GanResult(with_counted_norms(average, config.seed), state.time_s)


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
