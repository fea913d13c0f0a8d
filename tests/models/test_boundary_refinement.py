import numpy as np
import pytest
import torch

from partly.models.boundary_refinement import guided_filter, refined
from tests.device_with_values import device_with_values


@pytest.fixture
def guide():
    return torch.rand(3, 12, 17, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def maps():
    return torch.rand(2, 12, 17, generator=torch.Generator().manual_seed(1))


def naive(guide, maps, radius, epsilon):
    """Window by window, by numpy's solver."""
    guide, maps = guide.double().numpy(), maps.double().numpy()
    height, width = guide.shape[1:]
    slopes, offsets = np.zeros((height, width, len(maps), 3)), np.zeros((height, width, len(maps)))

    def window(y, x):
        return slice(max(0, y - radius), y + radius + 1), slice(max(0, x - radius), x + radius + 1)

    for y in range(height):
        for x in range(width):
            colours = guide[(slice(None), *window(y, x))].reshape(3, -1)
            values = maps[(slice(None), *window(y, x))].reshape(len(maps), -1)
            centred = colours - colours.mean(1, keepdims=True)
            variance = centred @ centred.T / colours.shape[1] + epsilon * np.eye(3)
            covariance = centred @ values.T / colours.shape[1]
            slopes[y, x] = np.linalg.solve(variance, covariance).T
            offsets[y, x] = values.mean(1) - slopes[y, x] @ colours.mean(1)
    result = np.zeros_like(maps)
    for y in range(height):
        for x in range(width):
            slope = slopes[window(y, x)].reshape(-1, len(maps), 3).mean(0)
            offset = offsets[window(y, x)].reshape(-1, len(maps)).mean(0)
            result[:, y, x] = slope @ guide[:, y, x] + offset
    return torch.from_numpy(result).float()


@pytest.mark.parametrize(("radius", "epsilon"), [(1, 1e-2), (2, 1e-3), (4, 1.0)])
def test_is_what_each_window_says(guide, maps, radius, epsilon):
    found = guided_filter(guide, maps, radius, epsilon)
    torch.testing.assert_close(found, naive(guide, maps, radius, epsilon), rtol=1e-3, atol=1e-4)


def test_an_affine_map_of_the_photo_stays(guide):
    affine = (0.5 * guide[0] - 0.2 * guide[2] + 0.3)[None]
    torch.testing.assert_close(guided_filter(guide, affine, 2, 1e-6), affine, rtol=1e-3, atol=1e-3)


def test_shares_still_add_up_to_one(guide, maps):
    shares = maps.softmax(0)
    total = guided_filter(guide, shares, 2, 1e-3).sum(0)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_a_boundary_moves_to_the_edge_of_the_photo():
    photo = torch.zeros(3, 9, 20)
    photo[:, :, 10:] = 1
    beside = torch.zeros(1, 9, 20)
    beside[:, :, 9:] = 1
    found = guided_filter(photo, torch.cat([1 - beside, beside]), 2, 1e-4).argmax(0)
    assert (found == (torch.arange(20) >= 10).long()).all()


def test_no_window_is_larger_than_a_pixel(guide, maps):
    torch.testing.assert_close(guided_filter(guide, maps, 0, 1e-3), maps)


def test_another_device_refines_the_same(maps):
    pixels = np.random.default_rng(0).integers(0, 255, (12, 17, 3), np.uint8)
    with device_with_values() as device:
        there = refined(maps.to(device), pixels)
        assert there.device == device
        assert torch.equal(there.cpu(), refined(maps, pixels))
