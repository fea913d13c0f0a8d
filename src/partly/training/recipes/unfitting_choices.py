"""Objectives that a family cannot be trained with, refused before anything is read."""

from __future__ import annotations

from partly.errors import BadOption
from partly.training.recipes.objective_table import OBJECTIVES
from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.recipe_presets import AdversarialPreset
from partly.training.recipes.slope_choices import slope_penalties
from partly.training.recipes.training_choices import AdversarialChoices


def refuse_unfitting(
    choices: AdversarialChoices, preset: AdversarialPreset, family: AdversarialRecipe
) -> None:
    """Refuse an objective, or a way to hold slopes, that does not fit the family.

    Args:
        choices: with an objective.
        preset: of the family.
        family: which is to be trained.

    Raises:
        BadOption: it does not fit.
    """
    if OBJECTIVES[choices.objective or ""].clips_weights and not family.can_clip:
        raise BadOption(
            f"objective {choices.objective!r} with the family {choices.family}, whose scores lose their "
            "slopes when weights are clipped",
            expected="a family that keeps them: dcgan or mlp",
            remedy="Choose --objective wasserstein, which holds slopes by a penalty",
        )
    if choices.slopes != "exact" and family.has_dropout:
        raise BadOption(
            f"slopes by finite differences with the family {choices.family}, whose discriminator leaves out "
            "values at random",
            expected="a family that says the same of the same picture: stylegan2, light or dcgan",
            remedy="Leave --slopes out",
        )
    slope_penalties(choices, preset)
