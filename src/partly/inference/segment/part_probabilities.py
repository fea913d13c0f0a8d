"""How probable each part is in every pixel of a photo, a strip of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.machine import where_able

STRIP_VALUES = 1 << 18
"""Logits that are upsampled at a time: 1 MiB, which stays in the cache of a core."""


class PartProbabilities:
    """Softmax of a photo's logits at the photo's own size; little of it is in memory.

    Args:
        logits: of the whole photo, ``[k, h', w']``, at any size.
        height, width: of the photo.
    """

    def __init__(self, logits: Tensor, height: int, width: int) -> None:
        self._logits, self.height, self.width = logits, height, width

    def strips(self, parts: slice = slice(None)) -> Iterator[Tensor]:
        """Logits of some parts at the photo's size, as consecutive strips ``[k, n, w]``."""
        return upsampled_strips(self._logits[parts], self.height, self.width)

    def of_part(self, part: int) -> Iterator[NDArray[np.float32]]:
        """Probability of one part, 0 to 1, as consecutive strips ``[n, w]``."""
        top = 0
        for strip in self.strips(slice(part, part + 1)):
            rows = slice(top, top + strip.shape[1])
            yield np.exp(strip[0].cpu().numpy() - self._log_sums[rows])
            top = rows.stop

    def against_others(self, parts: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        """Probability of the likelier of some parts beside the likeliest other, as strips ``[n, w]``.

        That is p / (p + q), 0 to 1: above a half exactly where the label map has one of these parts.
        """
        others = [part for part in range(len(self._logits)) if part not in parts]
        for strip in self.strips():
            best = strip[list(parts)].amax(0)
            yield (
                (best - strip[others].amax(0) if others else torch.full_like(best, 99))
                .sigmoid()
                .cpu()
                .numpy()
            )

    @cached_property
    def _log_sums(self) -> NDArray[np.float32]:
        """Logarithm of the sum of exp(logit) over all parts, ``[h, w]``."""
        sums = np.empty((self.height, self.width), np.float32)
        top = 0
        for strip in self.strips():
            rows = slice(top, top + strip.shape[1])
            sums[rows] = strip.logsumexp(0).cpu().numpy()
            top = rows.stop
        return sums


def upsampled_strips(logits: Tensor, height: int, width: int) -> Iterator[Tensor]:
    """Logits ``[k, h, w]`` at another size, as consecutive strips ``[k, n, width]``.

    Together they equal ``F.interpolate(logits, (height, width), mode="bilinear")``, with antialiasing where
    that shrinks.
    """
    n_parts, h, w = logits.shape
    if height <= h and width <= w:
        whole = where_able(logits)[None]
        yield F.interpolate(whole, (height, width), mode="bilinear", antialias=True)[0].to(logits.device)
        return
    # All columns first (k h width values, little even for huge photos), then rows as they are wanted.
    logits = F.interpolate(logits[None], (h, width), mode="bilinear", align_corners=False)[0]
    n_rows = max(1, STRIP_VALUES // (n_parts * width))
    for top in range(0, height, n_rows):
        y = torch.arange(top, min(top + n_rows, height), dtype=torch.float32, device=logits.device)
        y = ((y + 0.5) * (h / height) - 0.5).clamp(0, h - 1)
        above = y.floor().long()
        below = (above + 1).clamp(max=h - 1)
        # A quarter of the time of ``logits[:, above]``.
        rows, next_rows = (logits.index_select(1, places) for places in (above, below))
        yield torch.lerp(rows, next_rows, (y - above)[:, None])
