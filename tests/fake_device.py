"""A device that is not the processor, on machines that have no other: PyTorch's fake tensors on ``meta``.

Fake tensors have shapes, types and devices, and no values. Under them an operation of two tensors on two
devices is an error, as on a GPU, in backward passes too; so a network that makes a tensor of its own on the
wrong device fails. What reads values (``.item()``, ``.numpy()``) fails as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode


@contextmanager
def another_device() -> Iterator[torch.device]:
    """While the block runs, all tensors are fake; those that are made without a device are on ``cpu``.

    Networks are made within the block, and moved to the device.
    """
    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        patch.object(nn.Module, "to", _moved),
        patch.object(Tensor, "__deepcopy__", _copied),
    ):
        yield torch.device("meta")


def _copied(tensor: Tensor, memo: dict[int, Tensor]) -> Tensor:
    """``copy.deepcopy``, which torch itself lets copy the mode of a fake buffer too, and then frees twice."""
    if id(tensor) not in memo:
        new = tensor.detach().clone()
        is_parameter = isinstance(tensor, nn.Parameter)
        memo[id(tensor)] = nn.Parameter(new, tensor.requires_grad) if is_parameter else new
    return memo[id(tensor)]


def _moved(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """``module.to(...)``, which torch itself refuses for fake parameters: they are replaced by others."""
    device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)

    def moved(tensor: Tensor) -> Tensor:
        to = dtype if tensor.is_floating_point() else None
        layout_of = layout if tensor.dim() == 4 and layout is not None else torch.preserve_format
        return tensor.detach().to(device or tensor.device, to or tensor.dtype, memory_format=layout_of)

    known: dict[int, nn.Parameter] = {}
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                new = known.setdefault(id(parameter), nn.Parameter(moved(parameter), parameter.requires_grad))
                part._parameters[name] = new
        for name, buffer in part._buffers.items():
            part._buffers[name] = None if buffer is None else moved(buffer)
    return module
