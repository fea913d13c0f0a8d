"""What one labelled picture asks of ridge regression: rows while they are at hand, sums once they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from partly.fewshot.segmenters.normal_equations import NormalEquations, normal_equations, part_weights

# Rows at even distances, to choose the sharpness on without keeping them all.
_N_SAMPLED = 512


@dataclass
class PictureRows:
    """The labelled cells of one picture.

    Attributes:
        chosen: where the ``n`` labelled cells stand in the features that are kept.
        targets: shares of the parts in what is labelled of each, ``[n, k]``.
        weights: ``[n]``, 1 in all.
        at_hand: whether the features of all cells are kept, since labels may change soon.
    """

    chosen: Tensor
    targets: Tensor
    weights: Tensor
    at_hand: bool
    _features: Tensor | None
    _sampled: Tensor | None = None
    _sums: NormalEquations | None = None

    @classmethod
    def of(cls, features: Tensor, covered: Tensor, balance: float) -> PictureRows:
        """From all cells of a picture, at hand.

        Args:
            features: ``[g², d]``; kept, not copied.
            covered: how much of each cell each part covers, ``[g², k]``, on any device; not all 0.
            balance: class-balance exponent.
        """
        covered = covered.to(features.device)
        labelled = covered.sum(1)
        chosen = labelled.nonzero()[:, 0]
        here = covered[chosen]
        return cls(chosen, here / labelled[chosen, None], part_weights(here, balance), True, features)

    @property
    def n_rows(self) -> int:
        """Number ``n`` of labelled cells."""
        return len(self.chosen)

    @property
    def has_rows(self) -> bool:
        """Whether the features of the labelled cells, at least, are kept."""
        return self._features is not None

    @property
    def seen(self) -> Tensor:
        """Which parts have a labelled pixel, boolean ``[k]``."""
        return self.targets.amax(0) > 0

    def labelled(self) -> tuple[Tensor, Tensor, Tensor]:
        """Features ``[n, d]`` (a copy), targets and weights of the labelled cells."""
        return self._kept()[self.chosen], self.targets, self.weights

    def at_once(self) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`labelled`, but all cells where most are labelled, for which nothing is copied.

        Those that are not labelled have the weight 0.
        """
        features = self._kept()
        if 2 * self.n_rows < len(features):
            return self.labelled()
        targets = self.targets.new_zeros(len(features), self.targets.shape[1])
        weights = self.weights.new_zeros(len(features))
        targets[self.chosen], weights[self.chosen] = self.targets, self.weights
        return features, targets, weights

    def sample(self) -> tuple[Tensor, Tensor, Tensor]:
        """Features, targets and weights of some of the labelled cells."""
        step = max(1, self.n_rows // _N_SAMPLED)
        features = self._kept()[self.chosen[::step]] if self._sampled is None else self._sampled
        return features, self.targets[::step], self.weights[::step]

    @property
    def sums(self) -> NormalEquations:
        """The running sums, formed when they are first asked for."""
        if self._sums is None:
            self._sums = normal_equations(*self.labelled())
        return self._sums

    def settle(self, n_most: int) -> None:
        """Let go of the features, but for the labelled cells' where these are no more than ``n_most``."""
        if not self.at_hand:
            return
        self._sampled = self.sample()[0]
        if self.n_rows <= n_most:
            self._features = self.labelled()[0]
            self.chosen = torch.arange(self.n_rows, device=self.chosen.device)
        else:
            self._sums, self._features = self.sums, None
        self.at_hand = False

    def renumbered(self, new_ids: Sequence[int | None], n_parts: int) -> PictureRows:
        """With other part ids; see :func:`renumbered`. Labelled parts must not become one, or none."""
        sums = self._sums and replace(self._sums, moment=renumbered(self._sums.moment, new_ids, n_parts))
        return replace(self, targets=renumbered(self.targets, new_ids, n_parts), _sums=sums)

    def _kept(self) -> Tensor:
        if self._features is None:
            raise RuntimeError("the features of this picture are not kept any more")
        return self._features


def renumbered(columns: Tensor, new_ids: Sequence[int | None], n_parts: int) -> Tensor:
    """Columns of old parts ``[n, k]`` as those of new ones, ``[n, n_parts]``.

    Args:
        columns: what each part has.
        new_ids: for each old part the new one, or None where it is no more; what becomes one is added up.
        n_parts: how many there are now.
    """
    new = columns.new_zeros(len(columns), n_parts)
    for column, to in zip(columns.T, new_ids, strict=True):
        if to is not None:
            new[:, to] += column
    return new
