"""Batch norm over the whole batch, where several processes have a share of it each.

``torch.nn.SyncBatchNorm`` does this on GPUs alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from partly.machine import Ranks


def share_norms(network: nn.Module, ranks: Ranks) -> None:
    """Let batch norms of a network (in place) take their statistics over the batches of all processes.

    Parameters and buffers stay the same objects by the same names; in eval mode nothing is different. One
    process by itself leaves the network as it is.
    """
    if ranks.n == 1:
        return
    for parent in list(network.modules()):
        for name, module in parent.named_children():
            if type(module) is nn.BatchNorm2d:
                setattr(parent, name, SharedBatchNorm2d(module, ranks))


class SharedBatchNorm2d(nn.BatchNorm2d):
    """A batch norm whose mean and variance are those of the batches of all processes together.

    Args:
        norm: whose parameters, buffers and mode it takes.
        ranks: the processes; each has as many pictures of the same size.
    """

    def __init__(self, norm: nn.BatchNorm2d, ranks: Ranks) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
        self._parameters, self._buffers, self.training = norm._parameters, norm._buffers, norm.training
        self._ranks = ranks

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, c, h, w]``, normalised."""
        if not self.training:
            return super().forward(maps)
        values, n = maps.float(), maps.numel() // maps.shape[1] * self._ranks.n
        mean = _total(values.sum((0, 2, 3)), self._ranks) / n
        centred = values - mean.view(1, -1, 1, 1)
        variance = _total(centred.square().sum((0, 2, 3)), self._ranks) / n
        self._remember(mean.detach(), variance.detach() * (n / max(n - 1, 1)))
        scale = (variance + self.eps).rsqrt()
        if self.weight is not None:
            scale = scale * self.weight
        normal = centred * scale.view(1, -1, 1, 1)
        return (normal if self.bias is None else normal + self.bias.view(1, -1, 1, 1)).to(maps.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def _total(values: Tensor, ranks: Ranks) -> Tensor:
    total: Tensor = _Total.apply(values, ranks)
    return total


class _Total(torch.autograd.Function):
    """The sum over all processes; all losses depend on it, so that its slope is the sum of all slopes."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, ranks: Ranks) -> Tensor:
        """Of values of the same shape everywhere."""
        ctx.ranks = ranks
        return ranks.total(values)

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor, None]:
        """Slopes for this process's values."""
        return ctx.ranks.total(slopes), None
