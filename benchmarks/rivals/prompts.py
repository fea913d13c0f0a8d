"""Where to point in a photo: at what looks like a part, and is where that part usually is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.rivals.protocol import LabelMap
from partly.fewshot.fitting import shares

# How sharply parts are told apart by the cosine of their features.
_TEMPERATURE = 0.05
# A part may be where it is in the labels, give or take this share of the side (a Gaussian's deviation).
_SPREAD = 0.06
# A second place (the other eye) must match half as well, and lie a seventh of the side away.
_SECOND_BEST = 0.5
_APART = 1 / 7
_MOST_POINTS = 2
# A point's box holds what matches at least so well as this share of the best.
_IN_BOX = 0.4


@dataclass(frozen=True)
class Prototypes:
    """What the labels say of the parts.

    Attributes:
        features: mean feature of each part, of length 1, ``[k, c]``.
        places: how often each part was near a cell, ``[k, n, n]``; its largest value is 1 for every part.
    """

    features: Tensor
    places: Tensor


def prototypes(maps: Sequence[Tensor], label_maps: Sequence[LabelMap], n_parts: int) -> Prototypes:
    """Prototypes of the features ``[c, n, n]`` and the label map of each labelled picture."""
    n = maps[0].shape[-1]
    covered = torch.stack([shares(label_map, n_parts, n).T for label_map in label_maps])
    directions = torch.stack([F.normalize(m.flatten(1), dim=0) for m in maps])
    features = F.normalize(torch.einsum("ikp,icp->kc", covered, directions), dim=1)
    places = _spread(covered.mean(0).reshape(n_parts, n, n), _SPREAD * n)
    return Prototypes(features, places / places.amax((1, 2), keepdim=True).clamp_min(1e-6))


def matches(known: Prototypes, features: Tensor) -> Tensor:
    """How well each cell of a photo's features ``[c, n, n]`` matches each part, ``[k, n, n]`` in [0, 1]."""
    cosines = torch.einsum("kc,chw->khw", known.features, F.normalize(features, dim=0))
    return (cosines / _TEMPERATURE).softmax(0) * known.places


def best_points(match: Tensor) -> Tensor:
    """The one or two cells ``[b, 2]`` (x, y) of a part's matches ``[n, n]`` that are best and lie apart."""
    n = match.shape[-1]
    rest, best = match.clone(), float(match.max())
    points: list[tuple[int, int]] = []
    y, x = _cells(n)
    while len(points) < _MOST_POINTS and (not points or float(rest.max()) > _SECOND_BEST * best):
        row, column = divmod(int(rest.argmax()), n)
        points.append((column, row))
        rest[((x - column) ** 2 + (y - row) ** 2).sqrt() < _APART * n] = 0
    return torch.tensor(points)


def boxes_around(points: Tensor, match: Tensor) -> Tensor:
    """A box ``[b, 4]`` (left, top, right, bottom, in cells) around each of the ``points [b, 2]``.

    It holds the cells of ``match [n, n]`` that match nearly as well as the best, each at its nearest point.
    """
    y, x = _cells(match.shape[-1])
    nearest = torch.stack([(x - column) ** 2 + (y - row) ** 2 for column, row in points.tolist()]).argmin(0)
    boxes = []
    for i, (column, row) in enumerate(points.tolist()):
        inside = (match > _IN_BOX * match.max()) & (nearest == i)
        inside[row, column] = True
        boxes.append((x[inside].min(), y[inside].min(), x[inside].max() + 1, y[inside].max() + 1))
    return torch.tensor(boxes)


def _cells(n: int) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
    return y, x


def _spread(maps: Tensor, sigma: float) -> Tensor:
    """Maps ``[k, n, n]`` blurred by a Gaussian."""
    reach = round(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma).square())
    kernel = kernel / kernel.sum()
    blurred = F.conv2d(maps[:, None], kernel[None, None, None], padding=(0, reach))
    return F.conv2d(blurred, kernel[None, None, :, None], padding=(reach, 0))[:, 0]
