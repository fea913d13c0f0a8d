"""How the slopes of a discriminator are held: by which penalties, how strongly, exact or estimated."""

from __future__ import annotations

from dataclasses import replace

from partly.errors import BadOption
from partly.losses import R1, R2, ApproximateR1, ApproximateR2, Lazy, Objective
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe_presets import AdversarialPreset
from partly.training.recipes.training_choices import AdversarialChoices

_BY_DIFFERENCES = "finite-differences"


def slope_penalties(choices: AdversarialChoices, preset: AdversarialPreset) -> tuple[Lazy, ...]:
    """The objective's penalties, or else R1 with its weight or the preset's; none where weights are clipped.

    Args:
        choices: with an objective.
        preset: of the family.

    Raises:
        BadOption: a weight where the objective holds slopes in another way; or slopes by finite differences
            where no penalty is on their squares.
    """
    penalties = _exact(choices, preset)
    if choices.slopes != _BY_DIFFERENCES:
        return penalties
    found = tuple(Lazy(_estimated(one.objective), one.every) for one in penalties)
    if not found or found == penalties:
        raise BadOption(
            f"slopes by finite differences, and objective {choices.objective!r} of the family "
            f"{choices.family} has no penalty R1 or R2",
            expected="an objective or a family that has one",
            remedy=f"Leave --slopes out, or {_another_remedy(choices)}",
        )
    return found


def _exact(choices: AdversarialChoices, preset: AdversarialPreset) -> tuple[Lazy, ...]:
    objective = OBJECTIVES[choices.objective or ""]
    if objective.holds_slopes:
        return tuple(Lazy(penalty) for penalty in _weighted(objective.penalties, choices))
    share = getattr(choices, "gamma_share", None) or preset.gamma_share
    gamma = preset.gamma
    if choices.gamma is not None:
        gamma = choices.gamma
    elif share is not None:
        # In this order, so that trainings which were begun before have their weight to the bit.
        larger = (choices.batch_size or preset.batch_size) / preset.batch_size
        gamma = share * choices.size_px**2 / preset.batch_size / larger
    return () if gamma is None else (Lazy(R1(gamma), preset.penalty_every),)


def _weighted(penalties: tuple[Objective, ...], choices: AdversarialChoices) -> tuple[Objective, ...]:
    """R1 and R2 of an objective with the weight that was chosen, if one was."""
    if choices.gamma is None:
        return penalties
    if not any(isinstance(one, R1 | R2) for one in penalties):
        raise BadOption(
            f"gamma is {choices.gamma}, and objective {choices.objective!r} of the family {choices.family} "
            "has no penalty R1 or R2",
            expected="an objective or a family that has one",
            remedy="Leave --gamma out, or choose another objective, such as relativistic",
        )
    return tuple(replace(one, gamma=choices.gamma) if isinstance(one, R1 | R2) else one for one in penalties)


def _another_remedy(choices: AdversarialChoices) -> str:
    """Besides leaving the option out: R1 by its weight, where the objective holds slopes in no other way."""
    if OBJECTIVES[choices.objective or ""].holds_slopes:
        return "choose another objective, such as relativistic"
    return "give R1 a weight with --gamma"


def _estimated(penalty: Objective) -> Objective:
    if isinstance(penalty, R1):
        return ApproximateR1(penalty.gamma)
    return ApproximateR2(penalty.gamma) if isinstance(penalty, R2) else penalty
