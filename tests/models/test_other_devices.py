"""Every family of models on a device that is not the processor, by fake tensors: forward, and backward.

Models are made from nothing there, so that layers that make tensors of their own on the wrong device fail.
The tables of families are compared with what is tried here: whoever adds one adds a tiny shape of it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import partly.models.discriminators
import partly.models.encoders.dinov2_encoder as dinov2
import partly.models.encoders.efficientnet_features as efficientnet
import partly.models.encoders.tiny_vit_encoder as tiny_vit
import partly.models.encoders.vae_encoder as vae_encoder
import partly.models.encoders.vgg16_encoder as vgg16
import partly.models.generators.dcgan_generator as dcgan
import partly.models.generators.light_generator as light
import partly.models.generators.mlp_generator as mlp
import partly.models.generators.mobile_stylegan as mobile
import partly.models.generators.stacked_generator as stacked
import partly.models.generators.stylegan2.stylegan2_generator as stylegan2
import partly.models.generators.stylegan3.stylegan3_generator as stylegan3
import partly.models.generators.vae_decoder as vae
from partly.losses import noise_autocorrelation, perceptual_distance
from partly.machine import Machine
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.light_discriminator import LightDiscriminator
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.discriminators.projected_discriminator import ProjectedDiscriminator
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.encoders.built_in_features import built_in_features, reference_pictures
from partly.models.encoders.encoder_table import FAMILIES as ENCODER_FAMILIES
from partly.models.encoders.inception_network import InceptionFeatures
from partly.models.encoders.latent_encoder import LatentEncoder, LatentEncoderShape
from partly.models.encoders.lpips_network import LPIPS, LPIPSShape
from partly.models.feature_pyramid import on_grid
from partly.models.generators.generator_base import GeneratorFamily
from partly.models.generators.generator_table import FAMILIES as GENERATOR_FAMILIES
from partly.models.generators.latent_sampling import one_hot, sample_w
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.generators.stylegan3.stylegan3_shape import paper_shape
from partly.models.generators.synthesis_on_machine import synthesise_on
from partly.models.networks.architectures import ARCHITECTURES, build
from partly.models.networks.efficientnet_encoder import EfficientNetLite0
from partly.models.zoo.installed_feature_networks import FEATURE_NETWORKS
from tests.device_with_values import device_with_values
from tests.fake_device import another_device
from tests.fakes import TINY, TINY_ENCODER, tiny_generator

CLASSES = ("cat", "dog")
_STYLEGAN2 = StyleGAN2Shape(32, 8, 6, 2, channel_base=64, most_channels=4, classes=CLASSES)
_STYLEGAN3 = {"n_layers": 4, "margin_px": 3, "channel_base": 64, "most_channels": 8, "z_dim": 8, "w_dim": 6}
_DCGAN = dcgan.DCGANShape(16, z_dim=5, last_channels=4, classes=CLASSES)
_LIGHT = light.LightShape(32, z_dim=5, channel_base=64, most_channels=4)
_SMALL = {"image_size_px": 8, "z_dim": 5, "channel_base": 64, "most_channels": 8}

GENERATORS: Mapping[str, Callable[[], GeneratorFamily]] = {
    mobile.KIND: lambda: mobile.MobileStyleGAN(TINY),
    stylegan2.KIND: lambda: stylegan2.StyleGAN2(_STYLEGAN2),
    stylegan3.KIND: lambda: stylegan3.StyleGAN3(paper_shape(32, **_STYLEGAN3, classes=CLASSES)),
    dcgan.KIND: lambda: dcgan.DCGAN(_DCGAN),
    mlp.KIND: lambda: mlp.MLPGenerator(mlp.MLPShape(6, z_dim=5, hidden=(7,))),
    light.KIND: lambda: light.LightGenerator(_LIGHT),
    vae.KIND: lambda: vae.VAEDecoder(vae.VAEShape(16, 5, 64, 8)),
    stacked.KIND: lambda: stacked.StackedGenerator(stacked.StackedShape(16, vae.KIND, _SMALL, 3, 64, 8)),
}
ENCODERS: Mapping[str, Callable[[], nn.Module]] = {
    vae_encoder.KIND: lambda: vae_encoder.VAEEncoder(vae_encoder.VAEEncoderShape(16, 5, 64, 8)),
    dinov2.KIND: lambda: dinov2.DinoV2(TINY_ENCODER),
    efficientnet.KIND: lambda: efficientnet.EfficientNetFeatures(efficientnet.EfficientNetShape(64)),
    vgg16.KIND: lambda: vgg16.VGG16(vgg16.VGG16Shape((4, 5, 6, 7, 8), 32)),
    tiny_vit.KIND: lambda: tiny_vit.TinyViT(
        tiny_vit.TinyViTShape((8, 8, 12, 16), (1, 1, 2, 1), (1, 2, 3, 4), (2, 3, 2, 3), 10, 64)
    ),
}
DISCRIMINATORS: Mapping[str, tuple[Callable[[], nn.Module], int, int]] = {
    "DCGANDiscriminator": (lambda: DCGANDiscriminator(_DCGAN), 16, len(CLASSES)),
    "LightDiscriminator": (lambda: LightDiscriminator(_LIGHT), 32, 0),
    "MLPDiscriminator": (lambda: MLPDiscriminator(mlp.MLPShape(6)).eval(), 6, 0),
    "ProjectedDiscriminator": (lambda: ProjectedDiscriminator(32, EfficientNetLite0(), "00"), 32, 0),
    "StyleGAN2Discriminator": (lambda: StyleGAN2Discriminator(_STYLEGAN2), 32, len(CLASSES)),
}
"""What makes one, the side of its images, and its classes."""


def test_every_family_is_tried_here() -> None:
    assert set(GENERATORS) == set(GENERATOR_FAMILIES)
    assert set(ENCODERS) == set(ENCODER_FAMILIES)
    named = {name for name in partly.models.discriminators.__all__ if name.endswith("Discriminator")}
    assert set(DISCRIMINATORS) == named
    assert set(FEATURE_NETWORKS) == {"builtin", "inception"}, "these are tried below, each by itself"


@pytest.mark.parametrize("kind", GENERATORS)
def test_generators_make_and_learn(kind: str) -> None:
    with another_device() as device:
        generator = GENERATORS[kind]().to(device)
        w = torch.cat([sample_w(generator, 0, i) for i in range(2)])
        assert w.device == device
        made = generator.synthesise(w)
        assert made.images is not None
        assert {m.device for m in (made.images, *made.pyramid.maps)} == {device}
        learned = made.images.square().sum() + sum(m.square().sum() for m in made.pyramid.maps)
        assert isinstance(learned, Tensor)
        shown = one_hot(generator, ["cat"] if generator.classes else [None])
        mapped = generator.map(torch.randn(1, generator.z_dim, device=device), shown.to(device))
        torch.autograd.backward(learned + mapped.square().sum())
        gradients = [p.grad for p in generator.parameters() if p.grad is not None]
        assert gradients
        assert {gradient.device for gradient in gradients} == {device}


@pytest.mark.parametrize("kind", ENCODERS)
def test_encoders_read_and_learn(kind: str) -> None:
    with another_device() as device:
        encoder = ENCODERS[kind]().to(device)
        side_px = encoder.image_size_px
        pyramid = encoder.read(torch.zeros(2, 3, side_px, side_px, device=device))  # type: ignore[operator]
        assert {m.device for m in pyramid.maps} == {device}
        torch.autograd.backward(sum(m.square().sum() for m in pyramid.maps))
        assert {p.grad.device for p in encoder.parameters() if p.grad is not None} == {device}


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminators_judge_and_learn_by_slopes_of_slopes(name: str) -> None:
    make, size_px, n_classes = DISCRIMINATORS[name]
    with another_device() as device:
        discriminator = make().to(device)
        images = torch.zeros(4, 3, size_px, size_px, device=device, requires_grad=True)
        condition = torch.zeros(4, n_classes, device=device) if n_classes else None
        scores = discriminator(images, condition).scores
        [slopes] = torch.autograd.grad(scores.sum(), images, create_graph=True)
        torch.autograd.backward(slopes.square().sum() + scores.sum())
        gradients = [p.grad for p in discriminator.parameters() if p.grad is not None]
        assert gradients
        assert {gradient.device for gradient in gradients} == {device}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_segment_and_learn(name: str) -> None:
    with another_device() as device:
        network = build(name, 3).to(device)
        logits = network(torch.zeros(2, 3, 50, 70, device=device))
        assert logits.device == device
        torch.autograd.backward(logits.square().sum())
        assert {p.grad.device for p in network.parameters() if p.grad is not None} == {device}


def test_inception_gives_rows_on_the_processor() -> None:
    with another_device() as device:
        network = InceptionFeatures().to(device)
        assert network.features(torch.zeros(2, 3, 40, 40)).device.type == "cpu"


@pytest.mark.parametrize("positions", ["offset", "antialiased"])
def test_what_a_device_cannot_interpolate_goes_to_the_processor(
    positions: dinov2.Positions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for Apple's GPUs."""
    monkeypatch.setattr("partly.machine.limits_of_mps.LIMITED", frozenset({"meta"}))
    true, asked = F.interpolate, []

    def interpolate(maps: Tensor, *how: object, **others: object) -> Tensor:
        if others.get("mode") == "bicubic" or others.get("antialias"):
            asked.append(maps.device.type)
        return true(maps, *how, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(F, "interpolate", interpolate)
    torch.manual_seed(0)
    encoder = dinov2.DinoV2(replace(TINY_ENCODER, positions=positions)).requires_grad_(False)
    images = torch.rand(1, 3, 42, 56) * 2 - 1
    with device_with_values() as device:
        there = copy.deepcopy(encoder).to(device)
        for one, other in zip(encoder.read(images).maps, there.read(images.to(device)).maps, strict=True):
            assert other.device == device
            torch.testing.assert_close(other.cpu(), one)
        network = copy.deepcopy(built_in_features()).to(device)
        assert torch.equal(network.features(images), built_in_features().features(images))
        fine = torch.rand(1, 2, 30, 50)
        assert torch.equal(on_grid(fine.to(device), 16).cpu(), on_grid(fine, 16))
    assert set(asked) == {"cpu"}


def test_generators_do_without_float16() -> None:
    """It ends at 65,504, which modulated convolutions go beyond."""
    generator = tiny_generator()
    w = sample_w(generator, 0, 0)
    made = synthesise_on(Machine(dtype=torch.float16), generator, w).images
    wanted = generator.synthesise(w).images
    assert made is not None
    assert wanted is not None
    assert torch.equal(made, wanted)


def test_the_built_in_network_gives_the_same_rows() -> None:
    images = reference_pictures()[:3]
    with device_with_values() as device:
        there = copy.deepcopy(built_in_features()).to(device)
        assert there.mean.device == device
        assert torch.equal(there.features(images), built_in_features().features(images))


def test_distances_and_latents_of_pictures() -> None:
    with another_device() as device:
        lpips = LPIPS(LPIPSShape((4, 5, 6, 7, 8))).to(device)
        images = torch.zeros(2, 3, 32, 32, device=device, requires_grad=True)
        seen = lpips.read(images)
        distances = perceptual_distance(seen, seen, lpips.weights(), images.detach()[:, :1])
        noise = noise_autocorrelation(images[:, :1])
        encoder = LatentEncoder(LatentEncoderShape(5, 32, 4)).to(device)
        assert {t.device for t in (distances, noise, encoder.latents(images.detach()))} == {device}
        torch.autograd.backward(distances.sum() + noise.sum() + encoder(images).square().sum())
        assert images.grad is not None
        assert images.grad.device == device
