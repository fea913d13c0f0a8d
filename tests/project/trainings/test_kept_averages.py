"""Several averages at the end of a training: compared, one chosen, all kept."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.machine.machine import Machine
from partly.models.generators.generator_table import load_generator
from partly.project.trainings import kept_averages as module
from partly.project.trainings import no_better
from partly.project.trainings.generator_keeper import GeneratorKeeper
from partly.project.trainings.generator_training import TrainingReports, train_generator
from partly.project.trainings.kept_averages import AverageChoice, AverageFigures, average_choice
from partly.project.trainings.training_folder import TrainingFolder
from partly.project.trainings.training_measures import Measures
from partly.storage.model_folders import load_card
from partly.training.recipes.recipe_table import choices_for
from partly.training.recipes.training_plans import average_factors, training_plan
from tests.device_with_values import device_with_values
from tests.fakes import noise_photos
from tests.project.trainings.test_until_no_better import SMALL, Cells

CHOICES = choices_for("mlp", size_px=8, n_photos_shown=5 * 4, batch_size=4, n_averages=3)


@pytest.fixture
def photos(tmp_path):
    """Sixty photos."""
    return noise_photos(tmp_path / "photos", 60)


@pytest.fixture
def quick(monkeypatch):
    """A small feature network, and few pictures."""
    monkeypatch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
    for room in ("generator_training", "training_measures"):
        monkeypatch.setattr(f"partly.project.trainings.{room}.load_feature_network", lambda _: Cells())
    monkeypatch.setattr(module.average_choice, "__defaults__", (8,))
    monkeypatch.setattr(no_better, "StoppingRule", lambda: SMALL)
    before = no_better.Looks.__init__
    monkeypatch.setattr(no_better.Looks, "__init__", lambda *args: before(*args[:4], n_pictures=8))


def choice_of(folder):
    return AverageChoice.of_json(load_card(folder).extra["training"]["averages"])


def same_pictures(one, other):
    """Whether two generators have the same weights but for means of ``w``, which are of random latents."""
    first, second = (load_generator(place).state_dict() for place in (one, other))
    return all(torch.equal(first[name], second[name]) for name in first if name != "w_mean")


def test_how_long_they_are():
    assert average_factors(1) == (1.0,)
    assert average_factors(2) == (1.0, 4.0)
    assert average_factors(3) == (0.25, 1.0, 4.0)
    assert average_factors(5) == (0.0625, 0.25, 1.0, 4.0, 16.0)
    assert training_plan(CHOICES).config.averages == (0.25, 1.0, 4.0)
    with pytest.raises(BadOption, match="n_averages is 6; expected 1 to 5"):
        choices_for("mlp", n_averages=6)


def test_the_best_is_the_generator_and_all_are_kept(photos, tmp_path, quick):
    out = tmp_path / "out"
    trained = train_generator(photos, out, CHOICES)
    choice = choice_of(out)
    assert [one.factor for one in choice.averages] == [0.25, 1.0, 4.0]
    # 0.05 of the 20 photos shown is the family's own.
    assert [one.half_life for one in choice.averages] == [0, 1, 4]
    assert (choice.n_photos, choice.are_held_out, choice.n_steps) == (60, False, 5)
    assert choice.chosen.kernel == min(one.kernel for one in choice.averages)
    places = {one.name: out / "averages" / one.name for one in choice.averages}
    assert [same_pictures(out, place) for place in places.values()] == [
        name == choice.chosen.name for name in places
    ]
    assert load_card(out).extra["training"]["step"] == 5
    assert trained.outcome == str(choice)
    page = trained.page.read_text()
    assert "Averages of the weights" in page
    assert "the generator in the folder" in page
    # A finished training is left as it is; one that goes on chooses anew.
    files = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert train_generator(photos, out, CHOICES).outcome == trained.outcome
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")} == files
    chosen, shown = TrainingFolder(out).best_grid, []
    assert chosen.is_file()

    def on_pictures(_grid):
        shown.append((chosen.exists(), "the generator in the folder" in trained.page.read_text()))

    longer = replace(CHOICES, n_photos_shown=7 * 4)
    train_generator(photos, out, longer, TrainingReports(on_pictures=on_pictures))
    # Until it ends anew, nothing is said to be chosen.
    assert shown == [(False, False)]
    assert chosen.is_file()
    assert choice_of(out).n_steps == 7
    whole = train_generator(photos, tmp_path / "whole", replace(CHOICES, n_photos_shown=7 * 4))
    assert choice_of(whole.folder) == choice_of(out)
    assert load_generator(whole.folder).digest == load_generator(out).digest


def test_one_average_is_not_compared(photos, tmp_path, quick):
    trained = train_generator(photos, tmp_path / "out", replace(CHOICES, n_averages=1))
    assert trained.outcome == ""
    assert "averages" not in load_card(trained.folder).extra["training"]
    assert not TrainingFolder(trained.folder).averages.exists()
    with pytest.raises(BadOption, match="holds a training with n_averages 1, not 3"):
        train_generator(photos, tmp_path / "out", CHOICES)


def test_of_a_watched_training_those_of_the_best_evaluation_are_compared(photos, tmp_path, quick):
    out = tmp_path / "out"
    watched = {"until": "no-better", "n_held_out": 50, "evaluate_every": 8, "n_photos_shown": 160}
    trained = train_generator(photos, out, replace(CHOICES, **watched))
    choice, card = choice_of(out), load_card(out).extra["training"]
    assert (choice.n_photos, choice.are_held_out, choice.n_steps) == (50, True, 10)
    best = out / "training" / f"best-{card['step']:08}"
    for one in choice.averages:
        of_best = best if one.factor == 1.0 else best / "averages" / one.name
        assert same_pictures(out / "averages" / one.name, of_best)
    assert same_pictures(out, out / "averages" / choice.chosen.name)
    assert trained.outcome.startswith("Stopped after 40 photos: ")
    assert trained.outcome.endswith(str(choice))
    assert "50 photos that were held out" in trained.outcome


def test_they_are_compared_where_the_training_was_computed(tmp_path, monkeypatch):
    """Pictures are made there, and what is kept is on the processor again."""

    def noted(generators, half_life, n_steps, *_):
        devices.append({one.w_mean.device for one in generators.values()})
        return AverageChoice((AverageFigures(1.0, 1), AverageFigures(4.0, 4)), 0, False, n_steps)

    devices = []
    monkeypatch.setattr("partly.project.trainings.generator_keeper.average_choice", noted)
    squares = np.zeros((4, 8, 8, 3), np.uint8)
    photos = PhotoSet(squares, tuple("abcd"), (), "0")
    plan = training_plan(CHOICES)
    measures = Measures(TrainingFolder(tmp_path), photos)
    monkeypatch.setattr(Measures, "photo_rows", lambda _: None)
    generator = plan.players.generator.eval()
    with device_with_values() as device:
        keeper = GeneratorKeeper(
            TrainingFolder(tmp_path), CHOICES, photos, {}, plan, measures, print, Machine(device)
        )
        keeper._keep_best({1.0: generator, 4.0: generator}, 5, 5)
    assert devices == [{device}]
    assert choice_of(tmp_path).n_steps == 5
    assert same_pictures(tmp_path, tmp_path / "averages" / "4")


def test_the_nearest_is_chosen():
    """Of three constant generators, the one whose pictures are as grey as the photos."""
    rows = np.full((10, 12), 0.5, np.float32) + np.random.default_rng(0).normal(0, 0.1, (10, 12))

    def features(generator, *_, **__):
        return np.full((8, 12), generator, np.float32) + np.random.default_rng(1).normal(0, 0.1, (8, 12))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "picture_features", features)
        told = (rows.astype(np.float32), Cells(), True)
        choice = average_choice({4.0: 0.55, 0.25: 3.0, 1.0: 1.0}, 1000.0, 9, told, print)
    assert [one.half_life for one in choice.averages] == [250, 1000, 4000]
    assert choice.chosen.factor == 4.0
    kernels = [one.kernel for one in choice.averages]
    assert kernels == sorted(kernels, reverse=True)
    few = average_choice({4.0: 0.55, 1.0: 1.0}, 1000.0, 9, (rows[:5], Cells(), False), print)
    assert (few.chosen.factor, few.n_photos) == (1.0, 0)
    assert str(few) == (
        "Averages with half-lives of 1,000, 4,000 photos are in the folder averages; there are too few "
        "photos to compare them with, and the generator is that of 1,000."
    )


def test_what_is_told():
    averages = (AverageFigures(0.25, 2500, 3.21, 0.2), AverageFigures(1.0, 10_000, 3.01, 0.19))
    assert str(AverageChoice(averages, 2000, False, 9)) == (
        "Averages with half-lives of 2,500 (3.210 ± 0.200), 10,000 (3.010 ± 0.190) photos were compared with "
        "2,000 photos (kernel distance x 1000): the generator is that of 10,000; all are in the folder "
        "averages."
    )
