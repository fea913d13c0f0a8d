"""What a person chooses of a generator's training; what is left open is as the preset says."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.photos import FITS, Fit
from partly.errors import BadOption


@dataclass(frozen=True)
class TrainingChoices:
    """The choices of one training; None is what the family's preset says for this size.

    Attributes:
        size_px: side of the pictures.
        family: which networks play; see :data:`partly.training.recipes.recipe_presets.PRESETS`.
        objective: what they play for; see :data:`partly.training.recipes.OBJECTIVES`.
        augment: what is done to all that the discriminator sees: "ada", "diff" or "none".
        n_photos_shown: length of the training, counted in photos (with repetitions).
        batch_size: photos in a step.
        width: the generator's channels, times those of the preset; those of the discriminator stay.
        discriminator_steps: steps of the discriminator in a step; None is as the objective has it.
        generator_steps: steps of the generator in a step; None is one.
        fit: "crop" takes the middle of a photo, "pad" all of it.
        mirror: show half of the photos mirrored; not for digits, letters, or clocks.
        seed: of first weights, latents, noise and the order of photos.
        start_from: model folder of a generator whose weights are the first ones; of the same kind and shape.
        classes: "folders", or a CSV, JSON or IDX file that tells the class of each photo; None: no classes.
    """

    size_px: int = 64
    family: str = "stylegan2"
    objective: str | None = None
    augment: str | None = None
    n_photos_shown: int | None = None
    batch_size: int | None = None
    width: float | None = None
    discriminator_steps: int | None = None
    generator_steps: int | None = None
    fit: Fit = "crop"
    mirror: bool = True
    seed: int = 0
    start_from: str | None = None
    classes: str | None = None

    def __post_init__(self) -> None:
        for name in ("n_photos_shown", "batch_size", "discriminator_steps", "generator_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise BadOption(f"{name} is {value}", expected="1 or more")
        if self.width is not None and not 0.25 <= self.width <= 8:
            raise BadOption(f"width is {self.width}", expected="a factor from 0.25 to 8")
        if self.fit not in FITS:
            raise BadOption(f"fit is {self.fit!r}", expected=f"one of {', '.join(FITS)}")
