import numpy as np
import pytest
import torch
import torch.nn.functional as F

from partly.models.generators.stylegan3.alias_free_filters import downsampled, low_pass, upsampled


def response(taps, frequency, rate):
    """Gain of a filter for a wave along one axis."""
    n = len(taps)
    places = (np.arange(n) - (n - 1) / 2) / rate
    line = taps.double().numpy() if taps.ndim == 1 else taps.double().numpy().sum(0)
    return float((line * np.cos(2 * np.pi * frequency * places)).sum())


@pytest.mark.parametrize("radial", [False, True])
def test_a_filter_keeps_what_is_below_the_band_and_stops_what_is_above(radial):
    taps = low_pass(48, 8.0, 4.0, 64.0, radial=radial)
    assert float(taps.sum()) == pytest.approx(1, abs=1e-6)
    assert response(taps, 2.0, 64) == pytest.approx(1, abs=0.02)
    assert response(taps, 8.0, 64) == pytest.approx(0.5, abs=0.06)
    assert abs(response(taps, 16.0, 64)) < 0.01


def test_a_radial_filter_is_the_same_in_all_directions():
    taps = low_pass(24, 8.0, 8.0, 64.0, radial=True)
    assert torch.equal(taps, taps.T)
    torch.testing.assert_close(taps, taps.flip(0))
    # Along the diagonal as along an axis, where a product of two filters passes more.
    places = (torch.arange(24) - 11.5) / 64 * 2 * np.pi * 12 / 2**0.5
    diagonal = (taps * torch.cos(places[:, None] + places)).sum()
    assert float(diagonal) == pytest.approx(response(taps, 12.0, 64), abs=0.02)


@pytest.mark.parametrize("radial", [False, True])
@pytest.mark.parametrize("padding", [(5, 4), (-1, -2)])
def test_resampling_against_its_definition(radial, padding):
    taps = low_pass(8, 2.0, 2.0, 16.0, radial=radial)
    kernel = taps if radial else torch.outer(taps, taps)
    maps = torch.randn(2, 3, 9, 9)
    apart = torch.zeros(2, 3, 18, 18)
    apart[:, :, ::2, ::2] = maps
    wanted = F.conv2d(F.pad(apart, padding * 2), kernel.expand(3, 1, -1, -1), groups=3) * 4
    torch.testing.assert_close(upsampled(maps, taps, 2, padding), wanted, rtol=1e-4, atol=1e-5)
    wanted = F.conv2d(maps, kernel.expand(3, 1, -1, -1), groups=3)[:, :, ::2, ::2]
    torch.testing.assert_close(downsampled(maps, taps, 2), wanted, rtol=1e-4, atol=1e-5)
