import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.light_generator import Excitation, LightGenerator, LightShape
from tests.models.generators.contract import TrainedGeneratorContract

TINY = LightShape(32, z_dim=5, channel_base=128, most_channels=8)


def tiny(shape=TINY):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = LightGenerator(shape)
        # A few pictures of training give the norms their statistics.
        for _ in range(20):
            generator(generator.map(torch.randn(8, shape.z_dim)))
    generator.digest = "0" * 64
    return generator.eval().requires_grad_(False)


class TestContract(TrainedGeneratorContract):
    name = "light generator"

    @pytest.fixture
    def generator(self):
        return tiny()


def test_one_level_of_each_size():
    shape = LightShape(64)
    generator = LightGenerator(shape)
    assert [(level.size_px, level.n_channels) for level in generator.levels] == [
        (4, 192),
        (8, 96),
        (16, 48),
        (32, 24),
        (64, 12),
    ]
    assert [block.second is not None for block in generator.blocks] == [True, False, True, False]
    assert sum(p.numel() for p in generator.parameters()) < 2e6


def test_coarse_levels_excite_fine_ones():
    """The level of 4 px that of 32 px, 8 that of 64, 16 that of 128."""
    generator = LightGenerator(LightShape(128, z_dim=5, channel_base=128, most_channels=8)).eval()
    excited = []
    for excitation in generator.excitations:
        excitation.register_forward_hook(lambda _m, maps, _o: excited.append([m.shape[-1] for m in maps]))
    generator(torch.randn(1, 1, 5))
    assert excited == [[4, 32], [8, 64], [16, 128]]


def test_an_excitation_is_one_gate_for_each_channel():
    excitation = Excitation(3, 4)
    coarse, fine = torch.randn(2, 3, 8, 8), torch.randn(2, 4, 64, 64)
    gates = excitation(coarse, fine) / fine
    assert gates.min() > 0
    assert gates.max() < 1
    torch.testing.assert_close(gates, gates[:, :, :1, :1].expand_as(gates), rtol=1e-4, atol=1e-4)
    assert gates[:, :, 0, 0].unique().numel() == 8


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 16 px; expected a power of two from 32 to 512"):
        LightShape(16)
