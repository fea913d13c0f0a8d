"""How unsure a segmenter is of whole pictures."""

from __future__ import annotations

import torch
from torch import Tensor

# Of a picture's area: what covers less of it is hardly there.
_LEAST_SHARE = 5e-3


def uncertainty(logits: Tensor) -> Tensor:
    """Mean entropy of the soft labels of each picture, ``[b]``, in [0, 1].

    Args:
        logits: ``[b, k, h, w]``.

    Returns:
        0 where every pixel is certain, 1 where all parts are equally likely everywhere.
    """
    return entropy(logits.log_softmax(1)).mean((1, 2))


def uncertainty_of_part(logits: Tensor, part: int) -> Tensor:
    """How unsure a segmenter is of one part of each picture, ``[b]``, in [0, 1].

    Where the part is the first or the second choice, the margin says how sure it is: how far the first is
    ahead of the second (best versus second best; Joshi, Porikli and Papanikolopoulos, "Multi-class active
    learning for image classification", CVPR 2009). The result is 1 less its mean there. The area in doubt
    itself would favour pictures on which the part is large; labels of those help less (docs/lab.md).

    Args:
        logits: ``[b, k, h, w]`` of two parts or more.
        part: id of the part.
    """
    soft, ids = logits.softmax(1).topk(2, dim=1)
    here = (ids == part).any(1)
    doubt = (1 - (soft[:, 0] - soft[:, 1])) * here
    return doubt.mean((1, 2)) / (here.float().mean((1, 2)) + _LEAST_SHARE)


def disagreement(predictions: Tensor) -> Tensor:
    """Mean Jensen-Shannon divergence of an ensemble's soft predictions on each picture, ``[b]``, in [0, 1].

    Lin, "Divergence measures based on the Shannon entropy" (1991), equation 5.1: entropy of the mean less the
    mean of the entropies; of what all members are unsure alike, nothing counts.

    Args:
        predictions: log-probabilities ``[m, b, k, h, w]``.
    """
    n_members = len(predictions)
    mean = predictions.logsumexp(0) - torch.log(torch.tensor(float(n_members)))
    own = torch.stack([entropy(o) for o in predictions]).mean(0)
    return (entropy(mean) - own).clamp(min=0).mean((1, 2))


def entropy(log_probabilities: Tensor) -> Tensor:
    """Entropy ``[b, h, w]`` of ``[b, k, h, w]``, in units of its greatest value, log k."""
    terms = log_probabilities.exp() * log_probabilities.clamp(min=-100)
    return -terms.sum(1) / torch.log(torch.tensor(float(log_probabilities.shape[1])))
