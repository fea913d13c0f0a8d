"""All recipes by name. A new one is a file, and a line here; no torch is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partly.errors import BadOption
from partly.storage import options_of
from partly.training.recipes.dcgan_recipe import DCGANRecipe
from partly.training.recipes.gmmn_recipe import GMMNRecipe
from partly.training.recipes.light_recipe import LightRecipe
from partly.training.recipes.mlp_recipe import MLPRecipe
from partly.training.recipes.recipe import Recipe
from partly.training.recipes.stacked_recipe import StackedRecipe
from partly.training.recipes.stylegan2_recipe import StyleGAN2Recipe
from partly.training.recipes.training_choices import TrainingChoices
from partly.training.recipes.vae_recipe import VAERecipe

RECIPES: dict[str, Recipe] = {
    "stylegan2": StyleGAN2Recipe(),
    "light": LightRecipe(),
    "dcgan": DCGANRecipe(),
    "mlp": MLPRecipe(),
    "vae": VAERecipe(),
    "gmmn": GMMNRecipe(),
    "stacked": StackedRecipe(),
}


def recipe_of(family: str) -> Recipe:
    """The recipe of a family.

    Raises:
        BadOption: there is none.
    """
    if family not in RECIPES:
        raise BadOption(f"there is no family {family!r}", expected=f"one of {', '.join(RECIPES)}")
    return RECIPES[family]


def choices_for(family: str | None = None, **given: Any) -> TrainingChoices:
    """The choices of one training.

    Args:
        family: a name of RECIPES; None is the usual one of this machine and the size, as
            :func:`partly.training.recipes.usual_family` has it.
        **given: options of this family by name; all others are as the preset says.

    Raises:
        BadOption: an unknown family or option, one that only other families have, or a value that cannot be.
    """
    if family is None:
        # Asks torch for GPUs; the command line, which shows help without torch, gives a name.
        from partly.training.recipes.families_by_machine import usual_family

        family = usual_family(given.get("size_px", TrainingChoices.size_px)).name
    options = recipe_of(family).Options
    for name, value in given.items():
        having = families_with(name)
        if family not in having:
            raise BadOption(
                f"{name} is {value!r}, and the family {family} has no such option",
                expected=f"one of the families {', '.join(having)}" if having else "an option of a family",
                remedy=f"Leave it out, or choose another family ({family} has {_names(options)})",
            )
    return options(**given)


def families_with(name: str, recipes: Mapping[str, Recipe] | None = None) -> list[str]:
    """The families that have an option."""
    table = RECIPES if recipes is None else recipes
    return [family for family, one in table.items() if name in _names(one.Options).split(", ")]


def _names(options: type) -> str:
    return ", ".join(one.name for one in options_of(options))
