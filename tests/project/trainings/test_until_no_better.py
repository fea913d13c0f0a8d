"""``--until no-better``: what is held out, when it stops, which generator is kept, going on after a stop."""

import json
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.data.photos.photo_classes import PhotoClasses
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.models.generators.generator_table import load_generator
from partly.project.trainings import no_better
from partly.project.trainings.generator_training import TrainingReports, train_generator
from partly.project.trainings.held_out_photos import hold_out, n_held_out
from partly.project.trainings.no_better import Evaluation, n_pictures_beside
from partly.project.trainings.stopping_text import _short, before_text, least_evaluations, outcome_text
from partly.project.trainings.training_folder import TrainingFolder
from partly.storage.model_folders import load_card
from partly.training.chassis.checkpoints import checkpoint_files
from partly.training.chassis.stopping_rule import StoppingRule
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import with_defaults
from tests.fakes import noise_photos

SMALL = StoppingRule(n_back=2, strike_above=1e-9, n_strikes=1, n_halvings=2, n_kept=1)
CHOICES = choices_for(
    family="mlp",
    size_px=8,
    n_photos_shown=40 * 4,
    batch_size=4,
    until="no-better",
    n_held_out=50,
    evaluate_every=8,
)


@pytest.fixture
def photos(tmp_path):
    """Sixty photos."""
    return noise_photos(tmp_path / "photos", 60)


class Cells:
    """A feature network: means of the cells of a grid."""

    name, digest, n_features, batch_size = "cells", "cells", 12, 64

    def features(self, images):
        return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)


@pytest.fixture
def quick(monkeypatch):
    """A rule that takes everything for a strike and stops at the fifth evaluation, and a small network."""
    monkeypatch.setattr(no_better, "StoppingRule", lambda: SMALL)
    monkeypatch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
    monkeypatch.setattr("partly.project.trainings.generator_training.load_feature_network", lambda _: Cells())
    before = no_better.Looks.__init__
    monkeypatch.setattr(no_better.Looks, "__init__", lambda *args: before(*args[:4], n_pictures=8))


def test_it_stops_and_the_best_evaluation_is_the_generator(photos, tmp_path, quick):
    notes, steps = [], []
    out = tmp_path / "out"
    trained = train_generator(
        photos, out, CHOICES, TrainingReports(on_note=notes.append, on_step=steps.append)
    )
    place = TrainingFolder(out)
    found = [Evaluation(**line) for line in place.evaluations()]
    assert [one.decision for one in found] == ["remember", "remember", "halve", "remember", "stop"]
    assert [one.step for one in found] == [2, 4, 6, 8, 10]
    assert [one.rate for one in found] == [1.0, 1.0, 0.5, 0.5, 0.5]
    assert [step.step for step in steps] == list(range(1, 11))
    best = min(found, key=lambda one: one.kernel)
    card = load_card(out).extra["training"]
    assert (card["step"], card["n_photos_shown"], card["n_photos"]) == (best.step, 4 * best.step, 10)
    assert card["stopping"]["n_steps"] == 10
    assert trained.n_photos == 10
    kept = load_generator(place.training / f"best-{best.step:08}").state_dict()
    for name, tensor in load_generator(out).state_dict().items():
        assert name == "w_mean" or tensor.equal(kept[name]), name
    assert trained.outcome.startswith("Stopped after 40 photos: ")
    assert f"The generator is that after {4 * best.step} photos" in trained.outcome
    assert "50 photos are held out to compare pictures with, 10 are learned from" in notes[0]
    page = trained.page.read_text()
    for words in (
        "When to stop",
        "Pictures of the chosen generator",
        "Stopped after 40 photos",
        "stopped</td",
    ):
        assert words in page
    # A finished training is left as it is.
    files = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    again = train_generator(photos, out, CHOICES)
    assert again.outcome == trained.outcome
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")} == files


