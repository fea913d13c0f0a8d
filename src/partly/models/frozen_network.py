"""A network inside another one that no training changes."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

N = TypeVar("N", bound=nn.Module)


def frozen(network: N, *, saved: bool = True) -> N:
    """The network in eval mode, its weights as buffers (in place).

    Buffers are moved as weights are, and kept and saved under the same names; but who asks a module for its
    parameters, as optimisers do, is not given them, whatever ``requires_grad_`` is called on.

    Args:
        network: what holds it has to put it back into eval mode in its own ``train``, if it has norms or
            other layers that behave differently in training.
        saved: whether its weights are in the ``state_dict``. A network whose weights are not is filled by
            what builds it, and must not have batch norms: these do not load a ``state_dict`` without their
            statistics.
    """
    for module in network.modules():
        _weights_to_buffers(module, saved=saved)
    return network.eval()


def _weights_to_buffers(module: nn.Module, *, saved: bool) -> None:
    for name, weight in [*module.named_parameters(recurse=False)]:
        delattr(module, name)
        module.register_buffer(name, weight.detach(), persistent=saved)
    if not saved:
        for name, values in [*module.named_buffers(recurse=False)]:
            module.register_buffer(name, values, persistent=False)
