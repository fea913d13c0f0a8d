"""Small parts that a segmenter hardly finds are raised until they are as large as labels show them.

Regression to shares, with a penalty, shrinks what few cells ask for: from one label, a part of a hundredth of
the picture scores less than the large one around it nearly everywhere, and is found in no other picture. But
where it scores most, it is right. So its logits are raised by a constant, as outputs are fitted to class
frequencies that are known otherwise (Saerens et al., "Adjusting the outputs of a classifier to new a priori
probabilities", Neural Computation 2002): the labels tell how much of a picture it covers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from partly.fewshot.fitting.cell_targets import part_pixels
from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX, FewShotSegmenter
from partly.models import FeaturePyramid

SMALL = 0.05
"""Parts of less than this share of what is labelled; larger ones are not alike in all pictures."""

_N_ROUNDS = 5


@torch.no_grad()
def raise_small_parts(
    segmenter: FewShotSegmenter,
    label_maps: Sequence[np.ndarray],
    pyramids: Iterable[FeaturePyramid],
    share: float,
) -> None:
    """Raise small parts, in place, that cover less of plain pictures than of labelled ones.

    Args:
        segmenter: fitted; its layout takes the constants.
        label_maps: uint8 ``[h, w]`` each, 255 where unlabelled.
        pyramids: of plain pictures, one or more.
        share: of what a part covers of the labelled pictures, which it is to cover of the plain ones at
            least, above 0.
    """
    covered = _covered(label_maps, segmenter.n_parts)
    wanted = {part: share * of for part, of in enumerate(covered) if 0 < of < SMALL}
    if not wanted:
        return
    logits = torch.cat([segmenter(pyramid, LAYOUT_PX).flatten(2).cpu() for pyramid in pyramids])
    raised = constants(logits, wanted)
    segmenter.layout += raised.to(segmenter.layout.device)[:, None, None]


def constants(logits: Tensor, wanted: dict[int, float]) -> Tensor:
    """What to add to the logits of each part, ``[k]``, 0 or more, so that it covers at least what is wanted.

    A cell becomes the part's once the constant is above the margin by which the best other part leads, so
    the smallest constant is a quantile of those margins. Small parts lie beside each other: a few rounds
    settle what they take from each other.

    Args:
        logits: of pictures, ``[n, k, cells]``.
        wanted: by part, which share of all cells.
    """
    raised = torch.zeros(logits.shape[1])
    for _ in range(_N_ROUNDS):
        for part, share in wanted.items():
            others = logits + raised[:, None]
            others[:, part] = -torch.inf
            margins = (others.amax(1) - logits[:, part]).flatten()
            n_cells = min(len(margins), math.ceil(share * len(margins)))
            raised[part] = margins.kthvalue(n_cells).values.clamp_min(0)
    return raised


def _covered(label_maps: Sequence[np.ndarray], n_parts: int) -> list[float]:
    """Which share of what is labelled each part covers; labelled pictures count alike."""
    counts = np.stack([part_pixels(label_map, n_parts) for label_map in label_maps])
    shown: list[float] = (counts / counts.sum(1, keepdims=True).clip(1)).mean(0).tolist()
    return shown
