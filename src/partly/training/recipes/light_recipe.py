"""The light family (Liu et al., ICLR 2021), for few photos, as it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from partly.storage import option
from partly.training.recipes.condition_choices import ClassesChoice, CodesChoice, GradualChoice
from partly.training.recipes.projected_play import EitherDiscriminatorRecipe
from partly.training.recipes.training_choices import (
    AdversarialChoices,
    DiscriminatorChoice,
    FreezeChoice,
    WidthChoice,
)

if TYPE_CHECKING:
    from torch import nn

    from partly.losses import Objective
    from partly.models.discriminators import ConditionWay
    from partly.training.recipes.recipe_presets import AdversarialPreset


@dataclass(frozen=True)
class LightChoices(
    ClassesChoice,
    GradualChoice,
    CodesChoice,
    WidthChoice,
    FreezeChoice,
    DiscriminatorChoice,
    AdversarialChoices,
):
    """The options of the light family."""

    gamma_share: float | None = option(
        None,
        "Weight of R1 as a share of the squared size in pixels over the batch, where --gamma does not say "
        "it; 0.0008 by default.",
        what="a share",
        above=0,
    )
    family: str = field(default="light", init=False)


class LightRecipe(EitherDiscriminatorRecipe):
    """A light generator against a discriminator that supervises itself, too."""

    Options = LightChoices
    can_clip = False  # so deep without norms, slopes at 64 px are 1e-7 then

    def preset(self, size_px: int) -> AdversarialPreset:
        """R1 where Liu et al. (ICLR 2021) have a hinge and norms; batches are theirs.

        Its weight goes with size and batch as StyleGAN2's does, four times as large: better than a quarter of
        it on digits, clothes, faces and cars (docs/lab.md, "Which gamma, and when to stop").
        Batches of 16 took more photos to the same pictures, and as long a photo (docs/lab.md, "The light
        family, faster").
        """
        from partly.models.generators import LightShape
        from partly.training.recipes.recipe_presets import AdversarialPreset

        return AdversarialPreset(
            LightShape(image_size_px=size_px),
            batch_size=8,
            n_photos_shown=400_000,
            augment="diff",
            gamma_share=0.0008,
            reuse_pictures=True,
            training={"generator_rate": 3e-4, "discriminator_rate": 1.2e-3, "betas": (0.0, 0.99)},
        )

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`partly.training.recipes.recipe.AdversarialRecipe`."""
        from partly.models.generators import LightGenerator

        return LightGenerator(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:  # noqa: ARG002
        """As :class:`partly.training.recipes.recipe.AdversarialRecipe`; the objective changes nothing."""
        from partly.models.discriminators import LightDiscriminator

        return LightDiscriminator(shape, way=way)

    def penalty(self, discriminator: Any) -> Objective | None:
        """Photos made again from the discriminator's features."""
        from partly.models.discriminators import SelfSupervision

        return SelfSupervision(discriminator)
