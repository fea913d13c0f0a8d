from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.latent_sampling import one_hot, sample_w
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2, load_stylegan2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from tests.models.generators.contract import TrainedGeneratorContract

TINY = StyleGAN2Shape(32, z_dim=8, w_dim=6, n_mapping_layers=2, channel_base=256, most_channels=16)


def tiny(shape=TINY):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = StyleGAN2(shape).eval().requires_grad_(False)
    generator.digest = "0" * 64
    return generator


class TestContract(TrainedGeneratorContract):
    name = "StyleGAN2"

    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractWithClasses(TrainedGeneratorContract):
    name = "StyleGAN2"

    @pytest.fixture
    def generator(self):
        return tiny(replace(TINY, classes=("cat", "dog", "cow")))


def test_a_class_is_embedded_normed_and_put_behind_the_latent():
    generator = tiny(replace(TINY, classes=("cat", "dog", "cow"), n_mapping_layers=1))
    mapping, z = generator.mapping, torch.randn(2, 8)
    embedded = mapping.embed.weight[:, [2, 0]].T / 3**0.5
    both = [x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt() for x in (z, embedded)]
    [layer] = mapping.layers
    values = torch.cat(both, 1) @ layer.weight.T * layer.scale + layer.bias * layer.rate
    expected = torch.where(values > 0, values, 0.2 * values) * 2**0.5
    w = generator.map(z, one_hot(generator, ["cow", "cat"]))
    torch.testing.assert_close(w, expected[:, None].expand(-1, generator.n_layers, -1))


def test_without_a_class_nothing_is_mapped():
    generator = tiny(replace(TINY, classes=("cat", "dog")))
    with pytest.raises(
        BadOption, match=r"no class is asked for; expected \[3, 2\], one of the generator's cl"
    ):
        generator.map(torch.randn(3, 8))
    with pytest.raises(BadOption, match=r"a condition of \[3, 1\]; expected \[3, 2\]"):
        generator.map(torch.randn(3, 8), torch.zeros(3, 1))


def test_a_generator_without_classes_has_the_tensors_that_it_always_had():
    assert not [name for name in tiny().state_dict() if "class" in name or "embed" in name]
    with_classes = tiny(replace(TINY, classes=("cat", "dog"))).state_dict()
    assert {"class_means", "mapping.embed.weight"} <= with_classes.keys()


def test_the_shape_of_the_paper():
    """Configuration F at 1024 px: 18 rows, 512 channels up to 32 px, 32 at the end."""
    shape = StyleGAN2Shape(1024, channel_base=32768)
    with torch.device("meta"):
        generator = StyleGAN2(shape)
    assert generator.n_layers == 18
    assert [level.size_px for level in generator.levels] == [4] + [
        s for i in range(3, 11) for s in [1 << i] * 2
    ]
    assert [shape.n_channels(size_px) for size_px in (4, 64, 128, 1024)] == [512, 512, 256, 32]
    n_parameters = sum(p.numel() for p in generator.parameters())
    assert n_parameters == pytest.approx(30.0e6, rel=0.02)


def test_rows_reach_the_layers_that_they_belong_to():
    generator = tiny()
    w, other = sample_w(generator, 0, 0), sample_w(generator, 0, 1)
    before = generator.synthesise(w)
    for row in range(generator.n_layers):
        mixed = w.clone()
        mixed[:, row] = other[:, row]
        after = generator.synthesise(mixed)
        changed = [
            not torch.equal(a, b) for a, b in zip(before.pyramid.maps, after.pyramid.maps, strict=True)
        ]
        # Row 0 is of the first map, row 1 of the second, and so on; the last is of the last picture alone.
        assert changed == [i >= row for i in range(len(changed))]
        assert not torch.equal(before.images, after.images)


def test_the_bound_reaches_every_level_and_is_kept(tmp_path):
    free, generator = tiny(), tiny(replace(TINY, clamp=0.5))
    w = sample_w(generator, 0, 0)
    assert min(m.abs().max() for m in free.synthesise(w).pyramid.maps) > 0.5
    assert max(m.abs().max() for m in generator.synthesise(w).pyramid.maps) == 0.5
    generator.save(tmp_path, {})
    assert load_stylegan2(tmp_path).shape.clamp == 0.5


@pytest.mark.parametrize("size_px", [0, 16, 48, 2048])
def test_sizes_that_cannot_be(size_px):
    with pytest.raises(BadOption, match=f"pictures of {size_px} px; expected a power of two from 32 to 1024"):
        StyleGAN2Shape(size_px)
