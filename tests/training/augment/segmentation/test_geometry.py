import math

import pytest
import torch

from partly.training.augment.segmentation.affine_geometry import (
    affine_matrices,
    inside,
    mip_levels,
    sampling_grid,
    swap_mirrored_parts,
    warp,
)

SIZE = 16


def matrices(flip=False, degrees=0.0, scale=1.0, shift=(0.0, 0.0)):
    return affine_matrices(
        torch.tensor([flip]),
        torch.tensor([math.radians(degrees)]),
        torch.tensor([scale]),
        torch.tensor([shift]),
    )


@pytest.fixture
def maps():
    return torch.rand(1, 2, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def test_nothing_changes_nothing(maps):
    assert torch.allclose(warp(maps, matrices(), SIZE), maps, atol=1e-5)
    assert inside(sampling_grid(matrices(), SIZE)).all()


def test_flip_mirrors_left_and_right(maps):
    assert torch.allclose(warp(maps, matrices(flip=True), SIZE), maps.flip(3), atol=1e-5)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_are_counter_clockwise(maps, quarters):
    turned = warp(maps, matrices(degrees=90 * quarters), SIZE)
    assert torch.allclose(turned, torch.rot90(maps, quarters, (2, 3)), atol=1e-4)


def test_shift_by_whole_pixels(maps):
    shifted = warp(maps, matrices(shift=(2 * 3 / SIZE, 2 * 2 / SIZE)), SIZE)
    assert torch.allclose(shifted[..., 2:, 3:], maps[..., :-2, :-3], atol=1e-5)


def test_shift_is_measured_after_turning_and_scaling():
    dot = torch.zeros(1, 1, 33, 33)
    dot[..., 16, 16] = 1
    moved = warp(dot, matrices(flip=True, degrees=30, scale=2.0, shift=(0.5, 0.0)), 33)
    y, x = divmod(int(moved.argmax()), 33)
    assert (y, x) == (16, pytest.approx(16 + 0.25 * 33, abs=1))


def test_scale_two_shows_the_middle_half_twice_as_large(maps):
    large = warp(maps, matrices(scale=2.0), SIZE)
    middle = maps[..., SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4]
    enlarged = torch.nn.functional.interpolate(middle, scale_factor=2, mode="bilinear")
    assert torch.allclose(large[..., 1:-1, 1:-1], enlarged[..., 1:-1, 1:-1], atol=1e-5)


def test_shrinking_takes_means_and_skips_no_pixel():
    checks = torch.zeros(1, 1, 64, 64)
    checks[..., ::2, ::2] = 1
    checks[..., 1::2, 1::2] = 1
    assert torch.allclose(warp(checks, matrices(), 32), torch.full((1, 1, 32, 32), 0.5), atol=1e-6)


@pytest.mark.parametrize(("scale", "source_px", "size_px", "level"), [
    (1.0, 64, 64, 0), (1.0, 128, 64, 1), (0.5, 128, 64, 2), (2.0, 128, 64, 0), (0.5, 8, 64, 0),
])  # fmt: skip
def test_how_often_the_source_is_halved(scale, source_px, size_px, level):
    assert mip_levels(matrices(scale=scale), source_px, size_px).tolist() == [level]


def test_pictures_of_one_batch_may_be_halved_differently():
    maps = torch.rand(3, 1, 64, 64)
    both = affine_matrices(
        torch.zeros(3, dtype=torch.bool), torch.zeros(3), torch.tensor([0.5, 1.0, 2.0]), torch.zeros(3, 2)
    )
    together = warp(maps, both, 64)
    apart = torch.cat([warp(maps[i : i + 1], both[i : i + 1], 64) for i in range(3)])
    assert torch.allclose(together, apart, atol=1e-6)


def test_outside_is_told_from_inside(maps):
    shown = inside(sampling_grid(matrices(scale=0.5), SIZE))[0, 0]
    assert shown.sum() == (SIZE // 2) ** 2
    assert shown[SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4].all()


def test_reflection_surrounds_the_picture_with_its_mirror_image(maps):
    small = warp(maps, matrices(shift=(2 * 4 / SIZE, 0.0)), SIZE)
    assert torch.allclose(small[..., :4], maps[..., :4].flip(3), atol=1e-5)
    zeros = warp(maps, matrices(shift=(2 * 4 / SIZE, 0.0)), SIZE, "zeros")
    assert (zeros[..., :4] == 0).all()


def test_left_and_right_change_places_in_mirrored_pictures_only():
    labels = torch.arange(6.0).view(2, 3, 1, 1)
    swapped = swap_mirrored_parts(labels, torch.tensor([True, False]), (0, 2, 1))
    assert swapped.flatten().tolist() == [0, 2, 1, 3, 4, 5]
    assert swap_mirrored_parts(labels, torch.tensor([True, True]), (0, 1, 2)) is labels
