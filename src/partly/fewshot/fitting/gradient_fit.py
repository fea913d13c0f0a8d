"""Fits the paper's MLPs and CNNs by gradient descent on a few annotated pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.fewshot.fitting.cell_targets import labelled_points, part_pixels, shares
from partly.fewshot.fitting.fit_options import GradientConfig
from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter
from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter
from partly.models import FeaturePyramid
from partly.storage import tensor_seed

PyramidOf = Callable[[int], FeaturePyramid]
_CACHE_BYTES = 1 << 30


def fit_by_gradient(
    segmenter: MLPSegmenter | CNNSegmenter,
    pyramids: PyramidOf,
    label_maps: Sequence[np.ndarray],
    config: GradientConfig,
    on_step: Callable[[int, float], None] | None = None,
) -> None:
    """Fit in place, on the segmenter's device; cross-entropy over labelled pixels, balanced between parts.

    Args:
        segmenter: with its standardiser already estimated.
        pyramids: gives the whole pyramid of picture ``i``; called again when memory would not hold them all.
        label_maps: ``[h, w]`` each, 255 where unlabelled.
        config: how long and how hard.
        on_step: told the step and its loss.
    """
    device = next(segmenter.parameters()).device
    draws = torch.Generator().manual_seed(tensor_seed("points of a fit", config.seed))
    kept = _Kept(pyramids)
    weights = part_factors(label_maps, segmenter.n_parts, config.balance).to(device)
    trained = [p for p in segmenter.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.n_steps)
    segmenter.train()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        # Dropout draws from the global generator, of a GPU from its own.
        torch.manual_seed(tensor_seed("dropout of a fit", config.seed))
        for step in range(config.n_steps):
            i = int(torch.randint(len(label_maps), (), generator=draws))
            if isinstance(segmenter, MLPSegmenter):
                loss = _point_loss(segmenter, kept(i), label_maps[i], weights, config.n_points, draws)
            else:
                loss = _picture_loss(segmenter, kept(i), label_maps[i], weights, config.size_px)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            if on_step is not None:
                on_step(step, loss.item())
    segmenter.eval()


def part_factors(label_maps: Sequence[np.ndarray], n_parts: int, balance: float) -> Tensor:
    """Weight ``[k]`` of a pixel of each part, 1 on average over the labelled pixels; 0 for absent parts."""
    counts = np.zeros(n_parts)
    for label_map in label_maps:
        counts += part_pixels(label_map, n_parts)
    factors = np.where(counts > 0, np.maximum(counts, 1) ** -balance, 0)
    return torch.from_numpy(factors * counts.sum() / (factors * counts).sum()).float()


def _point_loss(
    segmenter: MLPSegmenter,
    pyramid: FeaturePyramid,
    label_map: np.ndarray,
    weights: Tensor,
    n_points: int,
    draws: torch.Generator,
) -> Tensor:
    points, ids = labelled_points(label_map)
    chosen = torch.randint(len(ids), (n_points,), generator=draws)
    logits = segmenter.at_points(pyramid, points[chosen].to(weights.device))
    return F.cross_entropy(logits, ids[chosen].to(weights.device), weights)


def _picture_loss(
    segmenter: CNNSegmenter,
    pyramid: FeaturePyramid,
    label_map: np.ndarray,
    weights: Tensor,
    size_px: int,
) -> Tensor:
    logits = segmenter(pyramid, size_px)
    # Shares of each cell, so that a scribble counts however thin it is.
    wanted = shares(label_map, segmenter.n_parts, size_px).to(weights.device) * weights
    log_probabilities = logits.log_softmax(1)[0].flatten(1).T
    return -(wanted * log_probabilities).sum() / wanted.sum()


class _Kept:
    """Pyramids kept while they fit in memory, made again when they do not."""

    def __init__(self, pyramids: PyramidOf) -> None:
        self._pyramids = pyramids
        self._known: dict[int, FeaturePyramid] = {}
        self._n_bytes = 0

    def __call__(self, i: int) -> FeaturePyramid:
        if i in self._known:
            return self._known[i]
        pyramid = self._pyramids(i)
        if self._n_bytes + pyramid.n_bytes <= _CACHE_BYTES:
            self._known[i] = pyramid
            self._n_bytes += pyramid.n_bytes
        return pyramid
