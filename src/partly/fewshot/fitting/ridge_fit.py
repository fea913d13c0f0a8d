"""Fits the ridge segmenter from running sums: add a picture, take one out again, solve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadLabel
from partly.fewshot.fitting.cell_targets import shares
from partly.fewshot.fitting.ridge_methods import BALANCE, PENALTY, PENALTY_POWER
from partly.fewshot.fitting.ridge_refit import Guide, improved
from partly.fewshot.fitting.ridge_rows import PictureRows, renumbered
from partly.fewshot.segmenters.normal_equations import (
    NormalEquations,
    cholesky_solved,
    normal_equations,
    part_weights,
    solve_dual,
)
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models import FeaturePyramid, on_grid

# The bias is not pulled to zero; a trace of penalty keeps the equations solvable without it.
_BIAS_PENALTY = 1e-6
# With fewer rows than this share of the features the dual form is quicker.
_DUAL_SHARE = 0.5


@dataclass(frozen=True)
class SelfTraining:
    """How a fit learns from what it says of plain pictures.

    Attributes:
        share: weight of the pseudo-labels against that of the labels.
        penalty_divisor: pseudo-labels hold the weights too, so that less penalty is needed beside them.
        surest: of the cells of a picture that get one part, the share that is learned from: those whose
            highest score is farthest above the second.
        every: of the cells, one in so many is looked at.
    """

    share: float = 0.5
    penalty_divisor: float = 3.0
    surest: float = 1.0
    every: int = 1


@dataclass
class RidgeFit:
    """A ridge segmenter with the sums that it is solved from, on the segmenter's device.

    A picture takes ``4 d²`` bytes (26 MB for 2566 features) once its rows are many and its sums are formed.

    Attributes:
        segmenter: with its standardiser already estimated.
        penalty: λ for one label, features of deviation 1 and rows whose weights sum to 1; less for more.
        balance: class-balance exponent: 0 weighs pixels alike, 1 parts; see ``part_weights``.
        grid_px: cells on which labels are compared; each cell asks for the shares of the parts in it.
        penalty_power: with ``n`` pictures the penalty is λ times ``n**-penalty_power``.
    """

    segmenter: RidgeSegmenter
    penalty: float = PENALTY
    balance: float = BALANCE
    grid_px: int = 64
    penalty_power: float = PENALTY_POWER
    _known: dict[str, PictureRows] = field(default_factory=dict)
    _settled: NormalEquations | None = None  # of the pictures that are not at hand; None: to be summed
    _guide: Guide | None = None

    def add(self, name: str, pyramid: FeaturePyramid, label_map: np.ndarray) -> None:
        """Take the picture ``name`` in, instead of what was known of it before.

        Args:
            name: any name of the picture.
            pyramid: the whole pyramid of this one picture.
            label_map: ``[h, w]``, 255 where unlabelled.

        Raises:
            BadLabel: nothing is labelled.
        """
        covered = shares(label_map, self.segmenter.n_parts, self.grid_px)
        if not covered.any():
            raise BadLabel(
                f"picture {name!r} has no labelled pixel", remedy="Label at least one pixel of each part"
            )
        picture = PictureRows.of(self.segmenter.rows(pyramid, self.grid_px), covered, self.balance)
        picture.settle(self._n_few_rows)
        self._put(name, picture)

    def add_rows(self, name: str, features: Tensor, covered: Tensor) -> None:
        """As :meth:`add`, from what it computes, which is kept at hand: for labels that change again soon.

        Pictures taken in before are settled: only one is at hand.

        Args:
            name: any name of the picture.
            features: ``segmenter.rows(pyramid, grid_px)``, ``[g², d]``; kept, not copied.
            covered: ``shares(label_map, n_parts, grid_px)``, not all 0.
        """
        self.settle(but=name)
        self._put(name, PictureRows.of(features, covered, self.balance))

    def settle(self, but: str | None = None) -> None:
        """Let go of the features of all pictures but one; their sums are formed where they are not yet."""
        for name, picture in self._known.items():
            if picture.at_hand and name != but:
                picture.settle(self._n_few_rows)
                self._settled = None

    def remove(self, name: str) -> None:
        """Forget the picture ``name``."""
        if not self._known.pop(name).at_hand:
            self._settled = None

    @property
    def names(self) -> Sequence[str]:
        """The pictures taken in."""
        return tuple(self._known)

    def solve(self) -> RidgeSegmenter:
        """The segmenter, solved for all pictures taken in.

        Raises:
            BadLabel: no picture was taken in.
        """
        if self._has_few_rows():
            rows = [torch.cat(column) for column in zip(*(p.labelled() for p in self._all()), strict=True)]
            return self._set(solve_dual(rows[0], rows[1], rows[2], self._penalty))
        return self._solved(self._total())

    def left_out(self) -> Iterator[tuple[str, RidgeSegmenter]]:
        """For each of two pictures or more, what :meth:`solve` would give without it.

        Its sums are taken out of those of all, so that nothing is read or summed again. The segmenter is the
        same object each time, and not the one of this fit.

        Raises:
            BadLabel: there is one picture only, or none.
        """
        segmenter, total = deepcopy(self.segmenter), None
        for name, picture in self._known.items():
            known = {other: rows for other, rows in self._known.items() if other != name}
            others = self._of(segmenter, known)
            if others._has_few_rows():
                yield name, others.solve()
                continue
            if total is None:
                total = self._total()
            yield name, others._solved(total - picture.sums)

    def halves(self) -> tuple[RidgeSegmenter, RidgeSegmenter]:
        """Two segmenters for all pictures taken in, each of half of the features; see ``half_columns``.

        Raises:
            BadLabel: no picture was taken in.
        """
        total, penalties = self._total(), self._penalties(self._penalty)
        solved = []
        for columns in self.segmenter.half_columns():
            gram, moment = total.gram[columns][:, columns], total.moment[columns]
            weight = torch.zeros_like(total.moment)
            weight[columns] = NormalEquations(gram, moment, total.weight).solve(penalties[columns])
            solved.append(self._of(deepcopy(self.segmenter), self._known)._set(weight))
        return solved[0], solved[1]

    def refit(self) -> RidgeSegmenter:
        """As :meth:`solve`, within a few ten thousandths of the weights, and quicker after a small change.

        Conjugate gradients start at the weights as they are, and are led by the triangle of an earlier solve.
        Where that is too old it is made anew; it takes ``8 d²`` bytes.

        Raises:
            BadLabel: no picture was taken in.
        """
        if self._has_few_rows():
            return self.solve()
        penalties = self._penalties(self._penalty)
        if self._guide is not None and self._guide.penalty == self._penalty and not self._guide.is_old:
            at_hand = next((p for p in self._all() if p.at_hand), None)
            weight = improved(self.segmenter.weight, self._settled_sums(), at_hand, penalties, self._guide)
            if weight is not None:
                return self._set(weight.T)
        total = self._total()
        self._guide = Guide(total.factor(penalties), self._penalty)
        return self._set(cholesky_solved(total.moment / total.weight, self._guide.lower))

    def self_train(
        self, pyramids: Iterable[FeaturePyramid], how: SelfTraining | None = None
    ) -> RidgeSegmenter:
        """Solve once more, with what the solved segmenter says of pictures that nobody labelled.

        Pseudo-labels (Lee, ICML workshops 2013): each cell of a plain picture asks for the part that got the
        highest score, the layout considered. One label knows one background and one hairstyle; its own
        guesses on others carry over what it knows to theirs. One round helps, a second does not
        (docs/lab.md).

        Args:
            pyramids: whole pyramids of plain pictures, one picture each.
            how: how much is taken of them.
        """
        how = how or SelfTraining()
        labelled, guessed = self._total(), None
        lie = on_grid(self.segmenter.layout[None], self.grid_px)[0].flatten(1).T / self.segmenter.sharpness
        for pyramid in pyramids:
            features = self.segmenter.rows(pyramid, self.grid_px)
            if how.surest < 1 or how.every > 1:
                features, best = _surest(features, self.segmenter.weight, lie, how)
            else:
                best = (features @ self.segmenter.weight.T + lie).argmax(1)
            targets = F.one_hot(best, self.segmenter.n_parts).float()
            sums = normal_equations(features, targets, part_weights(targets, self.balance))
            guessed = sums if guessed is None else guessed + sums
        if guessed is None:
            return self.segmenter
        of_labels, of_guesses = (1 - how.share) / labelled.weight, how.share / guessed.weight
        mixed = labelled.scaled(of_labels) + guessed.scaled(of_guesses)
        return self._set(mixed.solve(self._penalties(self.penalty / how.penalty_divisor)))

    def renumber(self, segmenter: RidgeSegmenter, new_ids: Sequence[int | None]) -> None:
        """Go on with a segmenter of other parts.

        Args:
            segmenter: takes the weights over; it has the standardiser already.
            new_ids: for each old part the new one, or None where it is no more. What is labelled in a picture
                must stay apart.
        """
        n_parts = segmenter.n_parts
        segmenter.weight.copy_(renumbered(self.segmenter.weight.T, new_ids, n_parts).T)
        segmenter.sharpness.copy_(self.segmenter.sharpness)
        self._known = {name: p.renumbered(new_ids, n_parts) for name, p in self._known.items()}
        self.segmenter, self._settled = segmenter, None

    @property
    def _penalty(self) -> float:
        return self.penalty * len(self._all()) ** -self.penalty_power

    def _penalties(self, penalty: float) -> Tensor:
        penalties = torch.full((self.segmenter.n_features,), penalty, device=self.segmenter.weight.device)
        penalties[-1] = _BIAS_PENALTY
        return penalties

    def _put(self, name: str, picture: PictureRows) -> None:
        known = self._known.get(name)
        if not picture.at_hand or (known is not None and not known.at_hand):
            self._settled = None
        self._known[name] = picture

    def _all(self) -> Sequence[PictureRows]:
        if not self._known:
            raise BadLabel("no annotation", expected="at least one labelled picture")
        return tuple(self._known.values())

    @property
    def _n_few_rows(self) -> int:
        return int(_DUAL_SHARE * self.segmenter.n_features)

    def _has_few_rows(self) -> bool:
        pictures = self._all()
        return all(p.has_rows for p in pictures) and sum(p.n_rows for p in pictures) <= self._n_few_rows

    def _total(self) -> NormalEquations:
        first, *others = (p.sums for p in self._all())
        return sum(others, first)

    def _of(self, segmenter: RidgeSegmenter, known: dict[str, PictureRows]) -> RidgeFit:
        """A fit with the same choices, of other pictures."""
        return replace(self, segmenter=segmenter, _known=known, _settled=None, _guide=None)

    def _solved(self, total: NormalEquations) -> RidgeSegmenter:
        return self._set(total.solve(self._penalties(self._penalty)))

    def _settled_sums(self) -> NormalEquations | None:
        settled = [p.sums for p in self._all() if not p.at_hand]
        if self._settled is None and settled:
            self._settled = sum(settled[1:], settled[0])
        return self._settled

    def _set(self, weight: Tensor) -> RidgeSegmenter:
        self.segmenter.weight.copy_(weight.T)
        self.segmenter.sharpness.fill_(self._sharpness())
        return self.segmenter

    def _sharpness(self) -> float:
        """The factor on scores that makes their softmax most likely on a sample of labelled cells.

        Parts that no label shows are left out of the softmax.
        """
        features, targets, weights = (
            torch.cat(column) for column in zip(*(p.sample() for p in self._all()), strict=True)
        )
        seen = torch.stack([p.seen for p in self._all()]).any(0)
        scores, targets = features @ self.segmenter.weight[seen].T, targets[:, seen]
        factors = torch.logspace(0, 2, 41)

        def loss(i: int) -> float:
            return -float(weights @ (targets * (factors[i] * scores).log_softmax(1)).sum(1))

        # It is convex in the factor, so halving finds the lowest.
        low, high = 0, len(factors) - 1
        while low < high:
            middle = (low + high) // 2
            if loss(middle) <= loss(middle + 1):
                high = middle
            else:
                low = middle + 1
        return float(factors[low])


def _surest(features: Tensor, weight: Tensor, lie: Tensor, how: SelfTraining) -> tuple[Tensor, Tensor]:
    """Rows of some cells ``[n, d]``, and the part ``[n]`` that each is sure of.

    Args:
        features: of all cells, ``[g², d]``.
        weight: ``[k, d]``.
        lie: what the layout adds to the scores, ``[g², k]``.
        how: which cells.
    """
    features, lie = features[:: how.every], lie[:: how.every]
    scores, ranks = (features @ weight.T + lie).topk(2, dim=1)
    parts, margin = ranks[:, 0], scores[:, 0] - scores[:, 1]
    chosen = []
    for part in parts.unique():
        cells = (parts == part).nonzero()[:, 0]
        n_kept = max(1, int(how.surest * len(cells)))
        chosen.append(cells[margin[cells].argsort(descending=True)[:n_kept]])
    kept = torch.cat(chosen)
    return features[kept], parts[kept]
