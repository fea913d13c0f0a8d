"""Convolutions of spectral norm 1 (Miyato et al., "Spectral Normalization for GANs", ICLR 2018)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_N_FIRST_STEPS = 15


class SpectralConv(nn.Module):
    """A convolution whose weight, as a matrix ``[n_out, n_in * k * k]``, has a largest singular value of 1.

    It is divided by its own, which is estimated by the power method, with one step at each call in training
    mode (algorithm 1 of the paper), so that the estimate follows the weight as this learns. In eval mode
    nothing is changed. Estimates are from below: the norm is 1 or a little more.

    Args:
        n_in: channels in.
        n_out: channels out.
        kernel_px: side of the kernel.
        stride: in pixels.
        padding: in pixels.
    """

    left: Tensor

    def __init__(self, n_in: int, n_out: int, kernel_px: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        first = nn.Conv2d(n_in, n_out, kernel_px)
        self.weight, self.bias = first.weight, first.bias
        self.stride, self.padding = stride, padding
        self.register_buffer("left", F.normalize(torch.randn(n_out), dim=0))
        for _ in range(_N_FIRST_STEPS):
            self.left = self._singular()[1]

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h', w']``."""
        value, left = self._singular()
        if self.training:
            # Not in place: what an earlier call of the same step keeps for its slopes stays as it was.
            self.left = left
        return F.conv2d(maps, self.weight / value, self.bias, self.stride, self.padding)

    def _singular(self) -> tuple[Tensor, Tensor]:
        """The largest singular value, with slopes by the weight, and the next left vector ``[n_out]``."""
        # Sums, since matrix products would be of halves on machines that compute networks in these.
        matrix = self.weight.flatten(1)
        with torch.no_grad():
            right = F.normalize((matrix * self.left[:, None]).sum(0), dim=0)
            left = F.normalize((matrix * right).sum(1), dim=0)
        return (matrix * right * left[:, None]).sum(), left
