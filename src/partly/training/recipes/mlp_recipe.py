"""Plain layers for digits, as they are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partly.training.recipes.condition_choices import ClassesChoice, CodesChoice, GradualChoice
from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.training_choices import AdversarialChoices

if TYPE_CHECKING:
    from torch import nn

    from partly.models.discriminators import ConditionWay
    from partly.training.recipes.recipe_presets import AdversarialPreset


@dataclass(frozen=True)
class MLPChoices(ClassesChoice, GradualChoice, CodesChoice, AdversarialChoices):
    """The options of the family mlp."""

    family: str = field(default="mlp", init=False)


class MLPRecipe(AdversarialRecipe):
    """One layer against one hidden layer."""

    Options = MLPChoices
    has_dropout = True

    def preset(self, size_px: int) -> AdversarialPreset:
        """For digits: 100 numbers to all pixels by one layer; the critic has 100 hidden values."""
        from partly.models.generators import MLPShape
        from partly.training.recipes.recipe_presets import AdversarialPreset

        return AdversarialPreset(
            MLPShape(image_size_px=size_px),
            batch_size=64,
            n_photos_shown=1_000_000,
            training={"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.5, 0.999)},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        from partly.models.generators import MLPGenerator

        return MLPGenerator(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:  # noqa: ARG002
        """As :class:`AdversarialRecipe`; it has no batch norm."""
        from partly.models.discriminators import MLPDiscriminator

        return MLPDiscriminator(shape, way=way)
