import math

import pytest
import torch
import torch.nn.functional as F

from partly.training.augment.adversarial.geometric import rotation, scaling, translation
from partly.training.augment.adversarial.resampling import (
    SYM6,
    _Read,
    doubling,
    fine_places,
    folded,
    halving,
    resampled,
    smooth_lines,
    whole_lines,
)

NOTHING = torch.eye(3, dtype=torch.float64)[None]


def smooth(height, width):
    y, x = torch.arange(height)[:, None] / height, torch.arange(width) / width
    return torch.stack([torch.sin(3 * x + 2 * y), torch.cos(4 * y - x), torch.sin(5 * x * y)])[None].double()


def rough(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def test_the_filter_is_an_orthogonal_one_with_six_vanishing_moments():
    taps = torch.tensor(SYM6, dtype=torch.float64)
    n = torch.arange(12, dtype=torch.float64)
    for shift in range(6):
        product = (taps[2 * shift :] * taps[: 12 - 2 * shift]).sum().item()
        assert product == pytest.approx(float(shift == 0), abs=1e-11)
    for power in range(6):
        assert ((-1) ** n * n**power * taps).sum().item() == pytest.approx(0, abs=1e-8)


def test_places_are_reflected_like_the_padding_of_torch():
    line = torch.arange(5.0)
    padded = F.pad(line[None], (4, 4), mode="reflect")[0]
    assert torch.equal(line[folded(torch.arange(-4, 9), 5)], padded)
    # On and on.
    assert torch.equal(folded(torch.arange(-20, 20), 5), folded(torch.arange(-12, 28), 5))
    some_stay = folded(torch.tensor([-4, -2, -1, 0, 4, 5, 6, 7]), 5, 1)
    assert some_stay.tolist() == [4, 2, -1, 0, 4, 5, 2, -1]


def test_twice_as_fine_and_back():
    line = rough(12)
    fine = doubling(12, line) @ line
    # The margin of three pixels at the left, of which the filter sees half a pixel less.
    assert (halving(12, line) @ fine[1:35] - line).abs().max() < 1e-11
    assert (doubling(12, line).sum(1) - 1).abs().max() < 1e-11
    assert fine_places(12).diff().sub(0.5).abs().max() < 1e-12


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (2, 1, 9, 14)])
def test_a_map_that_moves_nothing_keeps_even_noise(shape):
    images = rough(*shape)
    still = resampled(images, NOTHING[:, :2].expand(shape[0], -1, -1))
    assert (still - images).abs().max() < 1e-10
    assert (resampled(images.float(), NOTHING[:, :2].expand(shape[0], -1, -1)) - images).abs().max() < 1e-3


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_of_smooth_pictures(turns):
    images = smooth(24, 24)
    turned = resampled(images, rotation(torch.tensor([turns * math.pi / 2]))[:, :2])
    # Reflected, the picture has a kink at its border.
    inside = (..., slice(6, -6), slice(6, -6))
    assert (turned - torch.rot90(images, turns, (2, 3)))[inside].abs().max() < 1e-3
    assert (turned - torch.rot90(images, turns, (2, 3))).abs().max() < 0.05


def test_a_ramp_is_read_where_the_matrix_says():
    """Straight lines pass the filter exactly, so that every place can be told from its value."""
    height, width = 30, 40
    y, x = torch.arange(height).double()[:, None] - 14.5, torch.arange(width).double() - 19.5
    ramps = torch.stack([x.expand(height, -1), y.expand(-1, width)])[None]
    matrix = rotation(torch.tensor([0.4])) @ scaling(torch.tensor([0.7]), torch.tensor([0.5]))
    matrix = matrix @ translation(torch.tensor([2.3]), torch.tensor([-1.8]))
    read = resampled(ramps, matrix[:, :2])
    a, b, c, d, e, f = matrix[0, :2].flatten()
    wanted = torch.stack([a * x + b * y + c, d * x + e * y + f])[None]
    inside = ((wanted[0, 0].abs() < 14) & (wanted[0, 1].abs() < 9)).expand(1, 2, -1, -1)
    assert inside.float().mean() > 0.3
    assert (read - wanted)[inside].abs().max() < 1e-6


def test_shrinking_a_chequerboard_leaves_grey():
    y, x = torch.arange(32)[:, None], torch.arange(32)
    board = ((-1.0) ** (x + y)).expand(1, 1, -1, -1).double()
    half = scaling(torch.tensor([2.0]), torch.tensor([2.0]))[:, :2]
    assert resampled(board, half)[..., 10:-10, 10:-10].abs().max() < 0.02
    # Without a filter every pixel falls on a white field, or on a border.
    assert board[..., ::2, ::2].min() == 1


def test_lines_do_what_the_general_map_does():
    images = rough(2, 3, 12, 15)
    scale_x, scale_y = torch.tensor([1.3, -0.6]), torch.tensor([-1.1, 0.9])
    x, y = torch.tensor([2.2, 0.0]), torch.tensor([-30.7, 5.5])
    matrices = translation(x, y) @ scaling(scale_x, scale_y)
    rows = smooth_lines(scale_y.double(), y.double() + 5.5 * (1 - scale_y.double()), 12, images)
    columns = smooth_lines(scale_x.double(), x.double() + 7 * (1 - scale_x.double()), 15, images)
    apart = torch.einsum("kij,kcjl,kml->kcim", rows, images, columns)
    assert (resampled(images, matrices[:, :2]) - apart).abs().max() < 1e-10


def test_whole_pixels_are_moved_exactly():
    line = torch.arange(6.0)
    matrices = whole_lines(torch.tensor([1, -1]), torch.tensor([-2, 5]), 6, line)
    assert (matrices @ line).tolist() == [[2, 1, 0, 1, 2, 3], [5, 4, 3, 2, 1, 0]]


def test_reading_has_first_and_second_derivatives():
    maps = rough(1, 2, 5, 4).requires_grad_(True)
    grid = rough(1, 3, 6, 2)
    wanted = F.grid_sample(maps, grid, align_corners=True, padding_mode="border")
    assert torch.equal(_Read.apply(maps, grid), wanted)
    torch.autograd.gradcheck(lambda m: _Read.apply(m, grid), maps)
    torch.autograd.gradgradcheck(lambda m: _Read.apply(m, grid).sin(), maps)
