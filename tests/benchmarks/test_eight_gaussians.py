import torch
from benchmarks.eight_gaussians import DEVIATION, N_MODES, SETTINGS, Ring, figures, judged


def test_points_of_the_ring_itself_find_all_modes():
    found, good = judged(Ring(4000).read(0).photos)
    assert found == N_MODES
    assert 0.97 < good < 1


def test_points_of_one_mode_and_points_between_modes():
    one = torch.tensor([[2.0, 0.0]]).repeat(100, 1)
    assert judged(one) == (1, 1.0)
    assert judged(one + 4 * DEVIATION) == (0, 0.0)


def test_a_short_training_gives_figures():
    found = figures(SETTINGS["Wasserstein, gradient penalty"], n_steps=3)
    assert set(found) == {"modes", "good", "time_s"}
    assert 0 <= found["good"] <= 1
