"""What Apple's GPUs cannot do, and the processor does in their place."""

from __future__ import annotations

from torch import Tensor

LIMITED = frozenset({"mps"})
"""Kinds of devices without float64 and some solvers of linear equations, which pool even sizes only, and do
not smooth where they shrink."""


def where_able(tensor: Tensor) -> Tensor:
    """The tensor on a device that can do everything: the processor for what lies on a limited one.

    What is computed of it is small, and is brought back by whoever asks.
    """
    return tensor.cpu() if tensor.device.type in LIMITED else tensor
