"""Fits the ridge segmenter from running sums: add a picture, take one out again, solve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from partly.errors import BadLabel
from partly.pyramid import FeaturePyramid, on_grid
from partly.segmenters.normal_equations import NormalEquations, normal_equations, part_weights
from partly.segmenters.ridge import RidgeSegmenter
from partly.training.few_shot.targets import shares

# The bias is not pulled to zero; a trace of penalty keeps the equations solvable without it.
_BIAS_PENALTY = 1e-6
# More labels need less penalty: found best were 3 for one and 0.1 for ten (docs/lab.md).
_PENALTY_POWER = 1.5
# Pseudo-labels hold the weights too, so that less penalty is needed beside them.
_SELF_TRAINING_PENALTY = 3.0


@dataclass
class RidgeFit:
    """A ridge segmenter with the sums that it is solved from.

    Attributes:
        segmenter: with its standardiser already estimated.
        penalty: λ for one label, features of deviation 1 and rows whose weights sum to 1; less for more.
        balance: 0 counts pixels alike, 1 counts parts alike; see ``part_weights``.
        grid_px: cells on which labels are compared; each cell asks for the shares of the parts in it.
    """

    segmenter: RidgeSegmenter
    penalty: float = 3.0
    balance: float = 0.5
    grid_px: int = 64
    _sums: dict[str, NormalEquations] = field(default_factory=dict)
    _samples: dict[str, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)

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
        labelled = covered.sum(1)
        rows = labelled > 0
        if not rows.any():
            raise BadLabel(
                f"picture {name!r} has no labelled pixel", remedy="Label at least one pixel of each part"
            )
        features = self.segmenter.rows(pyramid, self.grid_px)[rows]
        targets = covered[rows] / labelled[rows, None]
        weights = part_weights(covered[rows], self.balance)
        self._sums[name] = normal_equations(features, targets, weights)
        self._samples[name] = _sample(features, targets, weights)

    def remove(self, name: str) -> None:
        """Forget the picture ``name``."""
        del self._sums[name], self._samples[name]

    @property
    def names(self) -> Sequence[str]:
        """The pictures taken in."""
        return tuple(self._sums)

    def solve(self) -> RidgeSegmenter:
        """The segmenter, solved for all pictures taken in.

        Raises:
            BadLabel: no picture was taken in.
        """
        return self._set(self._total(), self.penalty * len(self._sums) ** -_PENALTY_POWER)

    def self_train(self, pyramids: Iterable[FeaturePyramid], share: float = 0.5) -> RidgeSegmenter:
        """Solve once more, with what the solved segmenter says of pictures that nobody labelled.

        Pseudo-labels (Lee, ICML workshops 2013): each cell of a plain picture asks for the part that got the
        highest score, the layout considered. One label knows one background and one hairstyle; its own
        guesses on others carry over what it knows to theirs. One round helps, a second does not
        (docs/lab.md).

        Args:
            pyramids: whole pyramids of plain pictures, one picture each.
            share: weight of the pseudo-labels against that of the labels.
        """
        labelled, guessed = self._total(), None
        lie = on_grid(self.segmenter.layout[None], self.grid_px)[0].flatten(1).T / self.segmenter.sharpness
        for pyramid in pyramids:
            features = self.segmenter.rows(pyramid, self.grid_px)
            best = (features @ self.segmenter.weight.T + lie).argmax(1)
            targets = F.one_hot(best, self.segmenter.n_parts).float()
            sums = normal_equations(features, targets, part_weights(targets, self.balance))
            guessed = sums if guessed is None else guessed + sums
        if guessed is None:
            return self.segmenter
        mixed = labelled.scaled((1 - share) / labelled.weight) + guessed.scaled(share / guessed.weight)
        return self._set(mixed, self.penalty / _SELF_TRAINING_PENALTY)

    def _total(self) -> NormalEquations:
        if not self._sums:
            raise BadLabel("no annotation", expected="at least one labelled picture")
        total, *others = self._sums.values()
        for sums in others:
            total = total + sums
        return total

    def _set(self, sums: NormalEquations, penalty: float) -> RidgeSegmenter:
        self.segmenter.weight.copy_(sums.solve(self._penalties(penalty)).T)
        self.segmenter.sharpness.fill_(self._sharpness())
        return self.segmenter

    def _penalties(self, penalty: float) -> Tensor:
        penalties = torch.full((self.segmenter.n_features,), penalty)
        penalties[-1] = _BIAS_PENALTY
        return penalties

    def _sharpness(self) -> float:
        """The factor on scores that makes their softmax most likely on a sample of labelled cells."""
        features, targets, weights = (
            torch.cat(column) for column in zip(*self._samples.values(), strict=True)
        )
        scores = features @ self.segmenter.weight.T
        factors = torch.logspace(0, 2, 41)
        losses = [-(weights @ (targets * (f * scores).log_softmax(1)).sum(1)) for f in factors]
        return float(factors[int(torch.stack(losses).argmin())])


def _sample(
    features: Tensor, targets: Tensor, weights: Tensor, n: int = 512
) -> tuple[Tensor, Tensor, Tensor]:
    """Rows at even distances, to choose the sharpness on without keeping them all."""
    step = max(1, len(features) // n)
    return features[::step].clone(), targets[::step].clone(), weights[::step].clone()
