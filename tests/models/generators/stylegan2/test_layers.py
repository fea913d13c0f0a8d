import pytest
import torch
import torch.nn.functional as F

from partly.models.generators.stylegan2.fir_resampling import filtered, upsampled
from partly.models.generators.stylegan2.modulated_layers import (
    GAIN,
    EqualisedConv,
    EqualisedLinear,
    ModulatedConv,
    Noise,
    StyledConv,
    ToRGB,
    bounded,
    leaky,
    leaky_gained,
)


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kernel_px", [1, 3])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_convolution_against_weights_of_each_picture(kernel_px, demodulate):
    """Karras et al. 2020, equations 1 to 3, picture by picture."""
    layer = ModulatedConv(6, 4, 5, kernel_px, demodulate=demodulate)
    maps, w = torch.randn(3, 4, 7, 7), torch.randn(3, 6)
    for i, style in enumerate(layer.style(w)):
        weight = layer.weight * layer.scale * style.view(1, -1, 1, 1)
        if demodulate:
            weight = weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        close(layer(maps, w)[i : i + 1], F.conv2d(maps[i : i + 1], weight, padding=kernel_px // 2))


@pytest.mark.parametrize("kernel_px", [1, 3])
def test_upsampling_convolution_is_upsampling_and_convolution(kernel_px):
    layer = ModulatedConv(6, 4, 5, kernel_px, up=True)
    plain = ModulatedConv(6, 4, 5, kernel_px)
    plain.load_state_dict(layer.state_dict())
    maps, w = torch.randn(2, 4, 6, 6), torch.randn(2, 6)
    found = layer(maps, w)
    assert found.shape == (2, 5, 12, 12)
    # At the border the one sees zeros around the small maps, the other around the large ones.
    close(found[:, :, 3:-3, 3:-3], plain(upsampled(maps), w)[:, :, 3:-3, 3:-3])


def test_demodulated_maps_have_unit_variance_for_white_input():
    layer = ModulatedConv(6, 32, 16)
    maps = layer(torch.randn(8, 32, 32, 32), 3 * torch.randn(8, 6))
    assert (maps[:, :, 1:-1, 1:-1].std((2, 3)).mean(0) - 1).abs().max() < 0.1


def test_upsampling_keeps_variance_of_smooth_input():
    layer = ModulatedConv(6, 32, 16, up=True)
    smooth = torch.randn(4, 32, 1, 1).expand(-1, -1, 8, 8).contiguous()
    plain = ModulatedConv(6, 32, 16)
    plain.load_state_dict(layer.state_dict())
    w = torch.randn(4, 6)
    close(layer(smooth, w)[:, :, 4:-4, 4:-4], plain(smooth, w)[:, :, 3:4, 3:4].expand(-1, -1, 8, 8))


@pytest.mark.parametrize("kernel_px", [1, 3])
def test_downsampling_convolution_is_filter_and_stride(kernel_px):
    layer = EqualisedConv(4, 5, kernel_px, down=True)
    layer.bias.data.normal_()
    maps = torch.randn(2, 4, 8, 8)
    padding = kernel_px // 2 + 1
    blurred = filtered(maps, (padding, padding))
    wanted = F.conv2d(blurred, layer.weight * layer.scale, layer.bias, stride=2)
    assert wanted.shape == (2, 5, 4, 4)
    close(layer(maps), wanted)


def test_plain_convolution_is_scaled():
    layer = EqualisedConv(4, 5, bias=False)
    maps = torch.randn(2, 4, 8, 8)
    close(layer(maps), F.conv2d(maps, layer.weight / 6, padding=1))


def test_learning_rates_are_equalised():
    """A step on a slow layer's parameters moves its function by the square of its rate."""
    slow, fast = EqualisedLinear(16, 8, rate=0.01), EqualisedLinear(16, 8)
    x = torch.randn(4, 16)
    for layer in (slow, fast):
        before = layer(x)
        assert 0.5 < before.std() < 2
    moved = []
    for layer in (slow, fast):
        before = layer(x).detach()
        layer.weight.data += 1
        moved.append((layer(x).detach() - before).abs().mean())
    assert (moved[0] / moved[1]).item() == pytest.approx(0.01, rel=1e-3)


def test_biases_begin_where_they_should():
    close(EqualisedLinear(3, 2, bias=1.0, rate=0.1)(torch.zeros(1, 3)), torch.ones(1, 2))


def test_leaky_keeps_the_second_moment():
    x = torch.randn(100_000)
    assert leaky(x).square().mean().item() == pytest.approx(1.04, abs=0.03)


def test_noise_begins_at_nothing_and_is_fixed_unless_drawn():
    noise = Noise(8)
    maps = torch.randn(2, 3, 8, 8)
    close(noise(maps), maps)
    noise.strength.data.fill_(0.5)
    close(noise(maps), maps + 0.5 * noise.constant)
    drawn = noise(maps, torch.Generator().manual_seed(0)) - maps
    assert not torch.equal(drawn[0, 0], drawn[1, 0])
    close(drawn[:, 0], drawn[:, 1])


def test_to_rgb_is_not_demodulated():
    layer = ToRGB(6, 4)
    layer.bias.data.normal_()
    maps, w = torch.randn(1, 4, 5, 5), torch.randn(1, 6)
    once = layer(maps, w) - layer.bias[:, None, None]
    close(layer(2 * maps, w) - layer.bias[:, None, None], 2 * once)


def test_what_convolutions_give_can_be_bounded():
    assert bounded(torch.tensor([-3.0, 0.5, 3.0]), 1.0).tolist() == [-1, 0.5, 1]
    assert bounded(torch.tensor([-3.0]), None).tolist() == [-3]
    maps, w = torch.randn(2, 4, 6, 6), torch.randn(2, 6)
    for free, held in (
        (StyledConv(6, 4, 5, 6), StyledConv(6, 4, 5, 6, clamp=0.5)),
        (ToRGB(6, 4), ToRGB(6, 4, clamp=0.5)),
    ):
        held.load_state_dict(free.state_dict())
        assert free(maps, w).abs().max() > 0.5
        assert torch.equal(held(maps, w), free(maps, w).clamp(-0.5, 0.5))


def test_a_gain_is_a_factor_of_the_result():
    layer = EqualisedConv(4, 5, gain=1.5)
    layer.bias.data.normal_()
    plain = EqualisedConv(4, 5)
    plain.load_state_dict(layer.state_dict())
    maps = torch.randn(2, 4, 8, 8)
    close(layer(maps), 1.5 * plain(maps))


def test_a_gain_goes_through_a_leaky_relu():
    x = torch.randn(100)
    wanted = leaky(x)
    close(leaky_gained(GAIN * x), wanted)


def test_styled_convolution_is_convolution_noise_bias_and_leaky_relu():
    layer = StyledConv(6, 4, 5, 8, up=True)
    layer.bias.data.normal_()
    layer.noise.strength.data.fill_(0.3)
    maps, w = torch.randn(2, 4, 4, 4), torch.randn(2, 6)
    for random in (None, torch.Generator().manual_seed(0)):
        again = None if random is None else torch.Generator().manual_seed(0)
        wanted = leaky(layer.noise(layer.conv(maps, w), random) + layer.bias[:, None, None])
        close(layer(maps, w, again), wanted)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_second_derivatives_of_a_styled_layer(memory_format):
    """As a penalty on slopes takes them, against differences."""
    layers = StyledConv(3, 2, 2, 4, up=True).double(), ToRGB(3, 2).double()
    layers[0].noise.strength.data.fill_(0.3)
    maps = torch.randn(2, 2, 2, 2, dtype=torch.float64).to(memory_format=memory_format).requires_grad_()
    w = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda maps, w: layers[1](layers[0](maps, w), w), (maps, w))
