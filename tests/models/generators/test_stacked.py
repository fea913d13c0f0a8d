import copy
import json
import shutil
from dataclasses import asdict, replace
from functools import cache

import pytest
import torch
from torch import nn

from partly.errors import BadModelFile, BadOption
from partly.models.feature_pyramid import resize
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.generator_table import FAMILIES, load_generator
from partly.models.generators.latent_sampling import mean_of_w, sample_w
from partly.models.generators.light_generator import LightGenerator, LightShape
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.models.generators.own_noise import noise_inputs
from partly.models.generators.second_stage import Conditioning, StageSizes
from partly.models.generators.stackable_families import STACKABLE
from partly.models.generators.stacked_generator import (
    KIND,
    StackedGenerator,
    StackedShape,
    check_stackable,
)
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.generators.vae_decoder import VAEDecoder, VAEShape
from tests.models.generators.contract import TrainedGeneratorContract

_DCGAN = DCGANShape(16, z_dim=5, last_channels=4)
_STYLEGAN2 = StyleGAN2Shape(32, z_dim=8, w_dim=6, n_mapping_layers=2, channel_base=256, most_channels=8)


def stacked_on(small, image_size_px, **more):
    """A small second stage with weights that show."""
    few = {"z_dim": 4, "channel_base": 128, "most_channels": 8, "n_blocks": 1, **more}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        shape = replace(StackedShape.on(small, image_size_px), **few)
        generator = StackedGenerator(shape)
        generator.small.load_state_dict(small.state_dict())
        for part in (generator.stage.to_rgb, generator.conditioning.layer):
            nn.init.normal_(part.weight, std=0.2)
        for module in generator.train().modules():
            if isinstance(module, nn.BatchNorm2d) and module.training:
                module.momentum = None
        # Pictures of training give the norms their statistics.
        generator(generator.map(torch.randn(16, generator.z_dim)))
    generator.w_mean.copy_(mean_of_w(generator, 20))
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


def made(family, shape):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        small = family(shape)
        for p in small.parameters():
            p.data.mul_(3 if family is DCGAN else 1)
        return small.eval().requires_grad_(False)


def tiny():
    return copy.deepcopy(_tiny())


@cache
def _tiny():
    return stacked_on(made(DCGAN, _DCGAN), 32)


@cache
def _on_styles():
    return stacked_on(made(StyleGAN2, _STYLEGAN2), 64)


@cache
def _three_stages():
    wide = {"channel_base": 512, "most_channels": 16}
    return stacked_on(stacked_on(made(VAEDecoder, VAEShape(8, 5, 64, 8)), 16, **wide), 32, **wide)


class TestContract(TrainedGeneratorContract):
    name = "stacked generator"
    impossible = (
        *TrainedGeneratorContract.impossible,
        {"small_kind": "generator/cubist"},
        {"small_kind": KIND},
        {"small_arguments": {"image_size_px": 32}},
        {"small_arguments": {"image_size_px": 20}},
        {"small_arguments": {**asdict(_DCGAN), "surprise": 1}},
        {"small_arguments": [1]},
        {"n_blocks": 1_000_000},
    )

    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractOnStyles(TrainedGeneratorContract):
    """On a mapping network, and styles by layer."""

    name = "stacked generator"

    @pytest.fixture
    def generator(self):
        return copy.deepcopy(_on_styles())


class TestContractOnAStack(TrainedGeneratorContract):
    """Three stages."""

    name = "stacked generator"

    @pytest.fixture
    def generator(self):
        return copy.deepcopy(_three_stages())


class TestContractOnOneLayer(TrainedGeneratorContract):
    """Whose only level is the small picture, larger by eight."""

    name = "stacked generator"

    @pytest.fixture
    def generator(self):
        return stacked_on(made(MLPGenerator, MLPShape(4, z_dim=5)), 32)


def test_every_family_can_be_stacked_on():
    assert {*STACKABLE, KIND} == {*FAMILIES}


def test_the_pyramid_has_the_levels_of_both_stages():
    generator = tiny()
    assert [(level.name, level.size_px, level.n_channels) for level in generator.levels] == [
        ("small 4px", 4, 8),
        ("small 8px", 8, 4),
        ("16px", 16, 8),
        ("32px", 32, 4),
    ]


@pytest.mark.parametrize(
    ("small_px", "large_px", "down_px", "up_px"),
    [
        (16, 64, (16, 8, 4), (8, 16, 32, 64)),
        (32, 64, (32, 16, 8), (16, 32, 64)),
        (8, 16, (8, 4), (8, 16)),
        (4, 16, (4,), (8, 16)),
        (64, 512, (64, 32, 16), (32, 64, 128, 256, 512)),
    ],
)
def test_the_small_picture_is_halved_twice_and_doubled_again(small_px, large_px, down_px, up_px):
    sizes = StageSizes(small_px, large_px)
    assert (sizes.down_px, sizes.up_px) == (down_px, up_px)


def test_its_latents_are_those_of_both_stages_side_by_side():
    generator = copy.deepcopy(_on_styles())
    small = generator.small
    z = torch.randn(3, 8 + 4)
    w = generator.map(z)
    assert (generator.z_dim, generator.w_dim, generator.n_layers) == (12, 10, small.n_layers)
    assert torch.equal(w[:, :, :6], small.map(z[:, :8]))
    assert torch.equal(w[:, :, 6:], z[:, None, 8:].expand(-1, small.n_layers, -1))
    assert torch.equal(generator.own_latents(w), z[:, 8:])
    assert generator.mapping is generator.small.mapping
    assert tiny().mapping is None


