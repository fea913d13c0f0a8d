"""DCGAN (Radford et al., ICLR 2016) as it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partly.training.recipes.condition_choices import ClassesChoice, CodesChoice, GradualChoice
from partly.training.recipes.projected_play import EitherDiscriminatorRecipe
from partly.training.recipes.training_choices import AdversarialChoices, DiscriminatorChoice, FreezeChoice

if TYPE_CHECKING:
    from torch import nn

    from partly.models.discriminators import ConditionWay
    from partly.training.recipes.recipe_presets import AdversarialPreset


@dataclass(frozen=True)
class DCGANChoices(
    ClassesChoice, GradualChoice, CodesChoice, FreezeChoice, DiscriminatorChoice, AdversarialChoices
):
    """The options of DCGAN."""

    family: str = field(default="dcgan", init=False)


class DCGANRecipe(EitherDiscriminatorRecipe):
    """DCGAN against its discriminator."""

    Options = DCGANChoices

    def preset(self, size_px: int) -> AdversarialPreset:
        """Rates and betas of Radford et al. (ICLR 2016, section 4).

        With codes, the generator's rate is that of Chen et al. (NIPS 2016, appendix C.1).
        """
        from partly.models.generators import DCGANShape
        from partly.training.recipes.recipe_presets import AdversarialPreset

        return AdversarialPreset(
            DCGANShape(image_size_px=size_px),
            batch_size=64,
            n_photos_shown=1_000_000,
            training={"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.5, 0.999)},
            training_with_codes={"generator_rate": 1e-3},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`partly.training.recipes.recipe.AdversarialRecipe`."""
        from partly.models.generators import DCGAN

        return DCGAN(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:
        """As :class:`partly.training.recipes.recipe.AdversarialRecipe`."""
        from partly.models.discriminators import DCGANDiscriminator

        return DCGANDiscriminator(shape, norm=norm, way=way)
