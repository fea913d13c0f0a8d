from dataclasses import replace

import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.stylegan3.stylegan3_generator import StyleGAN3, framed
from partly.models.generators.stylegan3.stylegan3_shape import paper_shape
from tests.models.generators.contract import GeneratorContract

TINY = paper_shape(32, n_layers=4, margin_px=3, channel_base=64, most_channels=8, z_dim=8, w_dim=6)


def tiny(shape=TINY):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = StyleGAN3(shape).eval().requires_grad_(False)
    generator.digest = "0" * 64
    return generator


class TestContract(GeneratorContract):
    name = "StyleGAN3"
    impossible = (
        {"surprise": 1},
        {"image_size_px": 20},
        {"channels": [8, 3]},
        {"rates": [32, 16, 32, 32, 32]},
        {"sizes": [22, 23, 38, 32, 32]},
        {"sizes": [22, 22, 38, 32, 64]},
        {"channels": [8, 8, 4, 2, 4]},
    )

    @pytest.fixture
    def generator(self):
        return tiny()


class TestContractOfR(TestContract):
    @pytest.fixture
    def generator(self):
        return tiny(replace(TINY, kernel_px=1, radial=True))


class TestContractWithClasses(TestContract):
    @pytest.fixture
    def generator(self):
        return tiny(replace(TINY, classes=("cat", "dog", "cow")))


def test_the_shape_of_the_paper():
    """StyleGAN3-T at 1024 px: 14 layers from 36 px on, with margins of 10 px."""
    shape = paper_shape(1024)
    assert shape.sizes == (36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024)
    assert shape.channels == (*[512] * 7, 323, 203, 128, 81, 51, 32, 32, 3)
    with torch.device("meta"):
        parameters = [p.numel() for p in StyleGAN3(shape).parameters()]
    assert sum(parameters) == pytest.approx(22.3e6, rel=0.02)


def test_a_shift_of_the_input_shifts_features_and_picture():
    """What the network is for: everything moves with its input (Karras et al., NeurIPS 2021, section 2)."""
    generator = tiny(paper_shape(64, n_layers=5, margin_px=10, channel_base=64, most_channels=8, w_dim=6))
    w = sample_w(generator, 0, 0)
    before = generator.synthesise(w)
    generator.input.transform[0, 2] = 0.25
    after = generator.synthesise(w)
    for maps, moved in [
        *zip(before.pyramid.maps, after.pyramid.maps, strict=True),
        (before.images, after.images),
    ]:
        n = maps.shape[-1]
        inner = slice(n // 8, n - n // 8)
        a, b = maps[:, :, inner, : n - n // 4], moved[:, :, inner, n // 4 :]
        c, d = maps[:, :, inner, n // 4 :], moved[:, :, inner, : n - n // 4]
        # To the left or to the right, by a quarter of the side at every level.
        assert min((a - b).square().mean(), (c - d).square().mean()) < 0.05 * maps.var()


def test_the_frame_is_the_middle():
    maps = torch.arange(36.0).view(1, 1, 6, 6)
    assert torch.equal(framed(maps, 2)[0, 0], torch.tensor([[14.0, 15.0], [20.0, 21.0]]))
    assert torch.equal(framed(maps, 6), maps)


def test_rows_reach_the_layers_that_they_belong_to():
    generator = tiny()
    w, other = sample_w(generator, 0, 0), sample_w(generator, 0, 1)
    # A new generator's input is neither turned nor shifted by w.
    generator.input.affine.weight.copy_(torch.randn_like(generator.input.affine.weight))
    before = generator.synthesise(w)
    for row in range(generator.n_layers):
        mixed = w.clone()
        mixed[:, row] = other[:, row]
        after = generator.synthesise(mixed)
        maps = zip(before.pyramid.maps, after.pyramid.maps, strict=True)
        # Row 0 is the input's, row 1 the first map's, and so on; the last is the picture's alone.
        assert [not torch.equal(a, b) for a, b in maps] == [
            i >= row - 1 for i in range(len(generator.levels))
        ]
        assert not torch.equal(before.images, after.images)


def test_sizes_that_cannot_be():
    with pytest.raises(BadOption, match="pictures of 2048 px; expected a power of two from 16 to 1024"):
        paper_shape(2048)