def test_stopped_or_killed_it_ends_where_it_would_have(photos, tmp_path, quick):
    def without_time(folder):
        return [replace(Evaluation(**line), time_s=0) for line in TrainingFolder(folder).evaluations()]

    whole = train_generator(photos, tmp_path / "whole", CHOICES)

    def stop(step):
        # Between two evaluations; then one is made again.
        if step.step == 5:
            signal.raise_signal(signal.SIGINT)
        if step.step == 7:
            raise ZeroDivisionError

    parts = tmp_path / "parts"
    with pytest.raises(KeyboardInterrupt):
        train_generator(photos, parts, CHOICES, TrainingReports(on_step=stop))
    with pytest.raises(ZeroDivisionError):
        train_generator(photos, parts, CHOICES, TrainingReports(on_step=stop))
    assert [one.step for one in without_time(parts)] == [2, 4, 6]
    train_generator(photos, parts, CHOICES)
    assert load_generator(parts).digest == load_generator(whole.folder).digest
    assert without_time(parts) == without_time(tmp_path / "whole")
    ends = [checkpoint_files(folder / "training")[-1].name for folder in (parts, whole.folder)]
    assert ends == ["checkpoint-00000010.safetensors"] * 2


def test_it_reaches_its_length_and_the_best_is_chosen_all_the_same(photos, tmp_path, quick):
    choices = replace(CHOICES, n_photos_shown=4 * 5)
    trained = train_generator(photos, tmp_path / "out", choices)
    assert trained.outcome.startswith("Not stopped by the rule: the training reached the length")
    assert len(TrainingFolder(tmp_path / "out").evaluations()) == 2
    longer = train_generator(photos, tmp_path / "out", CHOICES)
    assert longer.outcome.startswith("Stopped after 40 photos")
    whole = train_generator(photos, tmp_path / "whole", CHOICES)
    assert load_generator(longer.folder).digest == load_generator(whole.folder).digest


def test_shorter_than_the_time_to_the_first_evaluation(photos, tmp_path, quick):
    trained = train_generator(photos, tmp_path / "out", replace(CHOICES, n_photos_shown=4))
    assert "shorter than the time to its first evaluation" in trained.outcome
    assert load_card(trained.folder).extra["training"]["step"] == 1


def test_it_is_another_training_than_one_of_fixed_length(photos, tmp_path, quick):
    train_generator(photos, tmp_path / "out", CHOICES)
    plain = replace(CHOICES, until=None, n_held_out=None, evaluate_every=None)
    with pytest.raises(BadOption, match="holds a training with until 'no-better', not None"):
        train_generator(photos, tmp_path / "out", plain)


