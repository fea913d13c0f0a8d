"""The choices about a few-shot segmenter; defaults are what docs/lab.md found best. Without torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.ridge_methods import BALANCE, COORDINATE_WEIGHT, PENALTY, KernelMethod
from partly.storage import MOST_SEED, check_options, option


@dataclass(frozen=True)
class GradientConfig:
    """How an MLP or CNN is fitted.

    Attributes:
        n_steps: optimiser steps; each sees one picture.
        n_points: pixels a step, for MLPs.
        size_px: side at which CNNs see a picture.
        learning_rate: of Adam with decoupled weight decay, falling to zero along a cosine.
        weight_decay: the penalty that keeps one label from being learned by heart.
        balance: class-balance exponent: pixels of a part of ``m`` pixels weigh ``m**-balance``.
        seed: of weights, drawn pixels and dropout.
    """

    n_steps: int = 300
    n_points: int = 1024
    size_px: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    balance: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class FewShotConfig:
    """How a few-shot segmenter is fitted.

    Attributes:
        sizes_px: sizes of the levels that are read; None leaves out those too coarse or too fine to help.
        penalty: of ridge regression; None: the method's own.
        coordinate_weight: how easily the position of a pixel is used; None: the method's own.
        n_statistics: plain pictures from which mean and deviation of the features are learned.
        gradient: how MLPs and CNNs are trained.

    Raises:
        BadOption: a value that cannot be.
    """

    methods: tuple[str, ...] = option(
        ("ridge",),
        "Few-shot segmenter; several of them form an ensemble.",
        flag="--method",
        choices=METHODS,
        in_project=True,
        in_form=True,
    )
    fixed_layout: bool = option(
        True,
        "Whether parts stay near where labels show them (spatial prior), or may be anywhere in the picture.",
        flag="--fixed-layout/--free-layout",
        in_project=True,
        in_form=True,
    )
    layout_spread: float | None = option(
        0.1,
        "Spread of the spatial prior: how far a part may lie from its labels, as a share of the side.",
        above=0,
        in_project=True,
    )
    n_self_training: int = option(
        24,
        "Generated pictures used for self-training (pseudo-labels); not used with more than three labels.",
        flag="--self-training",
        at_least=0,
        in_project=True,
    )
    allow_missing_parts: bool = option(
        False, "Fit even if some parts are labelled nowhere; two are enough. The others are never found."
    )
    balance: float | None = option(
        None,
        "Class balance: with 0 all pixels weigh alike, with 1 all parts, however small. By default the "
        "method's own: 0.5 with features of a generator.",
        at_least=0,
        at_most=2,
        in_project=True,
    )
    small_parts: float = option(
        0.0,
        "Small parts (below a twentieth of the labelled pictures) that are hardly found in others: raise "
        "them until they cover this share of what labels show; 0: leave them as they are found.",
        what="a share",
        at_least=0,
        at_most=1,
        in_project=True,
    )
    sizes_px: tuple[int, ...] | None = None
    penalty: float | None = None
    coordinate_weight: float | None = None
    n_statistics: int = 32
    gradient: GradientConfig = field(default_factory=GradientConfig)
    seed: int = option(0, "Random seed of the fit.", at_least=0, at_most=MOST_SEED)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def spread(self) -> float | None:
        """``layout_spread``, or None for objects that are anywhere in the picture. See ``layout_of``."""
        return self.layout_spread if self.fixed_layout else None

    def described(self) -> dict[str, Any]:
        """What the fitted segmenter depends on, as it is kept beside it."""
        # With the names and values that version 0.1 wrote, so that its fits are found again.
        own = {
            "penalty": PENALTY if self.penalty is None else self.penalty,
            "kernel_penalty": KernelMethod.penalty if self.penalty is None else self.penalty,
            "balance": BALANCE if self.balance is None else self.balance,
            "coordinate_weight": (
                COORDINATE_WEIGHT if self.coordinate_weight is None else self.coordinate_weight
            ),
        }
        values = asdict(self) | own | {"layout_spread": self.spread}
        no_matter = {"fixed_layout"}
        if not self.small_parts:
            no_matter.add("small_parts")
        return {name: value for name, value in values.items() if name not in no_matter}


ON_PHOTOS = FewShotConfig(
    methods=("photo-ridge",), fixed_layout=False, n_self_training=150, coordinate_weight=0.0, balance=0.6
)
"""The best known choices for features of photos, in which objects are anywhere (docs/lab.md)."""


@dataclass(frozen=True)
class FitRequest:
    """How a few-shot segmenter is asked for; what comes of it depends on :class:`FewShotConfig` alone."""

    again: bool = option(False, "Fit even if nothing changed.")
