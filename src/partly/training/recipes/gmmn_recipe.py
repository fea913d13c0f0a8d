"""Generative moment matching networks (Li et al., ICML 2015) as they are trained: without a discriminator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from partly.errors import BadOption
from partly.storage import option
from partly.training.recipes.recipe import with_preset
from partly.training.recipes.training_choices import TrainingChoices

if TYPE_CHECKING:
    from partly.models.generators import MLPGenerator, MLPShape
    from partly.training.recipes.recipe_presets import MatchingPreset
    from partly.training.recipes.training_plans import TrainingPlan

LEAST_BATCH = 100


@dataclass(frozen=True)
class GMMNChoices(TrainingChoices):
    """The options of the family gmmn."""

    family: str = field(default="gmmn", init=False)
    matched: Literal["codes", "pixels"] = option(
        "codes",
        "Whose moments are matched: codes of an autoencoder, which is trained first, or pixels.",
        flag="--match",
    )


class GMMNRecipe:
    """Plain layers whose pictures have the moments of photos."""

    Options = GMMNChoices

    def preset(self, size_px: int) -> MatchingPreset:
        """Layers of Li et al. (section 5); batches of 500 where theirs are 1000.

        A quarter of the usual length goes to the autoencoder.
        """
        from partly.models.generators import MLPShape
        from partly.training.recipes.recipe_presets import MatchingPreset

        shape = MLPShape(image_size_px=size_px, z_dim=10, hidden=(64, 256, 256, 1024, 32, 1024))
        return MatchingPreset(shape, batch_size=500, n_photos_shown=4_000_000)

    def generator(self, shape: MLPShape) -> MLPGenerator:
        """A generator with new weights."""
        from partly.models.generators import MLPGenerator

        return MLPGenerator(shape)

    def with_defaults(self, choices: GMMNChoices) -> GMMNChoices:
        """As :class:`partly.training.recipes.recipe.Recipe`.

        Raises:
            BadOption: batches too small for moments, or a size that cannot be.
        """
        full = with_preset(choices, self.preset(choices.size_px), ("batch_size", "n_photos_shown"))
        if (full.batch_size or 0) < LEAST_BATCH:
            raise BadOption(
                f"batches of {full.batch_size} for the family gmmn",
                expected=f"{LEAST_BATCH} photos or more, since moments of fewer say little",
                remedy="Leave out --batch, or choose another family",
            )
        return full

    def plan(self, choices: GMMNChoices, classes: Sequence[str] = ()) -> TrainingPlan:  # noqa: ARG002
        """As :class:`partly.training.recipes.recipe.Recipe`."""
        from partly.training.recipes.training_plans import matching_plan

        return matching_plan(choices, self)
