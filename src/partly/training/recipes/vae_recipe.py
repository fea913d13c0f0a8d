"""The variational autoencoder as it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from partly.training.recipes.recipe import AutoencoderRecipe
from partly.training.recipes.training_choices import TrainingChoices, WidthChoice

if TYPE_CHECKING:
    from partly.models.encoders import VAEEncoder
    from partly.models.generators import VAEDecoder, VAEShape
    from partly.training.recipes.recipe_presets import AutoencoderPreset


@dataclass(frozen=True)
class VAEChoices(WidthChoice, TrainingChoices):
    """The options of the variational autoencoder."""

    family: str = field(default="vae", init=False)


class VAERecipe(AutoencoderRecipe):
    """Decoder and encoder; the encoder is kept as a representation of photos."""

    Options = VAEChoices

    def preset(self, size_px: int) -> AutoencoderPreset:
        """Absolute differences, which give sharper edges than squares.

        At a scale of 0.1 latents know 300 nats of a drawn portrait, and random latents give mush
        (docs/lab.md).
        """
        from partly.losses import ELBO, LaplacePixels
        from partly.models.generators import VAEShape
        from partly.training.recipes.recipe_presets import AutoencoderPreset

        return AutoencoderPreset(
            VAEShape(image_size_px=size_px),
            batch_size=32,
            n_photos_shown=400_000,
            objective=ELBO(LaplacePixels(0.3)),
        )

    def networks(self, shape: VAEShape) -> tuple[VAEDecoder, VAEEncoder]:
        """Decoder and encoder; the encoder has half as many channels, for speed."""
        from partly.models.encoders import VAEEncoder, VAEEncoderShape
        from partly.models.generators import VAEDecoder

        encoder = VAEEncoderShape(
            shape.image_size_px, shape.z_dim, shape.channel_base // 2, shape.most_channels
        )
        return VAEDecoder(shape), VAEEncoder(encoder)
