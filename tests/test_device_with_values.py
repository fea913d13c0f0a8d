"""The device with values refuses what a GPU refuses, and computes what the processor computes."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.device_with_values import device_with_values


def test_devices_do_not_mix():
    with device_with_values() as device:
        layer = nn.Linear(2, 3).to(device)
        assert layer(torch.ones(1, 2, device=device)).device == device
        assert layer(torch.ones(1, 2).to(device)).device == device
        with pytest.raises(RuntimeError, match="device"):
            layer(torch.ones(1, 2))
        with pytest.raises(RuntimeError, match="device"):
            layer(torch.ones(1, 2, device=device)) + torch.ones(1, 3)
        assert torch.ones(3, device=device)[torch.tensor([0])].device == device


def test_values_are_those_of_the_processor():
    torch.manual_seed(0)
    layer, x = nn.Linear(4, 3), torch.randn(5, 4)
    wanted = layer(x).relu()
    with device_with_values() as device:
        there = copy.deepcopy(layer).to(device)
        found = there(x.to(device)).relu()
        assert torch.equal(found.cpu(), wanted)
        assert found.sum().item() == wanted.sum().item()
        assert found.nonzero().tolist() == wanted.nonzero().tolist()
        with pytest.raises((TypeError, RuntimeError, NotImplementedError)):
            found.numpy()


def test_gradients_and_steps():
    torch.manual_seed(0)
    here, x = nn.Conv2d(2, 3, 3), torch.randn(1, 2, 5, 5)
    with device_with_values() as device:
        there = copy.deepcopy(here).to(device)
        for layer, images in ((here, x), (there, x.to(device))):
            optimiser = torch.optim.AdamW(layer.parameters(), 0.1)
            F.gelu(layer(images)).square().sum().backward()
            optimiser.step()
        assert there.weight.device == device
        torch.testing.assert_close(there.weight.detach().cpu(), here.weight.detach())
        again = copy.deepcopy(there)
        assert again.weight.device == device
        assert isinstance(again.weight, nn.Parameter)
