"""Every objective of the table in the loop: stopped and gone on, clipped, told."""

from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.losses.adversarial_losses import Wasserstein
from partly.machine.machine import Machine
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import training_plan
from tests.training.contract import plain, same_weights

SIZE_PX, N_STEPS = 8, 4


def batches(batch_size=4):
    squares = np.random.default_rng(0).integers(0, 256, (8, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdefgh"), (), "0"), batch_size, mirror=False)


def trained(objective, folder=None, stop=0, machine=None):
    """A short training as its recipe has it, with one step of the discriminator.

    Returns:
        Its generator, None if it was stopped; its discriminator; its reports.
    """

    def on_step(report):
        reports.append(report)
        if report.step == stop:
            signal.raise_signal(signal.SIGINT)

    reports = []
    chosen = {"size_px": SIZE_PX, "objective": objective, "batch_size": 4, "discriminator_steps": 1}
    ready = training_plan(choices_for("mlp", n_photos_shown=4 * N_STEPS, **chosen))
    config = replace(ready.config, checkpoint_every=2)
    how = {"folder": folder, "on_step": on_step, "machine": machine or Machine()}
    try:
        generator = train_gan(ready.players, batches(), config, **how).generator
    except KeyboardInterrupt:
        generator = None
    return generator, ready.players.discriminator, reports


@pytest.mark.parametrize("objective", OBJECTIVES)
class TestContract:
    def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(self, objective, tmp_path):
        generator, discriminator, reports = trained(objective)
        trained(objective, tmp_path, stop=3)
        again, other, after = trained(objective, tmp_path)
        assert same_weights(generator, again)
        assert same_weights(discriminator, other)
        assert [plain(report) for report in after] == [plain(report) for report in reports[3:]]

    def test_its_terms_are_told_by_name(self, objective):
        _, _, reports = trained(objective)
        told = reports[-1].generator_terms | reports[-1].discriminator_terms
        assert all(np.isfinite([*told.values()]))
        assert told.keys() == {"adversarial"} | {
            "wasserstein": {"gradient penalty"},
            "loss-sensitive": {"R1 penalty"},
            "generalised": {"R1 penalty"},
            "relativistic": {"centring", "R1 penalty", "R2 penalty"},
            "feature-matching": {"feature matching"},
        }.get(objective, set())


def test_clipped_weights_are_within_the_bound_after_every_step():
    _, discriminator, _ = trained("wasserstein-clipped")
    weights = torch.cat([weight.detach().flatten() for weight in discriminator.parameters()])
    assert weights.abs().max() == np.float32(0.01)
    _, discriminator, _ = trained("wasserstein")
    assert max(weight.abs().max() for weight in discriminator.parameters()) > 0.02


class Linear(MLPDiscriminator):
    """A critic of one layer."""

    def __init__(self):
        super().__init__(MLPShape(SIZE_PX), hidden=(), dropout=0.0)


def test_a_converged_clipped_critic_of_one_layer_has_all_weights_at_the_bound():
    """Then its loss is minus the bound times the distance of the means of photos and pictures, in L1."""
    reports = []
    torch.manual_seed(0)
    # The generator stands still.
    config = GanConfig(
        60,
        batch_size=8,
        optimizer="rmsprop",
        weight_bound=0.02,
        discriminator_rate=2e-3,
        generator_rate=1e-12,
    )
    generator = MLPGenerator(MLPShape(SIZE_PX, z_dim=2))
    with torch.no_grad():
        generator.pixels.weight.zero_()  # all pictures are the same
        generator.pixels.bias.fill_(-3)
    photos = batches(batch_size=8)
    train_gan(GanPlayers(generator, Linear(), Wasserstein()), photos, config, on_step=reports.append)
    apart = photos.read(0).photos.mean(0)[0] - (2 * torch.tensor(-3.0).sigmoid() - 1)
    assert reports[-1].discriminator_loss == pytest.approx(-0.02 * apart.abs().sum().item(), rel=0.05)


def test_halves_leave_penalties_by_finite_differences_in_full_precision():
    """Scores that are rounded to 8 bits would be taken for slopes."""

    def penalty(**how):
        chosen = {"size_px": 32, "objective": "relativistic", "batch_size": 4, "discriminator_steps": 1}
        ready = training_plan(choices_for("dcgan", n_photos_shown=4, slopes="finite-differences", **chosen))
        squares = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
        photos = SquareBatches(PhotoSet(squares, tuple("abcdefgh"), (), "0"), 4)
        reports = []
        train_gan(ready.players, photos, ready.config, on_step=reports.append, **how)
        return reports[0].discriminator_terms["R1 penalty"]

    assert penalty(machine=Machine(dtype=torch.bfloat16)) == penalty()
