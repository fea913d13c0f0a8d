import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.errors import BadOption
from partly.models.networks.architectures import ARCHITECTURES, UNet, build
from partly.models.networks.conv_layers import ConvNorm, fused_copy, pad_to_multiple
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.models.networks.encoder_unet import EncoderUNet


def with_random_statistics(module):
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.copy_(torch.randn(part.running_mean.shape, generator=generator) * 0.1)
            part.running_var.copy_(torch.rand(part.running_var.shape, generator=generator) + 0.5)
    return module.eval()


N_PARAMETERS_MILLION = {"unet-small": 1.1, "unet-medium": 4.3, "unet-paper": 17.3, "lite0-unet": 3.6}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_size_of_each_architecture(name):
    with torch.device("meta"):
        n_parameters = sum(p.numel() for p in build(name, 10).parameters())
    assert n_parameters / 1e6 == pytest.approx(N_PARAMETERS_MILLION[name], abs=0.06)


@pytest.mark.parametrize("name", ["unet-small", "lite0-unet"])
@pytest.mark.parametrize("size", [(64, 64), (33, 70), (1, 1)])
def test_logits_have_the_size_of_the_photo(name, size):
    network = build(name, 4).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, *size)).shape == (2, 4, *size)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_any_size_by_a_tiny_unet(height_px, width_px):
    network = UNet(3, (2, 3, 4)).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, height_px, width_px)).shape == (1, 3, height_px, width_px)


def test_padding_repeats_the_border_and_leaves_fitting_sizes_alone():
    images = torch.arange(6.0).view(1, 1, 2, 3)
    padded = pad_to_multiple(images, 4)
    assert padded.shape == (1, 1, 4, 4)
    assert padded[0, 0, :, 3].tolist() == [2, 5, 5, 5]
    assert pad_to_multiple(padded, 4) is padded


def test_unknown_architecture_is_named_with_the_known_ones():
    with pytest.raises(BadOption, match=r"no auto-shot architecture 'vit'; expected one of unet-small"):
        build("vit", 3)


@pytest.mark.parametrize("make", [lambda: UNet(3, (4, 5, 6)), lambda: EncoderUNet(3)])
def test_fused_copy_gives_the_same_logits(make):
    torch.manual_seed(0)
    network = with_random_statistics(make())
    fused = fused_copy(network)
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        assert torch.allclose(network(images), fused(images), atol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fused.modules())
    assert any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())


def test_unet_uses_every_size():
    network = with_random_statistics(UNet(2, (3, 4, 5)))
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    network(images).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.down.parameters())


def test_encoder_halves_five_times():
    with torch.inference_mode():
        maps = EfficientNetLite0().eval()(torch.zeros(1, 3, 64, 64))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (16, 32, 32),
        (24, 16, 16),
        (40, 8, 8),
        (112, 4, 4),
        (320, 2, 2),
    ]


@pytest.mark.parametrize(("kernel_px", "before", "after"), [(3, 0, 1), (5, 1, 2)])
def test_tensorflow_padding_of_strided_convolutions(kernel_px, before, after):
    layer = with_random_statistics(
        ConvNorm(2, 3, kernel_px, stride=2, pad_like_tensorflow=True, activation=None)
    )
    maps = torch.rand(1, 2, 8, 8)
    padded = torch.nn.functional.pad(maps, (before, after, before, after))
    expected = layer.norm(torch.nn.functional.conv2d(padded, layer.conv.weight, stride=2))
    assert torch.allclose(layer(maps), expected, atol=1e-6)


def test_encoder_sees_bytes_as_it_was_trained_to():
    seen = []
    encoder = EfficientNetLite0().eval()
    encoder.stem.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    levels = torch.tensor([0.0, 127.0, 255.0])
    images = (levels / 127.5 - 1).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    with torch.inference_mode():
        encoder(images)
    assert torch.allclose(seen[0][0, :, 0, 0], (levels - 127) / 128, atol=1e-6)
