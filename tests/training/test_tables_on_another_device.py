"""Every family, objective, penalty and augmentation that a training can have runs on another device.

They are taken from their tables and rooms, so that a new one is tried, too.
"""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from unittest.mock import patch

import numpy as np
import pytest
import torch

import partly.losses.approximate_slopes
import partly.losses.slope_penalties
import partly.losses.stacked_terms
import partly.models.discriminators.light_discriminator
from partly.data.photos.photo_sets import PhotoSet
from partly.losses.approximate_slopes import ApproximateR1, ApproximateR2
from partly.losses.rounds import Lazy, OfDiscriminator, OfGenerator
from partly.losses.slope_penalties import R1, R2, GradientPenalty, PathLength
from partly.losses.stacked_terms import ConditionKept, SmallPictureKept
from partly.models.discriminators.light_discriminator import SelfSupervision
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.augment.adversarial.ada import TRANSFORMS, AdaptiveAugmentation
from partly.training.augment.segmentation.augmentation import Augmentation, augment
from partly.training.recipes.gmmn_recipe import LEAST_BATCH
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_table import RECIPES, choices_for
from partly.training.recipes.training_plans import AUGMENTATIONS, AdversarialPlan, training_plan
from tests.fake_training import another_machine
from tests.training.adversarial import test_loop

SIZE_PX, BATCH_SIZE = 32, 4
PENALTIES = {
    R1: R1(),
    R2: R2(),
    ApproximateR1: ApproximateR1(),
    ApproximateR2: ApproximateR2(),
    GradientPenalty: GradientPenalty(),
    PathLength: PathLength(),
    SelfSupervision: None,
    SmallPictureKept: None,
    ConditionKept: None,
}

NAMES = {
    R1: "R1 penalty",
    R2: "R2 penalty",
    ApproximateR1: "R1 penalty",
    ApproximateR2: "R2 penalty",
    GradientPenalty: "gradient penalty",
    PathLength: "path length",
    SelfSupervision: "self-supervision",
    SmallPictureKept: "small picture kept",
    ConditionKept: "divergence of condition",
}


def batches(n=BATCH_SIZE):
    squares = np.zeros((2 * n, SIZE_PX, SIZE_PX, 3), np.uint8)
    return SquareBatches(PhotoSet(squares, tuple(map(str, range(2 * n))), (), "0"), n)


def plan(family, **given):
    width = {"width": 0.25} if "width" in {f.name for f in fields(RECIPES[family].Options)} else {}
    n = LEAST_BATCH if family == "gmmn" else BATCH_SIZE
    given = {"n_photos_shown": n, "batch_size": n, **given, **width}
    if family == "stacked":
        given["stack_on"] = "a generator that lies where tensors are fake"
    small = MLPGenerator(MLPShape(SIZE_PX // 2, z_dim=5))
    with patch("partly.training.recipes.stacked_recipe._small_generator", lambda _: small):
        ready = training_plan(choices_for(family, size_px=SIZE_PX, **given))
    if family == "gmmn":
        # One step of the autoencoder, one of the generator.
        ready = replace(ready, config=replace(ready.config, n_steps=2, n_autoencoder_steps=1))
    return ready


def run(ready, machine, folder=None):
    steps = []
    ready.run(batches(ready.batch_size), folder, steps.append, None, machine)
    assert [step.step for step in steps] == list(range(1, ready.n_steps + 1))


@pytest.mark.slow
@pytest.mark.parametrize("family", RECIPES)
def test_families(family):
    with another_machine() as machine:
        run(plan(family), machine)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives(objective):
    with another_machine() as machine:
        run(plan("mlp", objective=objective, discriminator_steps=1), machine)


@pytest.mark.slow
@pytest.mark.parametrize("augment", AUGMENTATIONS)
def test_augmentations_of_what_discriminators_see(augment):
    with another_machine() as machine:
        run(plan("mlp", augment=augment), machine)


@pytest.mark.slow
@pytest.mark.parametrize("transforms", TRANSFORMS)
def test_adaptive_augmentations(transforms):
    with another_machine() as machine:
        ready = plan("mlp")
        chosen = AdaptiveAugmentation(TRANSFORMS[transforms], first_p=1.0)
        run(AdversarialPlan(replace(ready.players, augment=chosen), ready.config), machine)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda one: one.__name__)
def test_penalties(penalty):
    with another_machine() as machine:
        if penalty is SelfSupervision:
            players = plan("light").players
        elif penalty in (SmallPictureKept, ConditionKept):
            players = plan("stacked").players
        elif penalty is PathLength:
            players = test_loop.players()
        else:
            lazy = (Lazy(PENALTIES[penalty]),)
            players = replace(plan("mlp").players, discriminator_penalties=lazy)
        reports = []
        config = GanConfig(1, BATCH_SIZE)
        train_gan(players, batches(), config, on_step=reports.append, machine=machine)
    told = reports[-1].generator_terms | reports[-1].discriminator_terms
    assert NAMES[penalty] in told


def test_all_penalties_are_tried():
    losses = (partly.losses.slope_penalties, partly.losses.approximate_slopes, partly.losses.stacked_terms)
    rooms = (*losses, partly.models.discriminators.light_discriminator)
    found = {
        kind
        for room in rooms
        for _, kind in inspect.getmembers(room, inspect.isclass)
        if issubclass(kind, OfDiscriminator | OfGenerator) and kind not in (OfDiscriminator, OfGenerator)
    }
    everywhere = {*OfDiscriminator.__subclasses__(), *OfGenerator.__subclasses__()}
    of_partly = {kind for kind in everywhere if kind.__module__.startswith("partly.")}
    assert found == of_partly == set(PENALTIES)


def test_all_changes_of_pictures_with_labels():
    certain = {f.name: 1.0 for f in fields(Augmentation) if f.name.endswith("_probability")}
    with another_machine() as machine:
        images = torch.zeros(BATCH_SIZE, 3, 48, 48).to(machine.device)
        labels = torch.zeros(BATCH_SIZE, 3, 24, 24).to(machine.device)
        changed = augment(
            images,
            labels,
            size_px=SIZE_PX,
            augmentation=Augmentation(**certain),
            mirror_permutation=(0, 2, 1),
            generator=torch.Generator().manual_seed(0),
        )
    assert {tensor.device.type for tensor in changed} == {machine.device.type}
    assert [tuple(tensor.shape[1:]) for tensor in changed] == [(n, SIZE_PX, SIZE_PX) for n in (3, 3, 1)]
