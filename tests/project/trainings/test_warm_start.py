"""Fine-tuning: generator and discriminator start from another training, whose first stages may be frozen."""

import json
import re
import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.errors import BadModelFile, BadOption
from partly.machine.machine import Machine
from partly.machine.ranks import Ranks
from partly.project.trainings import generator_training
from partly.project.trainings.generator_training import TrainingReports, train_generator
from partly.project.trainings.kept_averages import average_choice
from partly.project.trainings.training_folder import TrainingFolder
from partly.storage import write_json
from partly.training.chassis.checkpoints import checkpoint_files, read_checkpoint, without_prefix
from partly.training.recipes.first_weights import discriminator_checkpoint
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import training_plan, with_defaults
from tests.fakes import noise_photos

CHOICES = choices_for("dcgan", size_px=16, n_photos_shown=8, batch_size=4)


@pytest.fixture(scope="module", autouse=True)
def unmeasured():
    """Few pictures are compared with photos, which would take most of a short training."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
        patched.setattr(average_choice, "__defaults__", (8,))
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Six photos."""
    return noise_photos(tmp_path_factory.mktemp("photos"), 6, 16)


@pytest.fixture(scope="module")
def source(photos, tmp_path_factory):
    """The folder of a training of two steps, two averages among what it keeps."""
    folder = tmp_path_factory.mktemp("source") / "out"
    train_generator(photos, folder, replace(CHOICES, n_averages=2))
    return folder


def kept(folder, prefix):
    return without_prefix(prefix, read_checkpoint(checkpoint_files(folder / "training")[-1]).tensors)


def same(module, tensors):
    return all(torch.equal(module.state_dict()[name], tensor) for name, tensor in tensors.items())


def test_both_players_start_from_a_training(source):
    checkpoint = checkpoint_files(source / "training")[-1]
    for start in (source, source / "averages" / "4", checkpoint):
        choices = with_defaults(replace(CHOICES, seed=7, start_from=str(start)))
        assert choices.warm_discriminator is True
        players = training_plan(choices).players
        assert same(players.discriminator, kept(source, "discriminator"))
        if start is checkpoint:
            assert same(players.generator, kept(source, "average"))
    cold = training_plan(replace(choices, warm_discriminator=False)).players
    assert not same(cold.discriminator, kept(source, "discriminator"))
    assert same(cold.generator, kept(source, "average"))


def test_an_average_may_be_named_from_where_it_lies(source, monkeypatch):
    monkeypatch.chdir(source / "averages")
    choices = with_defaults(replace(CHOICES, start_from="4"))
    assert choices.warm_discriminator is True
    assert same(training_plan(choices).players.discriminator, kept(source, "discriminator"))


def test_a_generator_alone_starts_alone(source, tmp_path):
    for name in ("model.json", "model.safetensors"):
        shutil.copy(source / name, tmp_path / name)
    assert discriminator_checkpoint(tmp_path) is None
    alone = replace(CHOICES, start_from=str(tmp_path))
    assert with_defaults(alone).warm_discriminator is False
    text = re.escape(
        f"{tmp_path}: has no checkpoint of a discriminator; expected the folder of a training, as partly "
        "train leaves it, or one of its checkpoints. Start from such a folder; or leave out "
        "--warm-discriminator and --freeze-discriminator."
    )
    for choices in (replace(alone, warm_discriminator=True), replace(alone, n_frozen=1)):
        with pytest.raises(BadOption, match=f"^{text}$"):
            training_plan(choices)


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        (
            {"n_frozen": 1},
            "--freeze-discriminator 1 in a training that starts from nothing; expected --start-from with it, "
            "the folder of a training. Add --start-from, or leave out --freeze-discriminator 1.",
        ),
        (
            {"warm_discriminator": True},
            "--warm-discriminator in a training that starts from nothing; expected --start-from with it, the "
            "folder of a training. Add --start-from, or leave out --warm-discriminator.",
        ),
        (
            {"n_frozen": 2, "warm_discriminator": False, "start_from": "somewhere"},
            "--freeze-discriminator 2 of a new discriminator; expected the discriminator of a training that "
            "was trained before. Leave out --new-discriminator, or --freeze-discriminator 2.",
        ),
    ],
)
def test_what_does_not_go_together(choices, text):
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        with_defaults(replace(CHOICES, **choices))
    with pytest.raises(BadOption, match="n_frozen is 1, and the family mlp has no such option"):
        choices_for("mlp", n_frozen=1)


def test_more_stages_than_there_are_are_refused_before_photos_are_read(source, photos, tmp_path):
    with pytest.raises(
        BadOption, match="3 frozen stages of the discriminator; expected at most 2, which it h"
    ):
        train_generator(photos, tmp_path / "out", replace(CHOICES, start_from=str(source), n_frozen=3))
    assert not TrainingFolder(tmp_path / "out").photos.exists()


