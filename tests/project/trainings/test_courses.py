from dataclasses import replace

import pytest
import torch

from partly.augment.adversarial.ada import AdaptiveAugmentation
from partly.augment.adversarial.diff_augment import DiffAugment
from partly.errors import BadOption
from partly.losses.slope_penalties import R1, GradientPenalty, Together
from partly.training.recipes.courses import AdversarialCourse, AutoencoderCourse, course, filled
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_presets import FAMILIES
from partly.training.recipes.training_choices import TrainingChoices


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_pictures_of_the_size_that_was_asked_for(family):
    ready = course(TrainingChoices(size_px=32, family=family))
    generator = ready.players.generator if isinstance(ready, AdversarialCourse) else ready.parts.decoder
    made = generator.synthesise(generator.map(torch.randn(2, generator.z_dim)))
    assert made.images.shape == (2, 3, 32, 32)
    assert len(made.pyramid) == len(generator.levels)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "vae"])
def test_every_family_plays_for_every_objective(family, objective):
    ready = course(TrainingChoices(size_px=32, family=family, objective=objective))
    scores = ready.players.discriminator(torch.randn(4, 3, 32, 32))
    loss = ready.players.objective.discriminator_loss(scores, scores)
    assert torch.isfinite(loss)


def test_first_weights_are_those_of_the_seed():
    def first(seed):
        return next(course(TrainingChoices(family="dcgan", seed=seed)).players.generator.parameters())

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_what_is_left_open_is_filled_by_the_preset_and_the_rest_is_kept():
    full = filled(TrainingChoices(size_px=64, objective="hinge", batch_size=4))
    assert (full.objective, full.batch_size, full.augment, full.n_photos_shown) == (
        "hinge",
        4,
        "ada",
        1_000_000,
    )
    assert filled(full) == full


def test_steps_follow_from_photos_shown_and_the_discriminators_share():
    usual = course(TrainingChoices(family="dcgan", n_photos_shown=64 * 100))
    critic = course(TrainingChoices(family="dcgan", n_photos_shown=64 * 100, objective="wasserstein"))
    assert (usual.n_steps, usual.n_shown_a_step) == (100, 64)
    assert (critic.n_steps, critic.n_shown_a_step) == (20, 5 * 64)
    vae = course(TrainingChoices(family="vae", n_photos_shown=320))
    assert isinstance(vae, AutoencoderCourse)
    assert (vae.n_steps, vae.n_shown_a_step, vae.batch_size) == (10, 32, 32)


def test_penalties_are_those_of_objective_preset_and_family():
    def penalty(**choices):
        return course(TrainingChoices(size_px=32, **choices)).players.penalty

    assert isinstance(penalty(family="stylegan2"), R1)
    assert penalty(family="dcgan") is None
    assert isinstance(penalty(family="stylegan2", objective="wasserstein"), GradientPenalty)
    both = penalty(family="light", objective="wasserstein")
    assert isinstance(both, Together)
    assert len(both.penalties) == 2


def test_augmentations():
    def augment(**choices):
        return course(TrainingChoices(size_px=32, **choices)).players.augment

    assert isinstance(augment(), AdaptiveAugmentation)
    assert isinstance(augment(augment="diff"), DiffAugment)
    assert augment(augment="none") is None
    assert isinstance(augment(objective="wasserstein"), DiffAugment)


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"family": "cubist"}, "there is no family 'cubist'; expected one of stylegan2, light"),
        ({"objective": "luck"}, "there is no objective 'luck'; expected one of non-saturating"),
        ({"augment": "salt"}, "there is no augmentation 'salt'; expected one of ada, diff, none"),
        ({"size_px": 65}, "pictures of 65 px; expected a power of two"),
        ({"family": "vae", "objective": "hinge"}, "objective is 'hinge'; expected none: the family vae"),
        ({"family": "vae", "augment": "diff"}, "augment is 'diff'; expected none: the family vae"),
        (
            {"objective": "wasserstein", "augment": "ada"},
            "augmentation 'ada' with the objective 'wasserstein'",
        ),
    ],
)
def test_refused(choices, text):
    with pytest.raises(BadOption, match=text):
        course(TrainingChoices(**choices))


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"batch_size": 0}, "batch_size is 0; expected 1 or more"),
        ({"n_photos_shown": -1}, "n_photos_shown is -1; expected 1 or more"),
        ({"fit": "stretch"}, "fit is 'stretch'; expected one of crop, pad"),
    ],
)
def test_refused_at_once(choices, text):
    with pytest.raises(BadOption, match=text):
        TrainingChoices(**choices)


def test_checkpoints_are_neither_rare_nor_all_that_is_done():
    short = course(TrainingChoices(family="mlp", size_px=16, n_photos_shown=64 * 300))
    long = course(replace(TrainingChoices(family="mlp", size_px=16), n_photos_shown=64 * 100_000))
    assert (short.config.checkpoint_every, long.config.checkpoint_every) == (100, 1000)


def test_width_is_the_generators_alone():
    def channels(**choices):
        players = course(TrainingChoices(size_px=32, family="light", **choices)).players
        n_critic = sum(p.numel() for p in players.discriminator.parameters())
        return [level.n_channels for level in players.generator.levels], n_critic

    usual, n_usual = channels()
    wide, n_wide = channels(width=2)
    assert wide[-1] == 2 * usual[-1]
    assert n_wide == n_usual


@pytest.mark.parametrize("width", [0, -1, 9, float("nan")])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(BadOption, match=r"a factor from 0\.25 to 8"):
        TrainingChoices(width=width)


def test_networks_without_channels_have_no_width():
    with pytest.raises(BadOption, match="none: the family mlp has no channels"):
        course(TrainingChoices(size_px=32, family="mlp", width=2.0))


def test_any_ratio_of_steps():
    config = course(TrainingChoices(family="mlp", discriminator_steps=2, generator_steps=3)).config
    assert (config.n_discriminator_steps, config.n_generator_steps) == (2, 3)
    usual = course(TrainingChoices(family="mlp", objective="wasserstein")).config
    assert (usual.n_discriminator_steps, usual.n_generator_steps) == (5, 1)
    with pytest.raises(BadOption, match="generator_steps is 2; expected none: the family vae has no discr"):
        course(TrainingChoices(family="vae", generator_steps=2))
