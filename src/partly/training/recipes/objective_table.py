"""Objectives by name, each with the penalty that the literature trains it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from partly.losses import (
    R1,
    R2,
    FeatureMatching,
    GradientPenalty,
    Hinge,
    LeastSquares,
    LossSensitive,
    Minimax,
    NonSaturating,
    Objective,
    Relativistic,
    Wasserstein,
)


@dataclass(frozen=True)
class NamedObjective:
    """An objective as it is trained.

    Attributes:
        make: the objective.
        penalties: of the discriminator, where this objective cannot do without, counted in every step; none
            leaves the family's own.
        has_zero: scores above 0 say "photo", which adaptive augmentation counts.
        by_itself: what is learned from is about each picture by itself, so that the discriminator may not mix
            the pictures of a batch by batch norm: slopes (Gulrajani et al., NIPS 2017, section 4), or means
            of features, which batch norm makes the same for photos and pictures.
        n_discriminator_steps: for each step of the generator.
        training: values of :class:`partly.training.adversarial.GanConfig`, before those of the family.
    """

    make: Callable[[], Objective]
    penalties: tuple[Objective, ...] = ()
    has_zero: bool = True
    by_itself: bool = False
    n_discriminator_steps: int = 1
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def clips_weights(self) -> bool:
        """Whether slopes are held by clipping weights, so that there is no other penalty on them."""
        return "weight_bound" in self.training

    @property
    def holds_slopes(self) -> bool:
        """Whether it brings what holds slopes, so that neither its family nor a weight adds R1."""
        return bool(self.penalties) or self.clips_weights


OBJECTIVES: dict[str, NamedObjective] = {
    "non-saturating": NamedObjective(NonSaturating),
    "minimax": NamedObjective(Minimax),
    "hinge": NamedObjective(Hinge),
    "wasserstein": NamedObjective(
        Wasserstein, (GradientPenalty(),), has_zero=False, by_itself=True, n_discriminator_steps=5
    ),
    # Arjovsky et al. (ICML 2017), algorithm 1. Momentum breaks it (section 4): the critic's loss is another
    # one after each step, and what was a good direction no longer is.
    "wasserstein-clipped": NamedObjective(
        Wasserstein,
        has_zero=False,
        n_discriminator_steps=5,
        training={
            "optimizer": "rmsprop",
            "generator_rate": 5e-5,
            "discriminator_rate": 5e-5,
            "weight_bound": 0.01,
        },
    ),
    "least-squares": NamedObjective(LeastSquares, has_zero=False),
    "loss-sensitive": NamedObjective(LossSensitive, (R1(1.0),), has_zero=False, by_itself=True),
    # The slope that the released code of GLS-GAN was run with.
    "generalised": NamedObjective(
        lambda: LossSensitive(slope=0.01), (R1(1.0),), has_zero=False, by_itself=True
    ),
    # Centred, so that scores have a zero, as adaptive augmentation needs.
    "relativistic": NamedObjective(lambda: Relativistic(0.01), (R1(1.0), R2(1.0)), by_itself=True),
    "feature-matching": NamedObjective(FeatureMatching, by_itself=True),
}
"""A new objective is a dataclass in :mod:`partly.losses`, and a line here."""
