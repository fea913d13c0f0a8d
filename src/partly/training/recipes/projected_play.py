"""Families that can be trained against a projected discriminator (Sauer et al., NeurIPS 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partly.errors import BadOption
from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.training_choices import AdversarialChoices

if TYPE_CHECKING:
    from torch import nn

    from partly.models.discriminators import ConditionWay
    from partly.training.recipes.recipe_presets import AdversarialPreset
    from partly.training.recipes.training_plans import TrainingPlan

_LEAST_PX = 32
_ASKED = "--discriminator projected"


class EitherDiscriminatorRecipe(AdversarialRecipe):
    """Base of recipes with the option ``discriminator``."""

    def with_defaults(self, choices: AdversarialChoices) -> AdversarialChoices:
        """As :class:`partly.training.recipes.recipe.Recipe`.

        Raises:
            BadOption: as for every family; or options that do not go with a projected discriminator.
        """
        if _is_projected(choices):
            return AgainstProjected(self).with_defaults(choices)
        return super().with_defaults(choices)

    def plan(self, choices: AdversarialChoices, classes: Sequence[str] = ()) -> TrainingPlan:
        """As :class:`partly.training.recipes.recipe.Recipe`.

        Raises:
            NotAvailable: a projected discriminator was chosen, and its frozen network is not in the cache.
        """
        if _is_projected(choices):
            return AgainstProjected(self).plan(choices, classes)
        return super().plan(choices, classes)


class AgainstProjected(AdversarialRecipe):
    """A family's generator against a projected discriminator.

    Args:
        family: whose generator, length and other choices are kept.
    """

    can_clip = False  # spectral norms would undo it

    def __init__(self, family: AdversarialRecipe) -> None:
        self.Options, self._family = family.Options, family

    def preset(self, size_px: int) -> AdversarialPreset:
        """The family's with objective, rates and betas of Sauer et al. (section 4), and without R1.

        Batches of 16, where the paper has 64, are for small machines (docs/adr/0062).
        """
        own = self._family.preset(size_px)
        rates = {"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.0, 0.99)}
        return replace(
            own,
            batch_size=16,
            objective="hinge",
            augment="diff",
            gamma=None,
            gamma_share=None,
            training={**own.training, **rates},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        return self._family.generator(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:  # noqa: ARG002
        """As :class:`AdversarialRecipe`; its norms are of single pictures whatever the objective."""
        from partly.models.discriminators import ProjectedDiscriminator
        from partly.models.zoo import encoder_weights

        return ProjectedDiscriminator.on(encoder_weights(), shape.image_size_px)

    def with_defaults(self, choices: AdversarialChoices) -> AdversarialChoices:
        """As :class:`partly.training.recipes.recipe.Recipe`."""
        _refuse_beside(choices)
        return super().with_defaults(choices)


def _is_projected(choices: AdversarialChoices) -> bool:
    return getattr(choices, "discriminator", "own") == "projected"


def _refuse_beside(choices: Any) -> None:
    """Refuse what a projected discriminator cannot do.

    Args:
        choices: of a family that can be trained against one, with or without defaults.

    Raises:
        BadOption: classes, codes, penalties on slopes, frozen stages, or pictures below 32 px.
    """
    for flag, is_asked, why in (
        (f"--classes {choices.classes}", choices.classes is not None, "which is told of no classes"),
        (f"--codes {choices.codes}", choices.codes is not None, "which tells no codes"),
        (
            f"--continuous-codes {choices.continuous_codes}",
            choices.continuous_codes is not None,
            "which tells no codes",
        ),
        (f"--gamma {choices.gamma}", choices.gamma is not None, "whose slopes have no penalty"),
        ("--gamma-share", getattr(choices, "gamma_share", None) is not None, "whose slopes have no penalty"),
        (f"--slopes {choices.slopes}", choices.slopes != "exact", "whose slopes have no penalty"),
        (
            f"--freeze-discriminator {choices.n_frozen}",
            choices.n_frozen > 0,
            "which has no stages to freeze but what is frozen always",
        ),
        (
            f"--size {choices.size_px}",
            choices.size_px < _LEAST_PX,
            f"which sees pictures of {_LEAST_PX} px or more",
        ),
    ):
        if is_asked:
            raise BadOption(
                f"{flag} beside {_ASKED}, {why}",
                expected="the family's own discriminator with it",
                remedy=f"Leave out {_ASKED}, or {flag}",
            )
    _refuse_objective(choices)


def _refuse_objective(choices: AdversarialChoices) -> None:
    """Refuse an objective that needs penalties on slopes, or clipped weights.

    Raises:
        BadOption: it is such a one.
    """
    from partly.training.recipes.objective_table import OBJECTIVES

    fitting = [name for name, one in OBJECTIVES.items() if not one.holds_slopes]
    if choices.objective is not None and choices.objective not in fitting:
        raise BadOption(
            f"--objective {choices.objective} beside {_ASKED}, which spectral norms hold and no penalty or "
            "clipping",
            expected=f"one of {', '.join(fitting)}",
            remedy=f"Choose one of these, or leave out {_ASKED}",
        )
