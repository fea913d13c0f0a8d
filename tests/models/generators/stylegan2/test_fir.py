import numpy as np
import pytest
import torch

from partly.models.generators.stylegan2.fir_resampling import TAPS, downsampled, filtered, upsampled


def naive(maps, taps, padding, gain, up=1, down=1):
    """Zeros between pixels, zeros around, each output a sum over the taps, and only each down-th kept."""
    kernel = np.outer(taps, taps).astype(np.float64)
    kernel *= gain / kernel.sum()
    b, c, h, w = maps.shape
    apart = np.zeros((b, c, h * up, w * up))
    apart[:, :, ::up, ::up] = maps.double().numpy()
    padded = np.pad(apart, ((0, 0), (0, 0), padding, padding))
    n = len(taps)
    height, width = (side - n + 1 for side in padded.shape[2:])
    result = np.zeros((b, c, height, width))
    for y in range(height):
        for x in range(width):
            result[:, :, y, x] = (padded[:, :, y : y + n, x : x + n] * kernel).sum((2, 3))
    return torch.from_numpy(result[:, :, ::down, ::down]).float()


@pytest.fixture
def maps():
    return torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(0))


def test_filter_is_the_sum_over_its_taps(maps):
    torch.testing.assert_close(
        filtered(maps, (2, 1), gain=4), naive(maps, TAPS, (2, 1), 4), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("taps", [TAPS, (1.0, 1.0), (1.0, 2.0, 1.0)])
def test_upsampling_is_zeros_between_and_a_filter(maps, taps):
    n = len(taps)
    wanted = naive(maps, taps, ((n + 1) // 2, (n - 2) // 2), 4, up=2)
    assert wanted.shape == (2, 3, 12, 16)
    torch.testing.assert_close(upsampled(maps, taps), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("taps", [TAPS, (1.0, 1.0), (1.0, 2.0, 1.0)])
def test_downsampling_is_a_filter_and_every_second_pixel(maps, taps):
    n = len(taps)
    wanted = naive(maps, taps, ((n - 1) // 2, (n - 2) // 2), 1, down=2)
    assert wanted.shape == (2, 3, 3, 4)
    torch.testing.assert_close(downsampled(maps, taps), wanted, rtol=1e-4, atol=1e-5)


def test_constants_stay_away_from_the_border():
    ones = torch.ones(1, 1, 8, 8)
    torch.testing.assert_close(upsampled(ones)[:, :, 2:-2, 2:-2], torch.ones(1, 1, 12, 12))
    torch.testing.assert_close(downsampled(ones)[:, :, 1:-1, 1:-1], torch.ones(1, 1, 2, 2))


def test_two_taps_are_repetition_and_means(maps):
    torch.testing.assert_close(
        upsampled(maps, (1.0, 1.0)), maps.repeat_interleave(2, 2).repeat_interleave(2, 3)
    )
    torch.testing.assert_close(downsampled(maps, (1.0, 1.0)), torch.nn.functional.avg_pool2d(maps, 2))


def test_down_is_the_adjoint_of_up(maps):
    """<up(a), b> = 4 <a, down(b)>: the same filter in both directions."""
    other = torch.randn(2, 3, 12, 16, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        (upsampled(maps) * other).sum(), 4 * (maps * downsampled(other)).sum(), rtol=1e-4, atol=1e-4
    )
