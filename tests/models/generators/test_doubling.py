import pytest
import torch
import torch.nn.functional as F

from partly.models.generators.doubling import DoublingConv


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (4, 5)])
def test_it_is_doubling_and_convolving(bias, size):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = DoublingConv(3, 5, bias=bias).double()
        maps = torch.randn(2, 3, *size, dtype=torch.float64)
    doubled = maps.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    wanted = F.conv2d(doubled, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(maps), wanted)
    assert (layer.bias is not None) == bias


def test_a_flat_map_stays_flat_inside():
    """What leaves checkerboards does not do this."""
    found = DoublingConv(2, 3)(torch.ones(1, 2, 6, 6))[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(found, found[:, :, :1, :1].expand_as(found))
