"""A generator inside another one that no training changes."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

from partly.models.generators.generator_base import GeneratorFamily

G = TypeVar("G", bound=GeneratorFamily)


def frozen(generator: G) -> G:
    """The generator in eval mode, its weights as buffers (in place).

    Buffers are kept, moved and saved as weights are, under the same names; but who asks a module for its
    parameters, as optimisers do, is not given them, whatever ``requires_grad_`` is called on.
    """
    for module in generator.modules():
        _weights_to_buffers(module)
    return generator.eval()


def _weights_to_buffers(module: nn.Module) -> None:
    for name, weight in [*module.named_parameters(recurse=False)]:
        delattr(module, name)
        module.register_buffer(name, weight.detach())
