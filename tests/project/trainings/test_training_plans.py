from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.losses.slope_penalties import R1, GradientPenalty
from partly.models.discriminators.light_discriminator import SelfSupervision
from partly.storage.option_fields import options_of
from partly.training.augment.adversarial.ada import AdaptiveAugmentation
from partly.training.augment.adversarial.diff_augment import DiffAugment
from partly.training.augment.adversarial.discriminator_augmentation import NOTHING
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_table import RECIPES, choices_for
from partly.training.recipes.training_choices import AUGMENTATION_NAMES, OBJECTIVE_NAMES
from partly.training.recipes.training_plans import (
    AUGMENTATIONS,
    AdversarialPlan,
    AutoencoderPlan,
    training_plan,
    with_defaults,
)


@pytest.mark.parametrize("family", RECIPES)
def test_every_family_gives_pictures_of_the_size_that_was_asked_for(family):
    ready = training_plan(choices_for(size_px=32, family=family))
    if isinstance(ready, AdversarialPlan):
        generator = ready.players.generator
    else:
        generator = ready.parts.decoder if isinstance(ready, AutoencoderPlan) else ready.parts.generator
    made = generator.synthesise(generator.map(torch.randn(2, generator.z_dim)))
    assert made.images.shape == (2, 3, 32, 32)
    assert len(made.pyramid) == len(generator.levels)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("family", [name for name in RECIPES if name not in ("vae", "gmmn")])
def test_every_family_plays_for_every_objective(family, objective):
    ready = training_plan(choices_for(size_px=32, family=family, objective=objective))
    scores = ready.players.discriminator(torch.randn(4, 3, 32, 32)).scores
    loss = ready.players.objective.discriminator_loss(scores, scores)
    assert torch.isfinite(loss)


def test_first_weights_are_those_of_the_seed():
    def first(seed):
        return next(training_plan(choices_for(family="dcgan", seed=seed)).players.generator.parameters())

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_what_is_left_open_is_filled_by_the_preset_and_the_rest_is_kept():
    full = with_defaults(choices_for(size_px=64, objective="hinge", batch_size=4))
    assert (full.objective, full.batch_size, full.augment, full.n_photos_shown) == (
        "hinge",
        4,
        "ada",
        1_000_000,
    )
    assert with_defaults(full) == full


def test_steps_follow_from_photos_shown_and_the_discriminators_share():
    usual = training_plan(choices_for(family="dcgan", n_photos_shown=64 * 100))
    critic = training_plan(choices_for(family="dcgan", n_photos_shown=64 * 100, objective="wasserstein"))
    assert (usual.n_steps, usual.n_shown_a_step) == (100, 64)
    assert (critic.n_steps, critic.n_shown_a_step) == (20, 5 * 64)
    vae = training_plan(choices_for(family="vae", n_photos_shown=320))
    assert isinstance(vae, AutoencoderPlan)
    assert (vae.n_steps, vae.n_shown_a_step, vae.batch_size) == (10, 32, 32)


def test_penalties_are_those_of_objective_preset_and_family():
    def penalties(**choices):
        found = training_plan(choices_for(size_px=32, **choices)).players.discriminator_penalties
        return [(type(penalty.objective), penalty.every) for penalty in found]

    assert penalties(family="stylegan2") == [(R1, 16)]
    assert penalties(family="dcgan") == []
    assert penalties(family="stylegan2", objective="wasserstein") == [(GradientPenalty, 1)]
    assert penalties(family="light") == [(R1, 16), (SelfSupervision, 16)]
    assert penalties(family="light", objective="wasserstein") == [(GradientPenalty, 1), (SelfSupervision, 1)]


def test_augmentations():
    def augment(**choices):
        return training_plan(choices_for(size_px=32, **choices)).players.augment

    assert isinstance(augment(), AdaptiveAugmentation)
    assert isinstance(augment(augment="diff"), DiffAugment)
    assert augment(augment="none") == NOTHING
    assert isinstance(augment(objective="wasserstein"), DiffAugment)


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"family": "cubist"}, "there is no family 'cubist'; expected one of stylegan2, light"),
        ({"objective": "luck"}, "objective is 'luck'; expected one of non-saturating"),
        ({"augment": "salt"}, "augment is 'salt'; expected one of ada, diff, none"),
        ({"size_px": 65}, "pictures of 65 px; expected a power of two"),
        (
            {"family": "vae", "objective": "hinge"},
            "objective is 'hinge', and the family vae has no such option; expected one of the families",
        ),
        ({"family": "vae", "augment": "diff"}, "augment is 'diff', and the family vae has no such"),
        (
            {"objective": "wasserstein", "augment": "ada"},
            "augmentation 'ada' with the objective 'wasserstein'",
        ),
    ],
)
def test_refused(choices, text):
    with pytest.raises(BadOption, match=text):
        training_plan(choices_for(**choices))


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
        choices_for(**choices)