def test_through_the_command_line(photos, tmp_path, quick):
    words = ["train", str(photos), str(tmp_path / "out"), "--family", "mlp", "--size", "8", "--batch", "4"]
    words += ["--photos-shown", "40", "--evaluate-every", "8", "--until", "no-better", "--json"]
    done = CliRunner().invoke(cli, [*words, "--hold-out", "50"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["outcome"] in done.stderr
    assert "Stopped after 40 photos" in done.stderr
    assert "the rule cannot stop" not in done.stderr
    with pytest.raises(BadOption, match="there are 60 photos, and a tenth of them, 6, would be held out"):
        train_generator(photos, tmp_path / "few", replace(CHOICES, n_held_out=None))


def test_how_many_are_held_out():
    assert n_held_out(70_000, None) == 512
    assert [n_pictures_beside(n) for n in (100, 512, 2000)] == [512, 512, 2000]
    assert n_held_out(1000, None) == 100
    assert n_held_out(60, 50) == 50
    text = (
        "there are 499 photos, and a tenth of them, 49, would be held out; expected 50 held-out photos or "
        "more, to tell whether pictures get better. Give more photos; or say how many are held out "
        "(--hold-out 50); or train without --until, for a fixed length."
    )
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        n_held_out(499, None)
    with pytest.raises(BadOption, match="there are 60 photos, and 60 would be held out; expected fewer"):
        n_held_out(60, 60)


def photo_set(n):
    squares = np.arange(n * 12, dtype=np.uint8).reshape(n, 2, 2, 3)
    return PhotoSet(squares, tuple(str(i) for i in range(n)), (), "digest")


def test_photos_are_divided_and_none_is_in_both():
    learned, held_out, classes = hold_out(photo_set(12), 4, seed=0)
    assert classes is None
    assert (len(learned), len(held_out)) == (8, 4)
    assert sorted([*learned.names, *held_out.names], key=int) == [str(i) for i in range(12)]
    for some in (learned, held_out):
        for row, name in enumerate(some.names):
            np.testing.assert_array_equal(some.squares[[row]], photo_set(12).squares[[int(name)]])
    assert len({learned.digest, held_out.digest, "digest"}) == 3
    assert hold_out(photo_set(12), 4, seed=1)[1].names != held_out.names
    mirrored = hold_out(photo_set(12), 4, seed=0, mirror=True)[1]
    np.testing.assert_array_equal(mirrored.squares[::2], held_out.squares[::2])
    np.testing.assert_array_equal(mirrored.squares[1::2], held_out.squares[1::2, :, ::-1])
    assert mirrored.digest != held_out.digest


def test_every_class_keeps_two_photos_to_learn_from():
    classes = PhotoClasses(("a", "b", "c"), np.array([0] * 6 + [1] * 3 + [2] * 2))
    learned, held_out, of_learned = hold_out(photo_set(11), 8, 0, classes)
    assert len(held_out) == 4 + 1
    assert of_learned.counts() == {"a": 2, "b": 2, "c": 2}
    assert [classes.indexes[int(name)] for name in learned.names] == of_learned.indexes.tolist()


def test_options_that_mean_nothing_without_it():
    with pytest.raises(BadOption, match="--hold-out 50 in a training of fixed length; expected --until no-b"):
        with_defaults(choices_for(n_held_out=50))
    with pytest.raises(
        BadOption, match=r"--evaluate-every 9 in a training of fixed length.* Leave out --eval"
    ):
        with_defaults(choices_for(evaluate_every=9))
    assert with_defaults(choices_for("light", until="no-better")).evaluate_every == 4000
    assert with_defaults(choices_for("light")).evaluate_every is None


def test_a_family_without_it():
    with pytest.raises(
        BadOption, match="until is 'no-better', and the family vae has no such option; expected"
    ):
        choices_for("vae", until="no-better")


def test_what_is_told_before():
    assert least_evaluations(StoppingRule()) == 33
    assert least_evaluations(SMALL) == 5
    assert len(before_text(512, 9000, 4000, 400_000)) == 1
    few, short = before_text(100, 900, 4000, 100_000)[1:]
    assert few.startswith("With 100 held-out photos small gains cannot be shown")
    assert short.startswith(
        "The rule cannot stop the training before 132000 photos, and it ends after 100000"
    )


def test_figures_have_no_exponents():
    figures = [(2.5, 3), (573.4, 3), (139.7, 2), (2503.2, 3), (99.6, 2)]
    assert [_short(value, n) for value, n in figures] == ["2.5", "573", "140", "2503", "100"]


def test_an_outcome_names_the_best_and_what_evaluations_took():
    def one(n, kernel, decision, is_best):
        return Evaluation(n, 4 * n, kernel, 0.21, 0.5, decision, 0, 0, 1.0, is_best, 40.0)

    found = [one(2, 3.0, "remember", True), one(4, 2.5, "better", True), one(6, 2.75, "stop", False)]
    assert outcome_text(found, is_over=True) == (
        "Stopped after 24 photos: for the third time, 3 evaluations in a row found no better pictures than "
        "10 evaluations before. The generator is that after 16 photos, whose kernel distance was least (x "
        "1000: 2.5 ± 0.21). 3 evaluations took 0:02:00."
    )
