import json
import sys

import pytest
import torch
from benchmarks.eight_gaussians import GRID, RING, SETTINGS, Points, figures, main

from partly.training.recipes.objective_table import OBJECTIVES


@pytest.mark.parametrize(("modes", "n"), [(RING, 8), (GRID, 25)])
def test_points_of_the_modes_themselves_find_all(modes, n):
    found, good = modes.judged(Points(modes, 4000).read(0).photos)
    assert found == len(modes.centres) == n
    assert 0.97 < good < 1


def test_points_of_one_mode_and_points_between_modes():
    one = torch.tensor([[2.0, 0.0]]).repeat(100, 1)
    assert RING.judged(one) == (1, 1.0)
    assert RING.judged(one + 4 * RING.deviation) == (0, 0.0)


def test_all_objectives_of_the_command_line_are_there():
    assert set(OBJECTIVES) <= set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_short_training_gives_figures(name):
    found = figures(SETTINGS[name], n_steps=2)
    assert set(found) == {"modes", "good", "time_s"}
    assert 0 <= found["good"] <= 1


def test_figures_that_are_there_are_not_made_again(tmp_path, monkeypatch, capsys):
    words = ["--objective", "hinge", "--grid", "--seeds", "2", "--steps", "1", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["eight_gaussians", *words])
    main()
    told = capsys.readouterr().out
    assert told.startswith("hinge, 1 steps, seed 0: {'modes': ")
    written = json.loads((tmp_path / "grid-gaussians.json").read_text())
    assert list(written) == ["hinge, 1 steps, seed 0", "hinge, 1 steps, seed 1"]
    monkeypatch.setattr("benchmarks.eight_gaussians.figures", None)
    main()
    assert capsys.readouterr().out == told
