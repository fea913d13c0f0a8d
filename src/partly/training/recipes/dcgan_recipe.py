"""DCGAN (Radford et al., ICLR 2016) as it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.training_choices import AdversarialChoices, ClassesChoice

if TYPE_CHECKING:
    from torch import nn

    from partly.training.recipes.recipe_presets import AdversarialPreset


@dataclass(frozen=True)
class DCGANChoices(ClassesChoice, AdversarialChoices):
    """The options of DCGAN."""

    family: str = field(default="dcgan", init=False)


class DCGANRecipe(AdversarialRecipe):
    """DCGAN against its discriminator."""

    Options = DCGANChoices

    def preset(self, size_px: int) -> AdversarialPreset:
        """Rates and betas of Radford et al. (ICLR 2016, section 4)."""
        from partly.models.generators import DCGANShape
        from partly.training.recipes.recipe_presets import AdversarialPreset

        return AdversarialPreset(
            DCGANShape(image_size_px=size_px),
            batch_size=64,
            n_photos_shown=1_000_000,
            training={"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.5, 0.999)},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        from partly.models.generators import DCGAN

        return DCGAN(shape)

    def discriminator(self, shape: Any, *, norm: bool) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        from partly.models.discriminators import DCGANDiscriminator

        return DCGANDiscriminator(shape, norm=norm)
