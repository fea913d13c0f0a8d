"""Memory that is too short for the gradients of more than a few pictures at once."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class ShortMemory(TorchDispatchMode):
    """While it is entered, slopes of convolutions of more than :attr:`most` pictures are too much.

    They come in the middle of a backward pass, when other gradients have been taken already.
    """

    most = 10**9

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.convolution_backward.default and len(args[0]) > self.most:
            raise torch.OutOfMemoryError("played: out of memory")
        return func(*args, **(kwargs or {}))
