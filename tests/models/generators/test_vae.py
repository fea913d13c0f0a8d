import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadOption
from partly.models.generators.vae_decoder import UpBlock, VAEDecoder, VAEShape
from tests.models.generators.contract import TrainedGeneratorContract

TINY = VAEShape(16, z_dim=5, channel_base=64, most_channels=8)


def tiny():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        decoder = VAEDecoder(TINY)
        for p in decoder.parameters():
            # Nothing is left at zero, where it begins.
            p.data.add_(0.1 * torch.randn_like(p))
    decoder.digest = "0" * 64
    return decoder.eval().requires_grad_(False)


class TestContract(TrainedGeneratorContract):
    name = "VAE decoder"

    @pytest.fixture
    def generator(self):
        return tiny()


def test_one_level_of_each_size():
    decoder = VAEDecoder(VAEShape(64))
    assert [(level.size_px, level.n_channels) for level in decoder.levels] == [
        (4, 256),
        (8, 128),
        (16, 64),
        (32, 32),
        (64, 16),
    ]


def test_a_block_begins_as_its_short_way():
    block, maps = UpBlock(3, 4), torch.randn(2, 3, 5, 5)
    wanted = block.short(F.interpolate(maps, scale_factor=2.0, mode="bilinear"))
    torch.testing.assert_close(block(maps), wanted + block.conv2.bias.view(1, -1, 1, 1))


def test_what_cannot_be():
    with pytest.raises(BadOption, match="pictures of 20 px; expected a power of two from 8 to 512"):
        VAEShape(20)
