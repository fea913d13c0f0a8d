"""Adversarial training (Goodfellow et al., NIPS 2014, algorithm 1): the whole of it, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from partly.losses import Ask, Round, total
from partly.machine import PROCESSOR, Machine
from partly.training.adversarial.batch_norms import with_counted_norms
from partly.training.adversarial.frozen_stages import check_frozen, let_learn
from partly.training.adversarial.gan_batches import PhotoBatches, Turn
from partly.training.adversarial.gan_claims import gan_claims
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_optimizers import clip_weights, gan_optimizer
from partly.training.adversarial.gan_play import GanPlayers, Play
from partly.training.adversarial.gan_report import GanReport, OnGanStep
from partly.training.adversarial.gan_terms import TermFigures, due_terms
from partly.training.chassis.averaged_weights import ramped_decay
from partly.training.chassis.reading_ahead import read_ahead
from partly.training.chassis.sitting import Plan, Sitting, Trained
from partly.training.chassis.watching import Watch, Watched

__all__ = ["GanPlayers", "GanResult", "train_gan"]

_W_MEAN_SHARE = 0.002
OnCheckpoint = Callable[[nn.Module, int], None]


@dataclass(frozen=True)
class GanResult:
    """A trained generator.

    Attributes:
        generator: with averaged weights, in eval mode, on the processor.
        others: the same with averages of other lengths, by the factors on the half-life.
        time_s: what the training took, all sittings together.
        n_steps: that were taken, all sittings together; fewer than planned where a watch ended it.
    """

    generator: nn.Module
    time_s: float
    n_steps: int
    others: Mapping[float, nn.Module] = field(default_factory=dict)


def train_gan(
    players: GanPlayers,
    photos: PhotoBatches,
    config: GanConfig,
    *,
    folder: Path | None = None,
    on_step: OnGanStep | None = None,
    on_checkpoint: OnCheckpoint | None = None,
    watch: Watch | None = None,
    machine: Machine = PROCESSOR,
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
        watch: looks at the generator with averaged weights; it may lower both learning rates, and end the
            training.
        machine: what it runs on; several processes train together, each on a share of the batch, and only
            the first of them writes files and calls ``on_step`` and ``on_checkpoint``.

    Raises:
        BadOption: the processes cannot share a batch evenly, or the discriminator has fewer stages than are
            to be frozen.
        BadOption: the checkpoint in ``folder`` is of another training.
        BadModelFile: the checkpoint in ``folder`` is damaged, or of other networks.
        TrainingDiverged: a loss is no number; the last checkpoint is kept.
        TooLittleMemory: a step is too much for the device; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    ranks = machine.ranks
    ranks.check(config.batch_size)
    check_frozen(players.discriminator, config.n_frozen)
    claims = gan_claims(players, photos.digest, config)
    generator, discriminator, objective = players.generator, players.discriminator, players.objective
    for module in (generator, discriminator):
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    machine.place(generator, discriminator)
    let_learn(discriminator, config.n_frozen)
    fused = machine.has_fused_optimizers
    generator_optimizer = gan_optimizer(
        generator, config.generator_rate, config, players.generator_penalties, fused=fused
    )
    discriminator_optimizer = gan_optimizer(
        discriminator, config.discriminator_rate, config, players.discriminator_penalties, fused=fused
    )
    play = Play(players, config, machine)

    def counted(averages: Mapping[str, nn.Module], factor: float = 1.0) -> nn.Module:
        return with_counted_norms(averages[named[factor]], config.seed)

    def counted_others(averages: Mapping[str, nn.Module]) -> dict[float, nn.Module]:
        return {factor: counted(averages, factor) for factor in named if factor != 1.0}

    # Named as checkpoints had it when there was one.
    named = {factor: "average" if factor == 1.0 else f"average x {factor:g}" for factor in config.averages}
    with Sitting(
        Trained(
            {"generator": generator, "discriminator": discriminator, "augmentation": play.augment},
            {"generator": generator_optimizer, "discriminator": discriminator_optimizer},
            averages=dict.fromkeys(named.values(), "generator"),
        ),
        Plan(config.n_steps, config.batch_size, every=config.checkpoint_every, n_kept=config.n_checkpoints),
        claims,
        "Train in another folder with lower learning rates, or a larger penalty; the last checkpoint is kept",
        folder,
        machine,
        on_step,
        on_checkpoint and (lambda averages, n_done: on_checkpoint(counted(averages), n_done)),
        None if watch is None else Watched(watch, counted, counted_others),
    ) as run:
        figures = TermFigures(run.values)
        generator.train()
        discriminator.train()
        ahead = range(*(n * config.n_discriminator_steps for n in (run.step, config.n_steps)))
        batches = read_ahead(photos.read, ahead, beside=machine.device.type != "cpu")
        for step in run.steps():
            let_learn(discriminator, config.n_frozen)
            for i in range(config.n_discriminator_steps):
                turn, number = Turn(step, "discriminator", i), step * config.n_discriminator_steps + i
                batch = next(batches)
                real, condition = (ranks.share(t).to(machine.device) for t in (batch.photos, batch.condition))
                judge_photos = play.judge(Turn(step, "photos", i), condition)
                reused = config.reuse_pictures and i == config.n_discriminator_steps - 1
                with torch.set_grad_enabled(reused), machine.precision():
                    w = play.latents(turn, condition)
                    made = play.pictures(w, turn).float()
                fake = made.detach()
                with machine.precision():
                    of_real = judge_photos(real).float()
                    of_fake = play.judge(turn, condition)(fake).float()
                plain = play.judge_plain(condition)
                ask = Ask(judge_photos, play.random(turn), run.memory, mean=play.mean, judge_plain=plain)
                seen = Round(real, fake, of_real, of_fake, w.detach(), condition, ask)
                discriminator_terms = objective.discriminator_terms(seen)
                discriminator_loss = total(discriminator_terms)
                run.checked(discriminator_loss, step, "discriminator")
                discriminator_optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(discriminator_loss)
                # Penalties in full precision: second derivatives of halves overflow.
                seen = replace(seen, real=None, fake=None)
                due = due_terms(players.discriminator_penalties, number, "discriminator", seen)
                figures.note("discriminator", {n: run.checked(t, step, n) for n, t in due.terms.items()})
                due.backward()
                ranks.average_gradients(discriminator)
                discriminator_optimizer.step()
                if config.weight_bound is not None:
                    clip_weights(discriminator, config.weight_bound)
                play.augment.watch(of_real.scores, ranks.total)

            discriminator.requires_grad_(False)
            for i in range(config.n_generator_steps):
                turn = Turn(step, "generator", i)
                judge = play.judge(turn, condition)
                with machine.precision():
                    if not (config.reuse_pictures and i == 0):
                        w = play.latents(turn, condition)
                        made = play.pictures(w, turn).float()
                    fake = made
                    of_fake_now = judge(fake).float()
                others, plain = play.regenerate(step, condition), play.judge_plain(condition)
                ask = Ask(judge, play.random(turn), run.memory, others, play.mean, plain)
                seen = Round(real, fake, None, of_fake_now, w, condition, ask)
                generator_terms = objective.generator_terms(seen)
                generator_loss = total(generator_terms)
                run.checked(generator_loss, step, "generator")
                generator_optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(generator_loss)
                if i == 0:
                    seen = replace(seen, fake=None)
                    due = due_terms(players.generator_penalties, step, "generator", seen)
                    figures.note("generator", {n: run.checked(t, step, n) for n, t in due.terms.items()})
                    due.backward()
                ranks.average_gradients(generator)
                generator_optimizer.step()

            run.memory.update({name: ranks.mean(value) for name, value in run.memory.items()})
            w_mean = ranks.mean(w.detach().float().mean((0, 1)))
            generator.get_buffer("w_mean").lerp_(w_mean, _W_MEAN_SHARE)
            n_seen = (step + 1) * config.n_discriminator_steps * config.batch_size
            lengths = {name: (f * config.ema_half_life, f * config.ema_ramp_up) for f, name in named.items()}
            run.average({n: ramped_decay(config.batch_size, n_seen, *one) for n, one in lengths.items()})
            run.tell(
                GanReport,
                n_seen=n_seen,
                penalty=figures.penalty,
                augment_p=play.augment.probability,
                information=figures.information(run.memory),
                **figures.of_step(
                    {"generator": generator_terms, "discriminator": discriminator_terms},
                    {"real_score": of_real.scores, "fake_score": of_fake.scores},
                    ranks,
                ),
            )
    discriminator.requires_grad_(True)
    beside = {factor: average.cpu() for factor, average in counted_others(run.averages).items()}
    return GanResult(counted(run.averages).cpu(), run.time_s, run.step, beside)
