"""The fake device refuses what a GPU refuses."""

import pytest
import torch
from torch import nn

from tests.fake_device import another_device


def test_devices_do_not_mix():
    with another_device() as device:
        layer = nn.Linear(2, 3).to(device)
        assert layer(torch.ones(1, 2, device=device)).device == device
        with pytest.raises(RuntimeError, match="device"):
            layer(torch.ones(1, 2))
        with pytest.raises(RuntimeError, match="device"):
            layer(torch.ones(1, 2, device=device)) + torch.ones(1, 3)


def test_backward_passes_do_not_mix_them_either():
    with another_device() as device:
        x = torch.ones(2, device=device, requires_grad=True)
        x.mul(2).sum().backward()
        assert x.grad.device == device
