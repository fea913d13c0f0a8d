"""What Apple's GPUs cannot do, and the processor does in their place."""

from __future__ import annotations

import re

from torch import Tensor

LIMITED = frozenset({"mps"})
"""Kinds of devices without float64 and some solvers of linear equations, which pool even sizes only, and do
not smooth where they shrink."""
_LACKS = re.compile("support|implement|divisible", re.IGNORECASE)


def is_limit_of_mps(error: BaseException) -> bool:
    """Whether an error says that Apple's GPU has no such operation, or no such numbers.

    Torch raises errors of several types for it, and workers say theirs in others.
    """
    said = str(error).partition("\n")[0]
    # CUDA has an MPS, too: one that shares a card.
    is_of_apple = "MPS" in said and "CUDA" not in said
    return isinstance(error, RuntimeError | TypeError) and is_of_apple and bool(_LACKS.search(said))


def where_able(tensor: Tensor) -> Tensor:
    """The tensor on a device that can do everything: the processor for what lies on a limited one.

    What is computed of it is small, and is brought back by whoever asks.
    """
    return tensor.cpu() if tensor.device.type in LIMITED else tensor
