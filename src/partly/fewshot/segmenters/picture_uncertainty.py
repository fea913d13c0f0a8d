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
    """How much of a part's area is in doubt on each picture, ``[b]``, in [0, 1].

    Where the part is first, it may be wrong, by the probability that it is another; where it is second, by
    its own. Summed over the picture, that is the area that can be expected to be wrongly given to it or kept
    from it. The result is its ratio to the part's expected area: else the largest would always be in doubt,
    and labels of those help less (docs/lab.md).

    Args:
        logits: ``[b, k, h, w]`` of two parts or more.
        part: id of the part.
    """
    soft = logits.softmax(1)
    first, second = soft.topk(2, dim=1).indices.unbind(1)
    own = soft[:, part]
    wrong = torch.where(first == part, 1 - own, torch.where(second == part, own, 0.0))
    return (wrong.mean((1, 2)) / (own.mean((1, 2)) + _LEAST_SHARE)).clamp(max=1)


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
