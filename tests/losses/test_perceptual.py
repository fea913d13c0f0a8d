"""Distances of pictures and the penalty on noise, against loops in NumPy."""

import numpy as np
import pytest
import torch

from partly.losses import (
    beyond_range,
    noise_autocorrelation,
    perceptual_distance,
    pixel_distance,
    unit_normalised,
)
from partly.losses.perceptual_distances import weighted_mean


def random(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def naive_lpips(first, second, heads):
    """Equation 1 of Zhang et al., of one picture: maps ``[c, h, w]`` of each level."""
    total = 0.0
    for one, other, head in zip(first, second, heads, strict=True):
        _, height, width = one.shape
        level = 0.0
        for y in range(height):
            for x in range(width):
                a = one[:, y, x] / np.linalg.norm(one[:, y, x])
                b = other[:, y, x] / np.linalg.norm(other[:, y, x])
                level += float((head * (a - b) ** 2).sum())
        total += level / (height * width)
    return total


def test_perceptual_distance_is_the_papers():
    sizes = ((3, 8), (5, 4), (6, 2))
    first = [random(2, c, s, s, seed=c) for c, s in sizes]
    second = [random(2, c, s, s, seed=10 + c) for c, s in sizes]
    heads = [random(c, seed=20 + c).abs() for c, _ in sizes]
    found = perceptual_distance(
        [unit_normalised(m) for m in first], [unit_normalised(m) for m in second], heads
    )
    for i in range(2):
        maps = [[m[i].double().numpy() for m in levels] for levels in (first, second)]
        assert float(found[i]) == pytest.approx(
            naive_lpips(*maps, [head.numpy() for head in heads]), rel=1e-5
        )


def test_zeros_stay_zeros_and_have_slopes():
    maps = torch.zeros(1, 3, 2, 2, requires_grad=True)
    normed = unit_normalised(maps)
    assert torch.equal(normed, torch.zeros(1, 3, 2, 2))
    (slope,) = torch.autograd.grad(normed.sum(), maps)
    assert slope.isfinite().all()


def test_weights_count_places():
    one, other = random(2, 3, 8, 8), random(2, 3, 8, 8, seed=1)
    weights = torch.zeros(2, 1, 8, 8)
    weights[:, :, :4] = 1
    half = pixel_distance(one, other, weights)
    torch.testing.assert_close(half, (one - other)[:, :, :4].square().mean(dim=(1, 2, 3)))
    # Of another size: means of areas.
    small = torch.nn.functional.avg_pool2d(one[:, :1], 4)
    torch.testing.assert_close(weighted_mean(small, weights), small[:, :, :1].mean(dim=(1, 2, 3)))
    assert weighted_mean(small, torch.zeros(2, 1, 8, 8)).tolist() == [0, 0]


def test_what_is_beyond_the_range():
    images = torch.zeros(2, 3, 2, 2)
    images[0, 0, 0, 0], images[0, 1, 1, 1], images[1, 2, 0, 1] = 2, -3, 1
    assert beyond_range(images).tolist() == pytest.approx([(1 + 4) / 12, 0])


def naive_autocorrelation(noise):
    """Appendix D of Karras et al., of one map."""
    total = 0.0
    while True:
        height, width = noise.shape
        across = down = 0.0
        for y in range(height):
            for x in range(width):
                across += noise[y, x] * noise[y, x - 1]
                down += noise[y, x] * noise[y - 1, x]
        total += (across / noise.size) ** 2 + (down / noise.size) ** 2
        if height <= 8:
            return total
        halves = np.zeros((height // 2, width // 2))
        for y in range(height // 2):
            for x in range(width // 2):
                # Twice the mean: the sum of four over the root of four.
                halves[y, x] = noise[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].sum() / 2
        noise = halves


@pytest.mark.parametrize("side_px", [4, 8, 32])
def test_the_penalty_on_noise_is_the_papers(side_px):
    noise = random(3, 1, side_px, side_px)
    found = noise_autocorrelation(noise)
    wanted = [naive_autocorrelation(maps[0].double().numpy()) for maps in noise]
    assert found.tolist() == pytest.approx(wanted, rel=1e-4)


def test_pictures_are_no_noise():
    white = noise_autocorrelation(random(1, 1, 64, 64))
    ramp = torch.linspace(-1.7, 1.7, 64).expand(1, 1, 64, 64)
    assert noise_autocorrelation(ramp) > 100 * white
