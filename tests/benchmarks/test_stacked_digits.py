"""The benchmark of a thousand modes, on a few digits that are bars."""

import json
import math

import numpy as np
import pytest
import torch
from benchmarks.processor_time import StepClock, keep_seconds, kept_seconds, photos_in, seconds_of_a_step
from benchmarks.stacked_digits import (
    NamedStacks,
    StackedDigits,
    StackedTrainings,
    divergence_from_uniform,
    named_stacks,
)
from experiments.training_study import Variant
from torch import nn

from benchmarks import stacked_digits
from partly.errors import TrainingDiverged
from partly.training.recipes import PlanStep
from tests.benchmarks.mnist_files import write_mnist


class ReadsBrightness(nn.Module):
    """Digits that are squares of one brightness: 0.1 is digit 1, and so on."""

    def forward(self, images):
        digits = (images.mean((1, 2, 3)) * 10).round().long()
        return 5.0 * nn.functional.one_hot(digits, 10)


def squares(n=10, size_px=4):
    return np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None], (n, size_px, size_px)).copy()


def test_stacks_are_three_digits_each_and_functions_of_their_number():
    batches = StackedDigits(squares(), "digits", 8, 3)
    batch = batches.read(5)
    assert batch.photos.shape == (8, 3, 4, 4)
    assert batch.condition.shape == (8, 0)
    assert torch.equal(batches.read(5).photos, batch.photos)
    others = (batches.read(6), StackedDigits(squares(), "digits", 8, 4).read(5))
    assert not any(torch.equal(other.photos, batch.photos) for other in others)
    digits = ((torch.cat([batches.read(i).photos for i in range(200)])[..., 0, 0] + 1) * 127.5).round().long()
    counts = torch.stack([torch.bincount(digits[:, colour], minlength=10) for colour in range(3)])
    # 1600 of each colour, 160 of each digit, with a deviation of 12.
    assert (counts - 160).abs().max() < 60
    # Colours are drawn apart: a tenth agree.
    assert (digits[:, 0] == digits[:, 1]).float().mean() == pytest.approx(0.1, abs=0.03)


def test_a_stack_is_named_by_its_three_digits():
    stacks = (
        torch.tensor([[4, 0, 7], [9, 9, 9], [0, 0, 1]]).float()[:, :, None, None].expand(-1, -1, 4, 4) / 10
    )
    named = named_stacks(ReadsBrightness(), stacks)
    assert named.modes.tolist() == [407, 999, 1]
    assert named.sureness.tolist() == pytest.approx([math.exp(5) / (math.exp(5) + 9)] * 3)


def test_divergence_has_closed_forms():
    assert divergence_from_uniform(torch.arange(1000), 1000) == pytest.approx(0)
    assert divergence_from_uniform(torch.zeros(50, dtype=torch.int64), 1000) == pytest.approx(math.log(1000))
    halves = torch.tensor([0, 1] * 20)
    assert divergence_from_uniform(halves, 8) == pytest.approx(math.log(4))
    drawn = torch.randint(1000, (26_000,), generator=torch.Generator().manual_seed(0))
    assert divergence_from_uniform(drawn, 1000) == pytest.approx(999 / 52_000, rel=0.1)


def test_modes_are_counted_once_and_smears_apart():
    modes, sureness = torch.tensor([5, 5, 900, 31]), torch.tensor([0.99, 0.99, 0.95, 0.3])
    figures = NamedStacks(modes, sureness).figures()
    assert (figures["modes"], figures["modes surely"], figures["sure of, share"]) == (3, 2, 0.75)


def test_photos_of_a_budget_are_whole_steps():
    assert photos_in(1, 0.5, 320) == 120 * 320
    assert photos_in(0.001, 60, 64) == 64


def test_times_are_kept_by_name(tmp_path):
    file = tmp_path / "times.json"
    assert kept_seconds(file, "hinge") is None
    keep_seconds(file, "hinge", 0.25)
    keep_seconds(file, "minimax", 0.5)
    assert (kept_seconds(file, "hinge"), kept_seconds(file, "minimax")) == (0.25, 0.5)


def test_the_first_steps_are_not_timed(monkeypatch):
    now = iter([100.0, 200.0, 201.0, 202.0, 206.0])
    monkeypatch.setattr("benchmarks.processor_time.time.process_time", lambda: next(now))

    class Plan:
        def run(self, batches, folder, on_step, on_checkpoint):
            for step in range(5):
                on_step(PlanStep(step + 1, 5, "", {}))

    assert seconds_of_a_step(Plan(), None) == 2.0


def test_the_clock_counts_all_sittings(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("benchmarks.processor_time.time.process_time", lambda: now[0])
    file = tmp_path / "clock.json"
    first = StepClock(file)
    assert first.seconds_a_step is None
    for step in range(1, 61):
        now[0] += 2.0
        first(PlanStep(step, 100, "", {}))
    # Stopped after the fiftieth was written; it takes a checkpoint to go on, and those steps count again.
    second = StepClock(file)
    for step in range(41, 101):
        now[0] += 1.0
        second(PlanStep(step, 100, "", {}))
    assert second.seconds_a_step == pytest.approx((50 * 2 + 60) / 110)
    assert json.loads(file.read_text()) == {"steps": 110, "seconds": 160.0}


def test_a_training_that_diverges_is_told(tmp_path, monkeypatch):
    class Diverges:
        n_steps = 7

        def run(self, *_):
            raise TrainingDiverged("the loss is nan at step 3")

    monkeypatch.setattr(StackedTrainings, "plan", lambda *_: (Diverges(), None))
    figures = StackedTrainings(squares(), "digits", tmp_path).figures(
        Variant.parse("minimax"), 0, 448, nn.Identity(), 10
    )
    assert figures["diverged"] == "the loss is nan at step 3."
    assert "modes" not in figures


def test_a_variant_has_choices_beside_its_objective(tmp_path):
    plan, _ = StackedTrainings(squares(), "digits", tmp_path).plan(Variant.parse("hinge:gamma=0.5"), 0, 128)
    assert [one.objective.gamma for one in plan.players.discriminator_penalties] == [0.5]


@pytest.mark.slow
def test_what_is_finished_is_not_made_again(tmp_path, monkeypatch):
    data, out = write_mnist(tmp_path / "data"), tmp_path / "out"
    arguments = ([Variant.parse("hinge"), Variant.parse("wasserstein")], range(1), 128, 1, 40)
    found = stacked_digits.run(data, out, *arguments)
    first = found["trainings"]["hinge, 128 shown, seed 0, 40 pictures"]
    assert 1 <= first["modes"] <= 40
    assert first["steps"] == 2
    assert found["trainings"]["wasserstein, 128 shown, seed 0, 40 pictures"]["steps"] == 1
    assert math.log(1000 / 40) <= first["divergence, nats"] <= math.log(1000) + 1e-4
    monkeypatch.setattr(StackedTrainings, "plan", None)
    assert stacked_digits.run(data, out, *arguments) == found
    assert json.loads((out / "stacked-digits.json").read_text())["trainings"] == found["trainings"]
