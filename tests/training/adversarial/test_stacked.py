"""A second stage in the one loop: the first stays as it is, and a training that was stopped goes on."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadModelFile, BadOption
from partly.machine.machine import Machine
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import training_plan, with_defaults
from tests.training.contract import plain, same_weights

SIZE_PX = 32
CONFIG = GanConfig(4, batch_size=4, checkpoint_every=2, seed=3)


@pytest.fixture(scope="module")
def small_folder(tmp_path_factory):
    """A DCGAN of 16 px, whose norms have seen pictures."""
    folder = tmp_path_factory.mktemp("small")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        small = DCGAN(DCGANShape(16, z_dim=5, last_channels=4))
        small(small.map(torch.randn(8, 5)))
    small.save(folder, {})
    return folder


def plan(folder, **given):
    few = {"width": 0.25, "batch_size": 4, "n_photos_shown": 16, **given}
    return training_plan(choices_for("stacked", size_px=SIZE_PX, stack_on=str(folder), **few))


def batches():
    squares = np.random.default_rng(0).integers(0, 256, (6, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), "0"), 4)


def trained(small_folder, folder=None, stop=0, machine=None, **given):
    """Players, generator and reports of a short training."""

    def on_step(report):
        reports.append(report)
        if report.step == stop:
            signal.raise_signal(signal.SIGINT)

    reports, players = [], plan(small_folder, **given).players
    how = {"folder": folder, "on_step": on_step, "machine": machine or Machine()}
    try:
        generator = train_gan(players, batches(), CONFIG, **how).generator
    except KeyboardInterrupt:
        generator = None
    return players, generator, reports


@pytest.fixture(scope="module")
def whole(small_folder):
    return trained(small_folder)


def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(whole, small_folder, tmp_path):
    players, generator, reports = whole
    trained(small_folder, tmp_path, stop=3)
    again, other, after = trained(small_folder, tmp_path)
    assert same_weights(generator, other)
    assert same_weights(players.generator, again.generator)
    assert same_weights(players.discriminator, again.discriminator)
    assert [plain(report) for report in after] == [plain(report) for report in reports[3:]]


def test_the_first_stage_is_after_training_what_it_was(whole, small_folder):
    """Weights, statistics of norms, their counts; in what was trained and in the averages that are kept."""
    before = plan(small_folder).players.generator
    for after in (whole[0].generator, whole[1]):
        assert same_weights(before.small, after.small)
    norms = [name for name in before.small.state_dict() if name.endswith(("running_mean", "batches_tracked"))]
    assert len(norms) == 4
    moved = {
        name for name, weight in before.named_parameters() if not weight.equal(whole[1].state_dict()[name])
    }
    assert {name.split(".")[0] for name in moved} == {"stage", "conditioning"}
    running = whole[1].stage.join[1].running_mean
    assert not running.equal(before.stage.join[1].running_mean)


def test_the_terms_of_both_papers_are_told(whole):
    last = whole[2][-1]
    assert last.generator_terms.keys() == {
        "adversarial",
        "small picture kept",
        "own latent told",
        "divergence of condition",
    }
    assert last.discriminator_terms.keys() == {
        "adversarial",
        "own latent told",
        "R1 penalty",
        "self-supervision",
    }
    assert whole[2][0].generator_terms["divergence of condition"] == 0
    assert last.generator_terms["divergence of condition"] > 0


def test_terms_that_are_left_out(small_folder):
    bare = plan(small_folder, keep_small=0.0, tell_latent=0.0, keep_condition=0.0).players.objective
    assert repr(bare) == "NonSaturating()"
    one = plan(small_folder, keep_small=3.0, tell_latent=0.0, keep_condition=0.0).players.objective
    assert repr(one) == "Together(objectives=(NonSaturating(), SmallPictureKept(weight=3.0)))"


def test_another_small_generator_is_another_training(small_folder, tmp_path):
    trained(small_folder, tmp_path / "training")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        DCGAN(DCGANShape(16, z_dim=5, last_channels=4)).save(tmp_path / "other", {})
    with pytest.raises(BadOption, match="holds a training with other first weights"):
        trained(tmp_path / "other", tmp_path / "training")


def test_it_can_start_from_one_that_is_stacked_on_the_same_generator(whole, small_folder, tmp_path):
    whole[1].save(tmp_path / "first", {})
    first = {"start_from": str(tmp_path / "first")}
    assert same_weights(plan(small_folder, **first).players.generator, whole[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        DCGAN(DCGANShape(16, z_dim=5, last_channels=4)).save(tmp_path / "other", {})
    text = (
        f"{tmp_path / 'first'}: is stacked on another generator than {tmp_path / 'other'}; expected one that"
    )
    with pytest.raises(BadOption, match=text):
        plan(tmp_path / "other", **first)


def test_a_third_stage_is_trained_on_two(whole, tmp_path):
    whole[1].save(tmp_path, {})
    chosen = {"size_px": 64, "stack_on": str(tmp_path), "width": 0.25}
    generator = training_plan(choices_for("stacked", **chosen)).players.generator
    assert same_weights(generator.small, whole[1])
    assert [level.size_px for level in generator.levels] == [4, 8, 16, 32, 32, 64]


def refused(folder, **given):
    with pytest.raises((BadOption, BadModelFile)) as refusal:
        plan(folder, **given)
    return str(refusal.value)


def test_no_generator_to_stack_on():
    text = (
        "the family stacked, and no generator to stack a second stage on; expected --stack-on with it. Train "
        "a small one first (partly train PHOTOS SMALL --family light --size 32), and name it: --stack-on "
        "SMALL."
    )
    with pytest.raises(BadOption) as refusal:
        with_defaults(choices_for("stacked"))
    assert str(refusal.value) == text


def test_what_is_stacked_on_is_no_generator(small_folder, tmp_path):
    found = refused(tmp_path / "nowhere")
    assert found.startswith(
        f"{tmp_path / 'nowhere'}: is no generator; expected a model folder with model.json"
    )
    card = json.loads((small_folder / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(card | {"kind": "network/unet"}))
    assert refused(tmp_path).startswith(
        f"{tmp_path / 'model.json'}: is a model of kind 'network/unet'; expected a generator: generator/mob"
    )


def test_pictures_that_are_no_larger_or_of_classes(small_folder, tmp_path):
    MLPGenerator(MLPShape(SIZE_PX)).save(tmp_path / "large", {})
    assert refused(tmp_path / "large").startswith(
        f"{tmp_path / 'large'}: makes pictures of 32 px, and larger ones of 32 px are to be made of them"
    )
    MLPGenerator(MLPShape(16, classes=("cat", "dog"))).save(tmp_path / "classes", {})
    assert refused(tmp_path / "classes").startswith(
        f"{tmp_path / 'classes'}: knows the classes cat, dog; expected a generator without classes and codes"
    )
    MLPGenerator(MLPShape(8, n_continuous_codes=2)).save(tmp_path / "numbers", {})
    assert plan(tmp_path / "numbers").players.generator.small.z_dim == 102


def test_classes_of_photos_are_an_option_of_other_families(small_folder):
    assert refused(small_folder, classes="folders").startswith(
        "classes is 'folders', and the family stacked has no such option; expected one of the families"
    )


def test_a_second_stage_has_the_sizes_of_its_discriminator(small_folder):
    with pytest.raises(BadOption, match="pictures of 1024 px; expected a power of two from 32 to 512"):
        training_plan(choices_for("stacked", size_px=1024, stack_on=str(small_folder)))


def test_the_card_says_all_of_the_small_generator(whole, tmp_path):
    whole[1].save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    assert card["arguments"]["small_arguments"] == json.loads(
        json.dumps(asdict(DCGANShape(16, z_dim=5, last_channels=4)))
    )
