from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.losses.approximate_slopes import ApproximateR1, ApproximateR2
from partly.losses.condition_terms import InformationBound, InformationOfChanged
from partly.losses.rounds import Ask, Lazy, Round, total
from partly.losses.slope_penalties import R1, R2, GradientPenalty
from partly.models.discriminators.light_discriminator import SelfSupervision
from partly.storage.option_fields import options_of
from partly.training.adversarial.gan_batches import ConditionRamp
from partly.training.augment.adversarial.ada import AdaptiveAugmentation
from partly.training.augment.adversarial.diff_augment import DiffAugment
from partly.training.augment.adversarial.discriminator_augmentation import NOTHING
from partly.training.augment.adversarial.shape_changes import ShapeChanges
from partly.training.recipes.conditioned_plans import condition_batches
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
from tests.fakes import needed_choices


@pytest.mark.parametrize("family", RECIPES)
def test_every_family_gives_pictures_of_the_size_that_was_asked_for(family, tmp_path):
    ready = training_plan(choices_for(size_px=32, family=family, **needed_choices(family, tmp_path)))
    if isinstance(ready, AdversarialPlan):
        generator = ready.players.generator
    else:
        generator = ready.parts.decoder if isinstance(ready, AutoencoderPlan) else ready.parts.generator
    made = generator.synthesise(generator.map(torch.randn(2, generator.z_dim)))
    assert made.images.shape == (2, 3, 32, 32)
    assert len(made.pyramid) == len(generator.levels)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("family", [name for name in RECIPES if name not in ("vae", "gmmn")])
def test_every_family_plays_for_every_objective(family, objective, tmp_path):
    if OBJECTIVES[objective].clips_weights and not RECIPES[family].can_clip:
        pytest.skip("refused, see below")
    needed = needed_choices(family, tmp_path)
    ready = training_plan(choices_for(size_px=32, family=family, objective=objective, **needed))
    judge, images = ready.players.discriminator, torch.randn(4, 3, 32, 32)
    w = ready.players.generator.map(torch.randn(4, ready.players.generator.z_dim))
    seen = Round(images, images.flip(0), judge(images), judge(images.flip(0)), w, ask=Ask(judge))
    for terms in (
        ready.players.objective.generator_terms(seen),
        ready.players.objective.discriminator_terms(seen),
    ):
        assert torch.isfinite(total(terms))


def test_first_weights_are_those_of_the_seed():
    def first(seed):
        return next(training_plan(choices_for(family="dcgan", seed=seed)).players.generator.parameters())

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_what_is_left_open_is_filled_by_the_preset_and_the_rest_is_kept():
    full = with_defaults(choices_for("stylegan2", size_px=64, objective="hinge", batch_size=4))
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
    assert penalties(family="light", objective="relativistic") == [(R1, 1), (R2, 1), (SelfSupervision, 1)]
    assert penalties(family="dcgan", objective="wasserstein-clipped") == []
    assert penalties(family="dcgan", objective="loss-sensitive") == [(R1, 1)]


def test_slopes_of_r1_and_r2_may_be_estimated():
    def penalties(**choices):
        ready = training_plan(choices_for(size_px=32, slopes="finite-differences", **choices))
        return ready.players.discriminator_penalties

    exact = training_plan(choices_for(size_px=32, family="light")).players.discriminator_penalties[0]
    assert penalties(family="light")[0] == Lazy(ApproximateR1(exact.objective.gamma), 16)
    assert penalties(family="dcgan", objective="relativistic") == (
        Lazy(ApproximateR1(1.0)),
        Lazy(ApproximateR2(1.0)),
    )


def test_gamma_is_the_weight_of_r1_and_r2():
    def penalties(**choices):
        ready = training_plan(choices_for(size_px=32, gamma=0.7, **choices))
        return ready.players.discriminator_penalties

    assert penalties(family="light")[0] == Lazy(R1(0.7), 16)
    assert penalties(family="light", slopes="finite-differences")[0] == Lazy(ApproximateR1(0.7), 16)
    assert penalties(family="dcgan", objective="relativistic") == (Lazy(R1(0.7)), Lazy(R2(0.7)))


def test_gamma_adds_r1_where_there_is_none():
    ready = training_plan(choices_for(family="dcgan", size_px=32, objective="least-squares", gamma=2.0))
    assert ready.players.discriminator_penalties == (Lazy(R1(2.0), 16),)
    # Slopes at single pictures mean nothing where batch norm mixes them.
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in ready.players.discriminator.modules())

    estimated = training_plan(choices_for(family="dcgan", size_px=32, gamma=2.0, slopes="finite-differences"))
    assert estimated.players.discriminator_penalties == (Lazy(ApproximateR1(2.0), 16),)


