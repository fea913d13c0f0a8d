"""How strong coarse and fine structure of what the discriminator sees is.

Four bands of frequencies of an octave each, the coarsest with all below, from the wavelet sym2 by repeated
splitting (Karras et al., NeurIPS 2020, appendix B). Its low-pass filter, forth and back, is ``L``; what that
takes away is ``I - L``. With ``L_2``, ``L_4`` the same filter with its taps 2 and 4 pixels apart, the bands
are ``L_4 L_2 L``, ``(I - L_4) L_2 L``, ``(I - L_2) L`` and ``I - L``, which add up to ``I``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from partly.training.augment.adversarial.colour_matrices import change_chosen, with_chance
from partly.training.augment.adversarial.resampling import along_lines, folded

_TAPS = (-1 / 32, 0.0, 9 / 32, 1 / 2, 9 / 32, 0.0, -1 / 32)
"""``L``: the autocorrelation of sym2's low-pass filter, halved."""
_POWERS = (10 / 13, 1 / 13, 1 / 13, 1 / 13)
"""Shares of the bands in the power of natural pictures, coarse to fine; they fall as ``1 / f``."""
_GAIN_OCTAVES = 1.0


@dataclass(frozen=True)
class Filtering:
    """As Karras et al., NeurIPS 2020, have it in the pseudocode of appendix B.

    Each band is made stronger or weaker by a factor, log-normal with a deviation of one octave, with a
    probability ``strength * p`` of its own; then all are scaled so that the power that is expected of a
    natural picture stays.

    Attributes:
        strength: times p.
    """

    strength: float = 1.0

    def __call__(self, images: Tensor, p: float, random: torch.Generator) -> Tensor:
        """Filtered images ``[b, c, h, w]``; beyond its border a picture is its own reflection."""
        gains = self.gains(len(images), p, random)
        return change_chosen(
            images, (gains != 1).any(1), lambda chosen, places: filtered(chosen, gains[places])
        )

    def gains(self, n: int, p: float, random: torch.Generator) -> Tensor:
        """``[n, 4]``: factors of the bands, coarse to fine."""
        gains = torch.ones(n, len(_POWERS))
        for band, power in enumerate(_POWERS):
            factors = _GAIN_OCTAVES * torch.randn(n, generator=random)
            factors = with_chance(factors, 0, p * self.strength, random).exp2()
            # The power of all bands, of which this one alone was changed.
            gains /= (1 + power * (factors.square() - 1)).sqrt()[:, None]
            gains[:, band] *= factors
        return gains


def bands(size: int, like: Tensor) -> Tensor:
    """``[4, size, size]``, coarse to fine: the part in each band of a line of ``size`` pixels."""
    unit = torch.eye(size, dtype=like.dtype, device=like.device)
    found, rest = [], unit
    for distance in (1, 2, 4):
        low = _low_pass(size, distance, like)
        found.append((unit - low) @ rest)
        rest = low @ rest
    return torch.stack([rest, *reversed(found)])


def filtered(images: Tensor, gains: Tensor) -> Tensor:
    """Images ``[k, c, h, w]`` with their bands times ``gains [k, 4]``, along one axis and the other."""
    gains = gains.to(images)
    rows, columns = (
        torch.einsum("kb,bij->kij", gains, bands(size, images)) for size in (images.shape[2], images.shape[3])
    )
    return along_lines(images, rows, columns)


def _low_pass(size: int, distance: int, like: Tensor) -> Tensor:
    """``L``, with its taps ``distance`` pixels apart."""
    n = len(_TAPS)
    pixels, taps = torch.arange(size, device=like.device), torch.arange(n, device=like.device)
    columns = folded(pixels[:, None] + distance * (taps - n // 2), size)
    return like.new_zeros(size, size).scatter_add_(1, columns, like.new_tensor(_TAPS).expand(size, n))
