import math

import pytest
import torch
import torch.nn.functional as F

from partly.training.augment.adversarial.filtering import Filtering, bands, filtered


def random(seed=0):
    return torch.Generator().manual_seed(seed)


def images(n=4, height=20, width=24):
    return torch.rand(n, 3, height, width, generator=random(9)) * 2 - 1


def naive_bands():
    """Taps of the four bands, 43 long, from sym2 itself by convolutions."""
    root = math.sqrt(3)
    low = torch.tensor([1 - root, 3 - root, 3 + root, 1 + root], dtype=torch.float64) / (4 * math.sqrt(2))
    high = low * torch.tensor([1.0, -1.0, 1.0, -1.0])

    def convolved(a, b):
        return F.conv1d(F.pad(a[None, None], [len(b) - 1] * 2), b.flip(0)[None, None])[0, 0]

    def apart(taps, distance):
        spread = torch.zeros((len(taps) - 1) * distance + 1, dtype=torch.float64)
        spread[::distance] = taps
        return spread

    low, high = convolved(low, low.flip(0)) / 2, convolved(high, high.flip(0)) / 2
    rest, found = torch.ones(1, dtype=torch.float64), []
    for distance in (1, 2, 4):
        found.append(convolved(rest, apart(high, distance)))
        rest = convolved(rest, apart(low, distance))
    found = [rest, *reversed(found)]
    return torch.stack([F.pad(taps, [(43 - len(taps)) // 2] * 2) for taps in found])


def naive_filtered(one, gains):
    taps = gains.double() @ naive_bands()
    for dim in (1, 2):
        moved = one.double().movedim(dim, -1)
        # Reflected on and on: more than torch pads at once.
        n = moved.shape[-1]
        round_trip = torch.cat([moved, moved[..., 1:-1].flip(-1)], -1)
        places = torch.arange(-21, n + 21) % (2 * n - 2)
        padded = round_trip[..., places]
        out = F.conv1d(padded.reshape(-1, 1, n + 42), taps.flip(0)[None, None]).view(moved.shape)
        one = out.movedim(-1, dim)
    return one


def test_gains_of_one_change_nothing():
    assert torch.equal(Filtering(0.0)(images(), 1.0, random()), images())
    assert (filtered(images(), torch.ones(4, 4)) - images()).abs().max() < 1e-6
    assert torch.equal(bands(16, torch.zeros((), dtype=torch.float64)).sum(0), torch.eye(16).double())


def test_gains_against_convolutions():
    gains = torch.tensor(
        [[0.5, 2.0, 1.0, 1.0], [1.0, 1.0, 0.1, 3.0], [1.3, 0.2, 2.2, 0.7], [0.0, 0.0, 0.0, 1]]
    )
    changed = filtered(images(), gains)
    for one, other, gain in zip(images(), changed, gains, strict=True):
        assert (naive_filtered(one, gain) - other).abs().max() < 1e-5


@pytest.mark.parametrize(("band", "periods"), [(0, 1), (1, 6), (2, 12), (3, 30)])
def test_each_band_passes_its_own_octave(band, periods):
    # A cosine about the pixels' middles of whole half periods is its own reflection.
    wave = torch.cos(math.pi * torch.arange(64.0) / 63 * 2 * periods)
    shares = [(part @ wave).norm() / wave.norm() for part in bands(64, wave)]
    assert int(torch.stack(shares).argmax()) == band
    assert shares[band] > 0.65


def test_power_of_natural_pictures_stays():
    gains = Filtering().gains(5000, 1.0, random())
    one = Filtering(0.25).gains(5000, 1.0, random())
    powers = torch.tensor([10, 1, 1, 1]) / 13
    # With one band changed exactly; with several about.
    single = one[(one == one.median(1, keepdim=True).values).sum(1) == 3]
    assert len(single) > 500
    assert ((single.square() * powers).sum(1) - 1).abs().max() < 1e-5
    assert 0.3 < (gains.square() * powers).sum(1).log().exp().mean() < 3


def test_gains_are_spread_as_in_the_paper():
    gains = Filtering().gains(20_000, 1.0, random())
    # Ratios of bands do not depend on what they are scaled by: two deviations of one octave.
    ratio = (gains[:, 1] / gains[:, 2]).log2()
    assert ratio.std() == pytest.approx(math.sqrt(2), rel=0.03)


def test_as_many_are_changed_as_p_says():
    n, p = 4000, 0.2
    gains = Filtering().gains(n, p, random())
    changed = 1 - (1 - p) ** 4
    found = (gains != 1).any(1).float().mean().item()
    assert found == pytest.approx(changed, abs=4 * math.sqrt(changed * (1 - changed) / n))


def test_gradients_agree_with_finite_differences():
    small = images(2, 4, 3).double().requires_grad_(True)
    torch.autograd.gradcheck(lambda x: Filtering()(x, 0.8, random()), small, fast_mode=True)
    torch.autograd.gradgradcheck(lambda x: Filtering()(x, 0.8, random()).square(), small, fast_mode=True)
