import copy

import pytest
import torch
from torch import nn

from partly.machine.ranks import ALONE, Ranks
from partly.training.chassis.shared_norms import SharedBatchNorm2d, share_norms


class Twin(Ranks):
    """One of two processes, whose other has the very same pictures."""

    def total(self, values):
        return 2 * values


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    with torch.no_grad():
        made[1].weight.uniform_(0.5, 2)
        made[1].bias.normal_()
    return made


def test_one_process_has_the_norms_of_torch(network):
    share_norms(network, ALONE)
    assert [type(m) for m in (network[1], network[2][0])] == [nn.BatchNorm2d] * 2


def test_two_halves_are_the_whole(network):
    """As torch has it: outputs, slopes for maps and parameters, and what is remembered."""
    shared, images = copy.deepcopy(network), torch.randn(3, 3, 8, 8)
    names = list(network.state_dict())
    share_norms(shared, Twin(0, 2))
    assert isinstance(shared[2][0], SharedBatchNorm2d)
    assert list(shared.state_dict()) == names

    whole = images.repeat(2, 1, 1, 1).requires_grad_(True)
    half = images.clone().requires_grad_(True)
    weights = torch.randn(3, 4, 6, 6)
    expected, found = network(whole), shared(half)
    torch.testing.assert_close(found, expected[:3])
    (expected * weights.repeat(2, 1, 1, 1)).sum().backward()
    (found * weights).sum().backward()
    torch.testing.assert_close(half.grad, whole.grad[:3])
    for (name, one), (_, other) in zip(network.named_parameters(), shared.named_parameters(), strict=True):
        # Of both halves: this process has one, and gradients are summed afterwards.
        torch.testing.assert_close(2 * other.grad, one.grad, rtol=1e-3, atol=1e-4, msg=name)
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], tensor, msg=name)
    torch.testing.assert_close(shared.eval()(images), network.eval()(images))
