"""StyleGAN2 (Karras et al., CVPR 2020) with adaptive augmentation, as it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partly.training.recipes.condition_choices import ClassesChoice
from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.training_choices import AdversarialChoices, FreezeChoice, WidthChoice

if TYPE_CHECKING:
    from torch import nn

    from partly.models.discriminators import ConditionWay
    from partly.training.recipes.recipe_presets import AdversarialPreset


@dataclass(frozen=True)
class StyleGAN2Choices(ClassesChoice, WidthChoice, FreezeChoice, AdversarialChoices):
    """The options of StyleGAN2."""

    family: str = field(default="stylegan2", init=False)


class StyleGAN2Recipe(AdversarialRecipe):
    """StyleGAN2 against its discriminator."""

    Options = StyleGAN2Choices
    can_clip = False  # weights are of unit size, and scaled as they are used

    def preset(self, size_px: int) -> AdversarialPreset:
        """Rules of thumb of Karras et al. (NeurIPS 2020, released code, configuration "auto").

        Batches shrink and R1 grows with the size: ``gamma = 0.0002 size² / batch``. Path lengths are left
        out, as there: they slow training down, and figures are better without on small sets.
        """
        from partly.models.generators.stylegan2 import StyleGAN2Shape
        from partly.training.recipes.recipe_presets import AdversarialPreset

        batch_size = max(8, min(32, 4096 // size_px))
        small = size_px <= 64
        return AdversarialPreset(
            StyleGAN2Shape(
                image_size_px=size_px,
                n_mapping_layers=2,
                channel_base=8192 if small else 16384 if size_px <= 256 else 32768,
                most_channels=256 if small else 512,
            ),
            batch_size=batch_size,
            n_photos_shown=1_000_000 if small else 5_000_000,
            augment="ada",
            gamma=0.0002 * size_px**2 / batch_size,
            training={"ema_half_life": 10_000.0 * batch_size / 32},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        from partly.models.generators.stylegan2 import StyleGAN2

        return StyleGAN2(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:  # noqa: ARG002
        """As :class:`AdversarialRecipe`; it has no batch norm."""
        from partly.models.discriminators import StyleGAN2Discriminator

        return StyleGAN2Discriminator(shape, way=way)