def test_gamma_of_the_light_family_is_for_the_batch():
    """Half as much for batches of 16, which was its preset before: such trainings go on."""

    def gamma(**choices):
        ready = training_plan(choices_for("light", size_px=64, **choices))
        return ready.players.discriminator_penalties[0].objective.gamma

    assert gamma() == 0.0008 * 64**2 / 8
    assert gamma(batch_size=16) == 0.0008 * 64**2 / 16
    assert gamma(batch_size=16, gamma_share=0.0002) == 0.0002 * 64**2 / 16
    assert gamma(batch_size=12, gamma_share=0.0002) == 0.0002 * 64**2 / 8 / 1.5
    assert gamma(gamma=3.0, gamma_share=0.0002) == 3.0


def test_clipped_weights_come_with_rmsprop():
    config = training_plan(choices_for(family="dcgan", objective="wasserstein-clipped")).config
    assert (config.optimizer, config.weight_bound, config.n_discriminator_steps) == ("rmsprop", 0.01, 5)
    assert (config.generator_rate, config.discriminator_rate) == (5e-5, 5e-5)
    usual = training_plan(choices_for(family="dcgan")).config
    assert (usual.optimizer, usual.weight_bound, usual.generator_rate) == ("adam", None, 2e-4)


def test_augmentations():
    def augment(**choices):
        return training_plan(choices_for("stylegan2", size_px=32, **choices)).players.augment

    assert isinstance(augment(), AdaptiveAugmentation)
    assert isinstance(augment(augment="diff"), DiffAugment)
    assert augment(augment="none") == NOTHING
    for objective, named in OBJECTIVES.items():
        if not named.clips_weights:
            chosen = with_defaults(choices_for("stylegan2", size_px=32, objective=objective)).augment
            assert chosen == ("ada" if named.has_zero else "diff"), objective


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"family": "cubist"}, "there is no family 'cubist'; expected one of stylegan2, light"),
        ({"objective": "luck"}, "objective is 'luck'; expected one of non-saturating"),
        ({"augment": "salt"}, "augment is 'salt'; expected one of ada, diff, none"),
        ({"size_px": 65}, "pictures of 65 px, and no --family; expected a power of two"),
        ({"family": "light", "size_px": 65}, "pictures of 65 px; expected a power of two"),
        (
            {"family": "vae", "objective": "hinge"},
            "objective is 'hinge', and the family vae has no such option; expected one of the families",
        ),
        ({"family": "vae", "augment": "diff"}, "augment is 'diff', and the family vae has no such"),
        (
            {"family": "stylegan2", "codes": 10},
            r"codes is 10, and the family stylegan2 has no such option; expected one of the families light, "
            r"dcgan, mlp. Leave it out, or choose another family \(stylegan2 has ",
        ),
        (
            {"family": "stylegan2", "condition_from": 5},
            "condition_from is 5, and the family stylegan2 has no such option; expected one of the families",
        ),
        (
            {"family": "dcgan", "codes": 10, "classes": "folders"},
            "codes and classes at once; expected classes, which are known, or codes, which are found. Leave "
            "--codes and --continuous-codes out, or --classes",
        ),
        (
            {"family": "mlp", "continuous_codes": 2, "classes": "folders"},
            "codes and classes at once",
        ),
        (
            {"family": "dcgan", "condition": "auxiliary"},
            "condition is 'auxiliary', and there are no classes; expected --classes with it. Tell",
        ),
        (
            {"family": "dcgan", "condition_from": 0, "condition_until": 9, "codes": 3},
            "classes are to count gradually, and there are no classes; expected --classes with it",
        ),
        (
            {"family": "dcgan", "condition_from": 0, "classes": "folders"},
            "condition_from is 0, without condition_until; expected both: .* Give --condition-until as well",
        ),
        (
            {"family": "dcgan", "condition_until": 7, "classes": "folders"},
            "condition_until is 7, without condition_from; .* Give --condition-from as well",
        ),
        (
            {"family": "dcgan", "condition_from": 7, "condition_until": 7, "classes": "folders"},
            "condition_from is 7, and condition_until 7; expected numbers of photos shown, the first below",
        ),
        (
            {"family": "dcgan", "information": 0.1},
            "information is 0.1, without codes; expected --codes or --continuous-codes with it",
        ),
        (
            {"objective": "wasserstein", "augment": "ada"},
            "augmentation 'ada' with the objective 'wasserstein'",
        ),
        (
            {"family": "light", "objective": "wasserstein-clipped"},
            "objective 'wasserstein-clipped' with the family light, whose scores lose their slopes when "
            "weights are clipped; expected a family that keeps them: dcgan or mlp. Choose --objective wass",
        ),
        (
            {"family": "stylegan2", "objective": "wasserstein-clipped"},
            "with the family stylegan2, whose scores lose their slopes",
        ),
        (
            {"family": "mlp", "objective": "relativistic", "slopes": "finite-differences"},
            "slopes by finite differences with the family mlp, whose discriminator leaves out values at "
            "random; expected a family that says the same of the same picture: .* Leave --slopes out",
        ),
        (
            {"family": "dcgan", "slopes": "finite-differences"},
            "objective 'non-saturating' of the family dcgan has no penalty R1 or R2; expected an objective "
            "or a family that has one. Leave --slopes out, or give R1 a weight with --gamma",
        ),
        (
            {"family": "dcgan", "objective": "wasserstein-clipped", "gamma": 2.0},
            "gamma is 2.0, and objective 'wasserstein-clipped' of the family dcgan has no penalty R1 or R2; "
            "expected an objective or a family that has one. Leave --gamma out, or choose another",
        ),
        (
            {"family": "stylegan2", "objective": "wasserstein", "gamma": 2.0},
            "gamma is 2.0, and objective 'wasserstein' of the fam",
        ),
        (
            {"family": "stylegan2", "objective": "wasserstein", "slopes": "finite-differences"},
            "objective 'wasserstein' of the family stylegan2 has no penalty R1 or R2",
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
        ({"condition": "luck"}, "condition is 'luck'; expected one of projection, auxiliary, concatenation"),
        ({"gamma": 0.0}, "gamma is 0.0; expected a weight, more than 0"),
        ({"family": "dcgan", "codes": 1}, "codes is 1; expected 2 to 100"),
        ({"family": "dcgan", "continuous_codes": 0}, "continuous_codes is 0; expected 1 to 100"),
        ({"family": "dcgan", "information": 0.0}, "information is 0.0; expected more than 0"),
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
        BadOption, match=r"width is 2.0, and the family mlp has no .*stylegan2, light, vae, stacked. Leave"
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


@pytest.mark.parametrize("way", ["projection", "auxiliary", "concatenation"])
@pytest.mark.parametrize("family", ["stylegan2", "light", "dcgan", "mlp"])
def test_classes_reach_both_players_in_each_way(family, way):
    choices = choices_for(size_px=32, family=family, classes="folders", condition=way)
    players = training_plan(choices, ("cat", "dog")).players
    assert players.generator.classes == ("cat", "dog")
    heads = players.discriminator(torch.randn(4, 3, 32, 32), torch.eye(2)[[0, 1, 0, 1]]).heads
    assert list(heads) == (["class"] if way == "auxiliary" else [])
    assert repr(players.objective) == (
        "Together(objectives=(NonSaturating(), AuxiliaryClassifier(weight=1.0)))"
        if way == "auxiliary"
        else "NonSaturating()"
    )


@pytest.mark.parametrize("family", ["light", "dcgan", "mlp"])
def test_codes_are_the_classes_of_the_generator_and_numbers_of_its_latents(family):
    choices = choices_for(size_px=32, family=family, codes=4, continuous_codes=2, information=0.5)
    plan = training_plan(choices)
    generator, discriminator = plan.players.generator, plan.players.discriminator
    assert generator.classes == ("code 1", "code 2", "code 3", "code 4")
    assert generator.z_dim == generator.shape.z_dim + 2
    w = generator.map(torch.randn(3, generator.z_dim), torch.eye(4)[:3])
    assert generator(w).shape == (3, 3, 32, 32)
    assert discriminator(torch.randn(3, 3, 32, 32), torch.eye(4)[:3]).heads["code"].shape == (3, 6)
    assert plan.players.objective.objectives[1] == InformationBound(4, 2, 0.5)
    assert condition_batches(choices) == {"n_codes": 4, "ramp": None}
    of_shapes = training_plan(replace(choices, codes_of_shapes=True)).players.objective.objectives[1]
    assert of_shapes == InformationOfChanged(4, 2, 0.5, changes=ShapeChanges())
    if family == "dcgan":
        assert (plan.config.generator_rate, plan.config.discriminator_rate) == (1e-3, 2e-4)


def test_classes_that_come_in_gradually():
    choices = choices_for("light", classes="folders", condition_from=1000, condition_until=5000)
    assert condition_batches(with_defaults(choices))["ramp"] == ConditionRamp(1000, 5000)


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


def test_pictures_serve_both_players_of_the_light_family():
    def reused(**choices):
        return training_plan(choices_for(size_px=32, **choices)).config.reuse_pictures

    assert reused(family="light")
    assert not reused(family="light", reuse_pictures=False)
    assert not reused(family="dcgan")
    assert reused(family="dcgan", reuse_pictures=True)
