"""A family's generator against a projected discriminator: choices, the plan, and the one loop."""

import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption, NotAvailable
from partly.losses.adversarial_losses import Hinge
from partly.models.discriminators.projected_discriminator import ProjectedDiscriminator
from partly.models.encoders.efficientnet_features import KIND
from partly.models.generators.light_generator import LightGenerator, LightShape
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.storage.model_folders import ModelCard, save_model
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_claims import gan_claims
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.augment.adversarial.diff_augment import DiffAugment
from partly.training.chassis.checkpoints import checkpoint_files, read_checkpoint
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import training_plan, with_defaults
from tests.training.contract import same_weights

CONFIG = GanConfig(2, batch_size=2, checkpoint_every=1, seed=3)
FITTING = "non-saturating, minimax, hinge, least-squares, feature-matching"


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_model(folder, ModelCard(KIND, {}), EfficientNetLite0().state_dict())
    return folder


@pytest.fixture
def installed(encoder_folder, monkeypatch):
    monkeypatch.setattr("partly.models.zoo.installed_models.model_folder", lambda _name: encoder_folder)


def players(encoder_folder, objective="hinge", digest=None):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = LightGenerator(LightShape(32, z_dim=5, channel_base=64, most_channels=8))
        discriminator = ProjectedDiscriminator.on(encoder_folder / "model.safetensors", 32)
    if digest is not None:
        discriminator.encoder_digest.fill_(digest)
    return GanPlayers(generator, discriminator, OBJECTIVES[objective].make(), augment=DiffAugment())


def batches():
    squares = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcd"), (), "0"), 2)


@pytest.mark.slow
def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(encoder_folder, tmp_path):
    whole, parts = players(encoder_folder), players(encoder_folder)
    first = train_gan(whole, batches(), CONFIG)

    def stop(report):
        if report.step == 1:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_gan(players(encoder_folder), batches(), CONFIG, folder=tmp_path, on_step=stop)
    again = train_gan(parts, batches(), CONFIG, folder=tmp_path)
    assert same_weights(first.generator, again.generator)
    assert same_weights(whole.discriminator, parts.discriminator)
    encoder = dict(players(encoder_folder).discriminator.encoder.named_buffers())
    assert all(torch.equal(encoder[n], b) for n, b in parts.discriminator.encoder.named_buffers())
    kept = read_checkpoint(checkpoint_files(tmp_path)[-1]).tensors
    assert "discriminator.encoder_digest" in kept
    assert not any(name.startswith("discriminator.encoder.") for name in kept)


@pytest.mark.parametrize("objective", FITTING.split(", "))
def test_objectives_take_a_map_of_scores(encoder_folder, objective):
    two = players(encoder_folder, objective)
    before = [weight.detach().clone() for weight in two.generator.parameters()]
    train_gan(two, batches(), replace(CONFIG, n_steps=1))
    after = [*two.generator.parameters()]
    assert all(weight.isfinite().all() for weight in after)
    assert any(not torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_a_training_knows_with_which_network_it_was_begun(encoder_folder):
    (now, *_) = gan_claims(players(encoder_folder), "photos", CONFIG)
    (same, *_) = gan_claims(players(encoder_folder), "photos", CONFIG)
    (other, *_) = gan_claims(players(encoder_folder, digest=7), "photos", CONFIG)
    assert now.values == same.values
    assert [name for name in now.values if now.values[name] != other.values[name]] == ["first weights"]


@pytest.mark.parametrize("family", ["light", "dcgan"])
def test_the_preset(family, installed):
    choices = choices_for(family, size_px=32, discriminator="projected")
    full = with_defaults(choices)
    assert (full.objective, full.augment, full.batch_size) == ("hinge", "diff", 16)
    plan = training_plan(choices)
    assert isinstance(plan.players.discriminator, ProjectedDiscriminator)
    assert plan.players.discriminator_penalties == ()
    assert plan.players.objective == Hinge()
    config = plan.config
    assert (config.generator_rate, config.discriminator_rate, config.betas) == (2e-4, 2e-4, (0.0, 0.99))
    assert config.reuse_pictures == (family == "light")
    assert with_defaults(choices_for(family, size_px=32)).objective == "non-saturating"


def test_first_weights_and_mixing_are_those_of_the_seed(installed):
    def first(seed):
        plan = training_plan(choices_for("light", size_px=32, discriminator="projected", seed=seed))
        return plan.players.discriminator

    assert same_weights(first(1), first(1))
    assert not torch.equal(first(1).mixing.down[0].weight, first(2).mixing.down[0].weight)


def test_a_network_that_is_not_there_is_told_how_to_get(monkeypatch, tmp_path):
    monkeypatch.setattr("partly.models.zoo.installed_models.model_folder", lambda _name: tmp_path / "none")
    with pytest.raises(
        NotAvailable, match=r"is not on this machine yet\. Run: partly get efficientnet-lite0"
    ):
        training_plan(choices_for("light", size_px=32, discriminator="projected"))


@pytest.mark.parametrize(
    ("choices", "flag", "why"),
    [
        ({"classes": "folders"}, "--classes folders", "which is told of no classes"),
        ({"codes": 3}, "--codes 3", "which tells no codes"),
        ({"continuous_codes": 2}, "--continuous-codes 2", "which tells no codes"),
        ({"gamma": 0.5}, "--gamma 0.5", "whose slopes have no penalty"),
        ({"gamma_share": 0.5}, "--gamma-share", "whose slopes have no penalty"),
        ({"slopes": "finite-differences"}, "--slopes finite-differences", "whose slopes have no penalty"),
        (
            {"n_frozen": 1, "start_from": "there"},
            "--freeze-discriminator 1",
            "which has no stages to freeze but what is frozen always",
        ),
        ({"size_px": 16}, "--size 16", "which sees pictures of 32 px or more"),
    ],
)
def test_what_does_not_go_with_it(choices, flag, why):
    family = "light" if "gamma_share" in choices else "dcgan"
    with pytest.raises(BadOption) as refusal:
        with_defaults(choices_for(family, discriminator="projected", **choices))
    assert str(refusal.value) == (
        f"{flag} beside --discriminator projected, {why}; expected the family's own discriminator with it. "
        f"Leave out --discriminator projected, or {flag}."
    )


@pytest.mark.parametrize("objective", [name for name in OBJECTIVES if name not in FITTING.split(", ")])
def test_objectives_that_need_penalties_or_clipping(objective):
    with pytest.raises(BadOption) as refusal:
        with_defaults(choices_for("light", discriminator="projected", objective=objective))
    assert str(refusal.value) == (
        f"--objective {objective} beside --discriminator projected, which spectral norms hold and no penalty "
        f"or clipping; expected one of {FITTING}. Choose one of these, or leave out "
        "--discriminator projected."
    )


def test_families_without_the_choice():
    with pytest.raises(
        BadOption, match="discriminator is 'projected', and the family mlp has no such option"
    ):
        choices_for("mlp", discriminator="projected")
