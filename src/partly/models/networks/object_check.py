"""Whether what a network says of an object is as usual: what is no object, it is unsure of."""

from __future__ import annotations

import torch
from torch import Tensor, nn

OBJECT_MARGIN = 1.15
"""Side of the square of a photo in which an object is shown to a network, as a multiple of its frame's."""
_SEEN = 0.7  # a part is there if it is so probable in a pixel
_LEAST_SPREAD = 0.02  # standard deviation that every measure has at least
_QUANTILE = 0.99  # of what was learned from, so much is as usual


def object_measures(logits: Tensor) -> Tensor:
    """How sure a network is of objects, how many of the parts are there, and how much they cover.

    Args:
        logits: of squares that show an object each, ``[b, k, h, w]``; part 0 is the background.

    Returns:
        ``[b, 3]``, each 0 to 1: mean probability of the part given, where it is none of background; share of
        the parts that are surely somewhere; mean probability that a pixel is no background.
    """
    shares = logits.softmax(1)
    is_object = 1 - shares[:, 0]
    covered = is_object.sum((1, 2))
    sure = (shares.amax(1) * is_object).sum((1, 2)) / covered.clamp_min(1)
    there = (shares.amax((2, 3)) > _SEEN).float().mean(1)
    return torch.stack([sure, there, is_object.mean((1, 2))], dim=1)


class ObjectCheck(nn.Module):
    """How far the measures of an object are from those of the objects that were learned from.

    It knows the mean and the spread of these (a normal distribution), and how far the farthest hundredth of
    them is from the mean. Before :meth:`learn` everything is as usual.
    """

    usual: Tensor
    precision: Tensor
    limit: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("usual", torch.zeros(3))
        self.register_buffer("precision", torch.zeros(3, 3))
        self.register_buffer("limit", torch.ones(()))

    def learn(self, measures: Tensor) -> None:
        """Take mean and spread of the measures of objects, ``[n, 3]``, ``n`` two or more."""
        self.usual.copy_(measures.mean(0))
        spread = torch.cov(measures.T) + _LEAST_SPREAD**2 * torch.eye(3)
        self.precision.copy_(torch.linalg.inv(spread))
        self.limit.copy_(self.distances(measures).quantile(_QUANTILE).clamp_min(1))

    def distances(self, measures: Tensor) -> Tensor:
        """Squared distances (Mahalanobis) of measures ``[n, 3]``, ``[n]``."""
        away = measures - self.usual
        return torch.einsum("ni,ij,nj->n", away, self.precision, away)

    def forward(self, logits: Tensor) -> Tensor:
        """Logits ``[b, k, h, w]`` to how far they are from usual, ``[b]``: 1 at the limit, 0 at the mean."""
        return self.distances(object_measures(logits)) / self.limit
