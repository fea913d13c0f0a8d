"""How long a training takes, told before it begins."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import TooLittleMemory
from partly.machine.machine import PROCESSOR
from partly.project.trainings import forecasts as module
from partly.project.trainings.forecasts import (
    TrainingForecast,
    duration_text,
    steps_before,
    training_forecast,
)
from partly.project.trainings.generator_training import TrainingReports, train_generator
from partly.storage.model_folders import digest_of
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.recipes.recipe_table import RECIPES, choices_for
from partly.training.recipes.training_plans import training_plan
from tests.fakes import needed_choices, noise_photos

SIZES_PX = {"mlp": 8, "gmmn": 8, "dcgan": 16}


def plan_of(family, **given):
    batch_size = 100 if family == "gmmn" else 4
    return training_plan(
        choices_for(family, size_px=SIZES_PX.get(family, 32), batch_size=batch_size, **given)
    )


def photos_of(ready, size_px):
    n = ready.batch_size
    squares = np.random.default_rng(0).integers(0, 256, (n, size_px, size_px, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple(map(str, range(n))), (), "0"), n)


@pytest.mark.parametrize("family", RECIPES)
def test_steps_of_a_trial_stand_for_all_that_are_left(family, tmp_path):
    ready = plan_of(family, **needed_choices(family, tmp_path))
    for n_done, n_times in ((0, 1), (ready.n_steps // 2, 3)):
        trial = ready.trial(n_done, n_times)
        assert trial.plan.n_steps == len(trial.stands_for)
        assert trial.stands_for[0] == 0
        assert sum(trial.stands_for) == pytest.approx(ready.n_steps - n_done)
        assert trial.plan.batch_size == ready.batch_size


def test_penalties_that_are_rarely_counted_weigh_little():
    ready = plan_of("stylegan2", n_photos_shown=4 * 160)
    trial = ready.trial(0, 2)
    assert trial.stands_for == (0, 75, 5, 75, 5)
    assert [one.every for one in ready.players.discriminator_penalties] == [16]
    assert [one.every for one in trial.plan.players.discriminator_penalties] == [2]
    # Those of every step stay so.
    trial = plan_of("light", objective="wasserstein").trial(0, 1)
    assert [one.every for one in trial.plan.players.discriminator_penalties] == [1, 1]


def test_both_stages_of_matching_are_tried():
    ready = plan_of("gmmn", n_photos_shown=2_000_000)
    # A quarter of the usual 4,000,000 photos for the autoencoder.
    assert ready.trial(0, 2).stands_for == (0, 5000, 5000, 0, 5000, 5000)
    assert ready.trial(12_000, 2).stands_for == (0, 0, 0, 0, 4000, 4000)
    tried = ready.trial(0, 2).plan.config
    assert [tried.is_autoencoder_step(step) for step in range(6)] == [True] * 3 + [False] * 3
    assert plan_of("gmmn", matched="pixels").trial(0, 1).stands_for[1] == 0


@pytest.mark.parametrize("family", ["dcgan", "mlp", "vae", "gmmn"])
def test_the_training_is_left_as_it_was(family, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_ENOUGH_S", 0.0)
    ready, told = plan_of(family), []
    networks = (
        [ready.players.generator, ready.players.discriminator]
        if hasattr(ready, "players")
        else [getattr(ready.parts, "decoder", None) or ready.parts.generator, ready.parts.encoder]
    )
    before = [digest_of(one.state_dict()) for one in networks]
    forecast = training_forecast(
        ready,
        photos_of(ready, SIZES_PX.get(family, 32)),
        tmp_path,
        PROCESSOR,
        on_trial=lambda *report: told.append(report),
    )
    assert [digest_of(one.state_dict()) for one in networks] == before
    assert not any(tmp_path.iterdir())
    assert forecast.n_photos == ready.n_steps * ready.n_shown_a_step
    assert forecast.time_s > 0
    n = {"dcgan": 3, "mlp": 3, "vae": 2, "gmmn": 4}[family]
    assert told == [("timing the first steps", i + 1, n) for i in range(n)]


def test_times_are_those_of_what_steps_stand_for(tmp_path, monkeypatch):
    clock = iter([100.0, 101.0, 104.0, *range(200, 206)])
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(module, "_ENOUGH_S", 5.0)
    ready = plan_of("mlp", n_photos_shown=4 * 5 * 160, objective="wasserstein")
    forecast = training_forecast(ready, photos_of(ready, 8), tmp_path, PROCESSOR)
    # Steps of 1 s and 3 s, which are 4 s and less than 5; then of five steps, 1 s each.
    assert forecast.time_s == pytest.approx(160)


def test_nothing_is_told_of_short_trainings_or_of_those_that_cannot_be(tmp_path, monkeypatch):
    short = plan_of("mlp", n_photos_shown=4 * 49)
    assert training_forecast(short, photos_of(short, 8), tmp_path, PROCESSOR) is None
    (tmp_path / "checkpoint-00000060.safetensors").touch()
    assert steps_before(tmp_path) == 60
    rest = plan_of("mlp", n_photos_shown=4 * 109)
    assert training_forecast(rest, photos_of(rest, 8), tmp_path, PROCESSOR) is None

    def too_little(*_):
        raise TooLittleMemory("memory is too short")

    monkeypatch.setattr(module, "_timed", too_little)
    ready = plan_of("mlp")
    assert training_forecast(ready, photos_of(ready, 8), tmp_path, PROCESSOR) is None


def test_what_is_told():
    whole = TrainingForecast(400_000, 0, 400_000 / 60, "cpu, float32")
    assert str(whole) == "About 1.9 hours: 400,000 photos at 60 a second on cpu, float32."
    assert str(replace(whole, is_most=True)).startswith("At most about 1.9 hours: 400,000 photos at 60 a s")
    rest = TrainingForecast(6000, 394_000, 2000.0, "cpu, float32")
    assert str(rest) == (
        "About 33 minutes: 6,000 photos after the 394,000 of before at 3.0 a second on cpu, float32."
    )


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (89.4, "89 seconds"),
        (91, "2 minutes"),
        (35 * 60 + 10, "35 minutes"),
        (1.5 * 3600, "1.5 hours"),
        (3 * 3600, "3 hours"),
        (20.3 * 3600, "20 hours"),
        (36 * 3600, "1.5 days"),
        (12.2 * 86400, "12 days"),
    ],
)
def test_times_are_told_as_people_tell_them(time_s, text):
    assert duration_text(time_s) == text


@pytest.fixture
def photos(tmp_path):
    """Six photos."""
    return noise_photos(tmp_path / "photos", 6)


def test_the_verb_tells_it_before_the_first_step(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
    monkeypatch.setattr(module, "_LEAST_STEPS", 2)
    monkeypatch.setattr(module, "_ENOUGH_S", 0.0)
    order = []
    choices = choices_for("mlp", size_px=8, n_photos_shown=12, batch_size=4)
    reports = TrainingReports(on_step=lambda step: order.append(step.step), on_forecast=order.append)
    train_generator(photos, tmp_path / "out", choices, reports)
    assert isinstance(order[0], TrainingForecast)
    assert order[1:] == [1, 2, 3]
    with monkeypatch.context() as nobody:
        # Who is told nothing does not wait for a trial.
        nobody.setattr("partly.project.trainings.generator_training.training_forecast", None)
        train_generator(photos, tmp_path / "other", choices)
    words = ["train", str(photos), str(tmp_path / "out"), "--family", "mlp", "--size", "8", "--batch", "4"]
    done = CliRunner().invoke(cli, [*words, "--photos-shown", "24"])
    assert done.exit_code == 0, done.output
    assert "About 1 second: 12 photos after the 12 of before at " in done.stdout
