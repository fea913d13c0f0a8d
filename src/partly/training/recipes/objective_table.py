"""Objectives by name, each with the penalty that the literature trains it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from partly.losses import (
    GradientPenalty,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Objective,
    Wasserstein,
)


@dataclass(frozen=True)
class NamedObjective:
    """An objective as it is trained.

    Attributes:
        make: the objective.
        penalty: of the discriminator, where this objective cannot do without; None leaves the family's own.
        has_zero: scores above 0 say "photo", which adaptive augmentation counts.
        needs_slopes: the penalty is about the slope at each picture by itself, so that the discriminator may
            not mix the pictures of a batch by batch norm (Gulrajani et al., NIPS 2017, section 4).
        n_discriminator_steps: for each step of the generator.
    """

    make: Callable[[], Objective]
    penalty: Objective | None = None
    has_zero: bool = True
    needs_slopes: bool = False
    n_discriminator_steps: int = 1


OBJECTIVES: dict[str, NamedObjective] = {
    "non-saturating": NamedObjective(NonSaturating),
    "minimax": NamedObjective(Minimax),
    "hinge": NamedObjective(Hinge),
    "wasserstein": NamedObjective(
        Wasserstein, GradientPenalty(), has_zero=False, needs_slopes=True, n_discriminator_steps=5
    ),
    "least-squares": NamedObjective(LeastSquares, has_zero=False),
}
"""A new objective is a dataclass in :mod:`partly.losses`, and a line here."""