def test_its_features_begin_with_those_of_the_small_generator():
    small = made(DCGAN, _DCGAN)
    generator = stacked_on(small, 32)
    w = sample_w(generator, 0, 0)
    alone, both = small.synthesise(w[:, :, :5]), generator.synthesise(w)
    for one, other in zip(alone.pyramid.maps, both.pyramid.maps, strict=False):
        assert torch.equal(one, other)
    assert torch.equal(generator.small_pictures(w), alone.images)


def test_at_first_pictures_are_the_small_ones_enlarged():
    small = made(DCGAN, _DCGAN)
    generator = StackedGenerator(StackedShape.on(small, 64))
    generator.small.load_state_dict(small.state_dict())
    w = generator.map(torch.randn(2, generator.z_dim))
    torch.testing.assert_close(generator(w), resize(small.synthesise(w[:, :, :5]).images, 64))


def test_its_own_latent_and_the_condition_change_pictures_but_not_the_small_one():
    generator = tiny()
    w = sample_w(generator, 0, 0)
    other = w.clone()
    other[:, :, 5:] += 1
    assert torch.equal(generator.small_pictures(w), generator.small_pictures(other))
    assert (generator(w) - generator(other)).abs().max() > 1e-3


def test_a_condition_is_a_draw_from_the_distribution_that_w_tells():
    """``mean + deviation * z``, of a layer whose weights are written down here."""
    conditioning = Conditioning(2, 1)
    conditioning.layer.weight.data = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
    conditioning.layer.bias.data = torch.tensor([0.5, 0.0])
    w = torch.tensor([[3.0, 4.0]])
    mean, log_variance = conditioning.distribution(w)
    assert (mean.item(), log_variance.item()) == (11.5, 4.0)
    found = conditioning(w, torch.tensor([[-0.5]]))
    torch.testing.assert_close(found, torch.tensor([[11.5 - 0.5 * 2.718281828**2]]))


def test_a_new_condition_is_the_latent_itself():
    z = torch.randn(3, 4)
    assert torch.equal(Conditioning(5, 4)(torch.randn(3, 5), z), z)


def test_the_small_generator_is_frozen():
    """Its weights are nobody's parameters, and its norms stay in eval mode."""
    generator = tiny()
    before = {name: tensor.clone() for name, tensor in generator.small.state_dict().items()}
    generator.train().requires_grad_(True)
    assert [*generator.small.parameters()] == []
    assert not any(tensor.requires_grad for tensor in generator.small.state_dict(keep_vars=True).values())
    assert not any(module.training for module in generator.small.modules())
    assert generator.stage.training
    generator(generator.map(torch.randn(4, generator.z_dim))).square().sum().backward()
    assert all(torch.equal(before[name], now) for name, now in generator.small.state_dict().items())
    assert before.keys() == made(DCGAN, _DCGAN).state_dict().keys()


def test_latents_can_be_searched_through_both_stages():
    generator = tiny()
    w = sample_w(generator, 0, 0).requires_grad_()
    generator.synthesise(w).images.square().sum().backward()
    assert (w.grad != 0).all()


def test_noise_of_a_picture_is_that_of_the_small_generator():
    generator = _on_styles()
    inputs = noise_inputs(generator)
    assert len(inputs) == 7
    assert all(generator.get_buffer(name) is maps for name, maps in inputs.items())
    assert noise_inputs(tiny()) == {}


def test_the_folder_is_complete_by_itself(tmp_path):
    small = made(DCGAN, _DCGAN)
    small.save(tmp_path / "small", {})
    generator = stacked_on(load_generator(tmp_path / "small"), 32)
    generator.save(tmp_path / "stacked", {})
    shutil.rmtree(tmp_path / "small")
    again = load_generator(tmp_path / "stacked")
    for name, tensor in small.state_dict().items():
        assert torch.equal(again.small.state_dict()[name], tensor)
    assert [*again.small.parameters()] == []
    card = json.loads((tmp_path / "stacked" / "model.json").read_text())["arguments"]
    assert (card["small_kind"], card["small_arguments"]["last_channels"]) == ("generator/dcgan", 4)


def test_a_huge_number_of_layers_of_the_small_generator_is_refused(tmp_path):
    stacked_on(made(StyleGAN2, _STYLEGAN2), 64).save(tmp_path, {})
    card = json.loads((tmp_path / "model.json").read_text())
    card["arguments"]["small_arguments"]["n_mapping_layers"] = 10**8
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(
        BadModelFile, match=r"build no stacked generator \(n_mapping_layers is 100000000, more"
    ):
        load_generator(tmp_path)


@pytest.mark.parametrize(
    ("small", "size_px", "text"),
    [
        (
            LightGenerator(LightShape(32, z_dim=5, channel_base=64, most_channels=4)),
            32,
            "makes pictures of 32 px, and larger ones of 32 px are to be made of them; expected a generator "
            "of less than 32 px. Choose a larger --size, or a smaller generator",
        ),
        (
            MLPGenerator(MLPShape(28)),
            64,
            "makes pictures of 28 px, which no doubling makes 64 px; expected a generator of 32 px, 16 px or "
            "so on",
        ),
        (
            MLPGenerator(MLPShape(8, classes=("cat", "dog"))),
            64,
            "knows the classes cat, dog; expected a generator without classes and codes, since a second "
            "stage knows of none. Train a small generator without --classes and --codes",
        ),
        (
            MLPGenerator(MLPShape(8, classes=("code 1", "code 2"))),
            64,
            "knows the classes code 1, code 2; expected a generator without classes and codes",
        ),
    ],
)
def test_generators_that_cannot_be_stacked_on(small, size_px, text, tmp_path):
    with pytest.raises(BadOption) as refusal:
        check_stackable(small, size_px, tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path}: {text}")
    with pytest.raises(BadOption, match=r"makes pictures of|knows the classes"):
        StackedGenerator(StackedShape.on(small, size_px))