def test_batches_that_processes_cannot_share_are_refused_before_photos_are_read(
    photos, tmp_path, monkeypatch
):
    @contextmanager
    def three(_options):
        yield Machine(ranks=Ranks(0, 3))

    monkeypatch.setattr(Machine, "for_training", three)
    with pytest.raises(BadOption, match="batches of 4 for 3 processes"):
        train_generator(photos, tmp_path / "out", CHOICES)
    assert not TrainingFolder(tmp_path / "out").photos.exists()


def test_a_discriminator_of_another_kind(source, tmp_path):
    # Without batch norm, which the penalty of this objective asks for.
    other = replace(CHOICES, start_from=str(source), objective="wasserstein")
    with pytest.raises(
        BadOption, match=r"is the checkpoint of another discriminator; .* --new-discriminator\."
    ):
        training_plan(other)
    training_plan(replace(other, warm_discriminator=False))
    checkpoint = str(checkpoint_files(source / "training")[-1])
    with pytest.raises(
        BadOption, match=r"is the checkpoint of another generator; expected one of the same f"
    ):
        training_plan(replace(CHOICES, size_px=32, start_from=checkpoint))
    damaged = tmp_path / "checkpoint.safetensors"
    damaged.write_bytes(b"damaged")
    with pytest.raises(BadModelFile, match="is no checkpoint"):
        training_plan(replace(CHOICES, start_from=str(damaged)))


def test_frozen_stages_are_those_of_the_training_before(source, photos, tmp_path):
    out, words = tmp_path / "out", ["--size", "16", "--batch", "4", "--photos-shown", "8"]
    words = ["train", str(photos), str(out), "--family", "dcgan", *words, "--start-from", str(source)]
    done = CliRunner().invoke(cli, [*words, "--freeze-discriminator", "1"])
    assert done.exit_code == 0, done.output
    before, after = kept(source, "discriminator"), kept(out, "discriminator")
    assert torch.equal(before["layers.0.weight"], after["layers.0.weight"])
    assert not torch.equal(before["layers.2.weight"], after["layers.2.weight"])
    known = TrainingFolder(out).choices()
    assert (known["n_frozen"], known["warm_discriminator"]) == (1, True)


def test_it_goes_on_as_it_was_begun(source, photos, tmp_path):
    """By a version that warmed generators alone, or while the source still had its checkpoint."""
    generator = tmp_path / "generator"
    shutil.copytree(source, generator)
    choices = replace(CHOICES, start_from=str(generator), seed=1)
    old, longer = replace(choices, warm_discriminator=False), {"n_photos_shown": 16}
    train_generator(photos, tmp_path / "old", old)
    known = TrainingFolder(tmp_path / "old").choices_file
    values = json.loads(known.read_text())
    for name in ("warm_discriminator", "n_frozen", "n_averages"):
        del values[name]
    known.write_text(json.dumps(values))
    steps = []
    reports = TrainingReports(on_step=lambda step: steps.append(step.step))
    train_generator(photos, tmp_path / "old", replace(choices, **longer), reports)
    assert steps == [3, 4]
    train_generator(photos, tmp_path / "warm", choices)
    with pytest.raises(BadOption, match="holds a training with warm_discriminator True, not False"):
        train_generator(photos, tmp_path / "warm", replace(old, **longer))
    train_generator(photos, tmp_path / "warm", replace(choices, **longer), reports)
    assert steps == [3, 4, 3, 4]


def test_a_projected_training_from_before_r1_had_a_share_has_none(tmp_path):
    choices = choices_for("light", size_px=32, discriminator="projected")
    place = TrainingFolder(tmp_path)
    place.training.mkdir(parents=True)
    (place.training / "checkpoint-00000001.safetensors").touch()
    write_json(place.choices_file, {"family": "light", "discriminator": "projected", "batch_size": 16})
    begun = generator_training._as_begun(place, choices)
    assert (begun.batch_size, begun.gamma_share) == (16, None)
    with_defaults(begun)


def test_a_training_from_before_a_preset_changed_goes_on(photos, tmp_path):
    """By a version with batches of another size, a lighter R1, and players that saw different pictures."""
    choices = choices_for("light", size_px=32, n_photos_shown=8, seed=1)
    old = replace(choices, batch_size=4, reuse_pictures=False, gamma_share=0.0002)
    train_generator(photos, tmp_path, old)
    known = TrainingFolder(tmp_path).choices_file
    values = json.loads(known.read_text())
    del values["reuse_pictures"], values["gamma_share"]
    known.write_text(json.dumps(values))
    steps = []
    reports = TrainingReports(on_step=lambda step: steps.append(step.step))
    train_generator(photos, tmp_path, replace(choices, n_photos_shown=16), reports)
    assert steps == [3, 4]
    with pytest.raises(BadOption, match="holds a training with batch_size 4, not 8"):
        train_generator(photos, tmp_path, replace(choices, n_photos_shown=16, batch_size=8))
