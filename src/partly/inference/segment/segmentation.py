"""What segmenting a photo gives: a label map, how sure it is, and how much of each part there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet, write_label_map
from partly.inference.find import Frame

if TYPE_CHECKING:
    from partly.inference.segment.part_probabilities import PartProbabilities

_ROWS = 512
_LEAST_SHARE, _MOST_SHARE = 0.25, 0.75  # odds of 1 : 3 and of 3 : 1


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


@dataclass(frozen=True)
class FoundObject:
    """One of the objects that were found in a photo.

    Attributes:
        number: of it, from 1, in order of falling confidence; its pixels have it in the object map.
        frame: where it stands.
        box: of its visible pixels, ``(left, top, right, bottom)`` in whole pixels, the last two exclusive.
        confidence: that it is one, 0 to 1.
        areas: of its parts, in order of the part set; shares are of the photo.
    """

    number: int
    frame: Frame
    box: tuple[int, int, int, int]
    confidence: float
    areas: tuple[PartArea, ...]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A segmented photo, at the photo's own size.

    Attributes:
        label_map: part ids, uint8 ``[h, w]``.
        confidence: probability of the part given, float32 ``[h, w]``, 1/k to 1.
        part_set: what the ids mean.
        probabilities: of all parts; None where nothing but the label map is known.
        objects: that were found, where they were looked for; else None: the photo was taken for one object.
        object_map: number of the object that each pixel belongs to, 0 where there is none, uint16 ``[h, w]``;
            None where objects were not looked for.
    """

    label_map: NDArray[np.uint8]
    confidence: NDArray[np.float32]
    part_set: PartSet
    probabilities: PartProbabilities | None = field(default=None, repr=False)
    objects: tuple[FoundObject, ...] | None = None
    object_map: NDArray[np.uint16] | None = field(default=None, repr=False)

    def mask(self, part: str) -> NDArray[np.bool_]:
        """Where one part is, boolean ``[h, w]``.

        Raises:
            BadLabel: there is no part of that name.
        """
        mask: NDArray[np.bool_] = self.label_map == self.part_set.index(part)
        return mask

    def probability(self, part: str) -> NDArray[np.float32]:
        """How probable one part is in each pixel, float32 ``[h, w]``, 0 to 1; over all parts they sum to 1.

        Raises:
            BadLabel: there is no part of that name.
            ValueError: nothing but the label map is known.
        """
        return np.concatenate(list(self.probability_strips(part)))

    def probability_strips(self, part: str) -> Iterator[NDArray[np.float32]]:
        """The same as consecutive strips of rows ``[n, w]``, of which one at a time is in memory."""
        return self._known_probabilities().of_part(self.part_set.index(part))

    def opacity(self, parts: Sequence[str]) -> NDArray[np.uint8]:
        """How opaque some parts, taken together, are when they are cut out: uint8 ``[h, w]``.

        It follows from the likeliest of these parts, p, and the likeliest other, q: 0 where p : q is 1 : 3 or
        less, 255 from 3 : 1 on, and linear in p / (p + q) between. So it is at least 128 exactly in the
        parts' masks (but for ties), and a haze far from them is none.

        Raises:
            BadLabel: there is no part of one of these names.
            ValueError: nothing but the label map is known.
        """
        ids = [self.part_set.index(part) for part in parts]
        opacity = np.empty(self.label_map.shape, np.uint8)
        top = 0
        for strip in self._known_probabilities().against_others(ids):
            rows = slice(top, top + len(strip))
            share = (strip - _LEAST_SHARE) / (_MOST_SHARE - _LEAST_SHARE)
            opacity[rows] = np.rint(share.clip(0, 1) * 255)
            top = rows.stop
        return opacity

    def _known_probabilities(self) -> PartProbabilities:
        if self.probabilities is None:
            raise ValueError("of this segmentation nothing but the label map is known")
        return self.probabilities

    def areas(self) -> tuple[PartArea, ...]:
        """Area and mean confidence of every part, in order of the part set."""
        n_parts, n_all = self.part_set.n_parts, self.label_map.size
        n_pixels, sums = np.zeros(n_parts, np.int64), np.zeros(n_parts)
        for top in range(0, len(self.label_map), _ROWS):
            labels = self.label_map[top : top + _ROWS].ravel().astype(np.intp)  # as bincount takes them
            n_pixels += np.bincount(labels, minlength=n_parts)
            sums += np.bincount(labels, self.confidence[top : top + _ROWS].ravel(), n_parts)
        return tuple(
            PartArea(name, int(n), float(n / n_all), float(total / n) if n else None)
            for name, n, total in zip(self.part_set.names, n_pixels, sums, strict=True)
        )

    def save(self, path: str | Path) -> None:
        """Write the label map as a palette PNG, atomically."""
        write_label_map(Path(path), self.label_map, self.part_set)