def test_checkpoints_are_neither_rare_nor_all_that_is_done():
    short = training_plan(choices_for(family="mlp", size_px=16, n_photos_shown=64 * 300))
    long = training_plan(replace(choices_for(family="mlp", size_px=16), n_photos_shown=64 * 100_000))
    assert (short.config.checkpoint_every, long.config.checkpoint_every) == (100, 1000)


def test_width_is_the_generators_alone():
    def channels(**choices):
        players = training_plan(choices_for(size_px=32, family="light", **choices)).players
        n_critic = sum(p.numel() for p in players.discriminator.parameters())
        return [level.n_channels for level in players.generator.levels], n_critic

    usual, n_usual = channels()
    wide, n_wide = channels(width=2)
    assert wide[-1] == 2 * usual[-1]
    assert n_wide == n_usual


@pytest.mark.parametrize("width", [0, -1, 9, float("nan")])
def test_a_width_that_is_none_is_refused(width):
    with pytest.raises(BadOption, match=r"a factor from 0\.25 to 8"):
        choices_for(width=width)


def test_networks_without_channels_have_no_width():
    with pytest.raises(
        BadOption, match=r"width is 2.0, and the family mlp has no .*stylegan2, light, vae. Leave"
    ):
        training_plan(choices_for(size_px=32, family="mlp", width=2.0))


def test_any_ratio_of_steps():
    config = training_plan(choices_for(family="mlp", discriminator_steps=2, generator_steps=3)).config
    assert (config.n_discriminator_steps, config.n_generator_steps) == (2, 3)
    usual = training_plan(choices_for(family="mlp", objective="wasserstein")).config
    assert (usual.n_discriminator_steps, usual.n_generator_steps) == (5, 1)
    with pytest.raises(BadOption, match="generator_steps is 2, and the family vae has no such option"):
        training_plan(choices_for(family="vae", generator_steps=2))


def test_an_option_that_no_family_has():
    with pytest.raises(
        BadOption, match=r"speed is 3, and .*expected an option of a family.*\(mlp has size_px, n_"
    ):
        choices_for("mlp", speed=3)


def test_names_of_options_that_stand_without_what_they_name():
    assert list(OBJECTIVE_NAMES) == list(OBJECTIVES)
    assert list(AUGMENTATION_NAMES) == list(AUGMENTATIONS)
    assert {family: recipe.Options().family for family, recipe in RECIPES.items()} == {f: f for f in RECIPES}


def test_options_of_one_name_are_the_same_in_all_families():
    found = {}
    for recipe in RECIPES.values():
        for one in options_of(recipe.Options):
            assert found.setdefault(one.name, one) == one


def test_classes_reach_both_players_of_stylegan2():
    players = training_plan(
        choices_for(size_px=32, family="stylegan2", classes="folders"), ("cat", "dog")
    ).players
    assert players.generator.classes == ("cat", "dog")
    assert players.discriminator.mapping.n_classes == 2


def test_matching_of_moments():
    codes = training_plan(choices_for("gmmn", size_px=28, n_photos_shown=500 * 10))
    assert (codes.n_steps, codes.batch_size, codes.n_shown_a_step) == (10, 500, 500)
    assert (codes.config.matched, codes.config.n_autoencoder_steps) == ("codes", 2000)
    assert training_plan(choices_for("gmmn", matched="pixels")).config.matched == "pixels"
    text = (
        "batches of 99 for the family gmmn; expected 100 photos or more, since moments of fewer say little. "
        "Leave out --batch, or choose another family."
    )
    with pytest.raises(BadOption, match=f"^{text}$"):
        with_defaults(choices_for("gmmn", batch_size=99))
    with pytest.raises(BadOption, match="until is 'no-better', and the family gmmn has no such option"):
        choices_for("gmmn", until="no-better")
