"""What segmenting a photo gives: a label map, how sure it is, and how much of each part there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet, write_label_map

_ROWS = 512


@dataclass(frozen=True)
class PartArea:
    """How much of a photo one part covers.

    Attributes:
        part: name of the part.
        n_pixels: its area.
        share: its area over the photo's, 0 to 1.
        confidence: mean over its pixels, 0 to 1; None where it has none.
    """

    part: str
    n_pixels: int
    share: float
    confidence: float | None


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A segmented photo, at the photo's own size.

    Attributes:
        label_map: part ids, uint8 ``[h, w]``.
        confidence: probability of the part given, float32 ``[h, w]``, 1/k to 1.
        part_set: what the ids mean.
    """

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    part_set: PartSet

    def mask(self, part: str) -> NDArray[np.bool_]:
        """Where one part is, boolean ``[h, w]``.

        Raises:
            BadLabel: there is no part of that name.
        """
        mask: NDArray[np.bool_] = self.label_map == self.part_set.index(part)
        return mask

    def areas(self) -> tuple[PartArea, ...]:
        """Area and mean confidence of every part, in order of the part set."""
        n_parts, n_all = self.part_set.n_parts, self.label_map.size
        n_pixels, sums = np.zeros(n_parts, np.int64), np.zeros(n_parts)
        for top in range(0, len(self.label_map), _ROWS):
            labels = self.label_map[top : top + _ROWS].ravel()
            n_pixels += np.bincount(labels, minlength=n_parts)
            sums += np.bincount(labels, self.confidence[top : top + _ROWS].ravel(), n_parts)
        return tuple(
            PartArea(name, int(n), float(n / n_all), float(total / n) if n else None)
            for name, n, total in zip(self.part_set.names, n_pixels, sums, strict=True)
        )

    def save(self, path: str | Path) -> None:
        """Write the label map as a palette PNG, atomically."""
        write_label_map(Path(path), self.label_map, self.part_set)
