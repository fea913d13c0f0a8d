"""What a user chooses of a generator's training; what is left open is as the preset says. Without torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from partly.data.photos import max_pages_option
from partly.storage import check_options, option

OBJECTIVE_NAMES = (
    "non-saturating",
    "minimax",
    "hinge",
    "wasserstein",
    "wasserstein-clipped",
    "least-squares",
    "loss-sensitive",
    "generalised",
    "relativistic",
    "feature-matching",
)
"""The names of :data:`partly.training.recipes.OBJECTIVES`, without what they name."""

AUGMENTATION_NAMES = ("ada", "diff", "none")
"""The names of :data:`partly.training.recipes.AUGMENTATIONS`, without what they name."""


LEAST_HELD_OUT = 50
"""Photos that must be held out at the least, for pictures to be compared with."""


@dataclass(frozen=True)
class TrainingChoices:
    """The choices that every family has; None is what the family's preset says for this size.

    A family has a class of its own below this one, with the options that not all families have.

    Attributes:
        family: which networks play; a name of :data:`partly.training.recipes.RECIPES`.

    Raises:
        BadOption: a value that cannot be.
    """

    family: str = field(default="", init=False)
    size_px: int = option(64, "Side of the pictures, in pixels.", flag="--size", at_least=1)
    n_photos_shown: int | None = option(
        None,
        "Length of the training in photos shown, repetitions included.",
        flag="--photos-shown",
        at_least=1,
    )
    batch_size: int | None = option(None, "Photos per step.", flag="--batch", at_least=1)
    fit: Literal["crop", "pad"] = option(
        "crop", "How photos become squares: crop the middle, or pad to keep the whole photo."
    )
    mirror: bool = option(
        True,
        "Mirror half of the photos; not for digits, letters or clocks.",
        flag="--mirror/--no-mirror",
    )
    seed: int = option(0, "Random seed of initial weights, latents, noise and the order of photos.")
    start_from: str | None = option(
        None,
        "Fine-tune what is there: the folder of a training, or a generator's model folder, of the same kind "
        "and shape; or a checkpoint.",
    )
    max_pages: int = max_pages_option()

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class StoppingChoice:
    """Of families whose training may end when its pictures no longer get better."""

    until: Literal["no-better"] | None = option(
        None,
        "Stop when pictures no longer get better, beside photos that are held out; the best checkpoint "
        "becomes the generator, and --photos-shown is the most. By default the training has a fixed length.",
    )
    n_held_out: int | None = option(
        None,
        "With --until, how many photos are held out; by default a tenth, at most 512. As many pictures are "
        "compared with them, and 512 at least: more of both see smaller progress.",
        flag="--hold-out",
        at_least=LEAST_HELD_OUT,
    )
    evaluate_every: int | None = option(
        None,
        "With --until, photos shown between two evaluations; by default a hundredth of the family's usual "
        "length.",
        at_least=1,
    )


@dataclass(frozen=True)
class AdversarialChoices(StoppingChoice, TrainingChoices):
    """The choices of families with a generator and a discriminator."""

    objective: str | None = option(None, "Adversarial objective (loss).", choices=OBJECTIVE_NAMES)
    slopes: Literal["exact", "finite-differences"] = option(
        "exact",
        "Slopes that R1 and R2 hold: exact, by second derivatives, or estimated by differences of scores.",
    )
    gamma: float | None = option(
        None,
        "Weight of the penalties R1 and R2 on slopes; by default that of the objective, or what the family's "
        "rule gives for size and batch. Where neither has one, a weight adds R1, so that the "
        "discriminator is not soon sure of all.",
        what="a weight",
        above=0,
    )
    augment: str | None = option(
        None, "Augmentation of everything that the discriminator sees.", choices=AUGMENTATION_NAMES
    )
    discriminator_steps: int | None = option(
        None, "Steps of the discriminator per turn; by default those of the objective.", at_least=1
    )
    generator_steps: int | None = option(None, "Steps of the generator per turn; by default one.", at_least=1)
    reuse_pictures: bool | None = option(
        None,
        "Whether the generator learns from the pictures that the discriminator has just seen, which is "
        "faster; by default in the family light.",
        flag="--reuse-pictures/--new-pictures",
    )
    n_averages: int = option(
        1,
        "Averages of the generator's weights that are kept; 3 are over a quarter of the family's length, "
        "over it, and over four times it. The best at the end is the generator.",
        flag="--averages",
        at_least=1,
        at_most=5,
    )
    warm_discriminator: bool | None = option(
        None,
        "With --start-from, begin with the discriminator of that training, too; by default where its "
        "checkpoint is there.",
        flag="--warm-discriminator/--new-discriminator",
    )


@dataclass(frozen=True)
class FreezeChoice:
    """Of families whose discriminator has stages that can be frozen."""

    n_frozen: int = option(
        0,
        "With --start-from, how many stages of the discriminator, from the picture inwards, keep their "
        "weights (FreezeD, for few photos).",
        flag="--freeze-discriminator",
        at_least=0,
    )


@dataclass(frozen=True)
class DiscriminatorChoice:
    """Of families that can be trained against another discriminator than their own."""

    discriminator: Literal["own", "projected"] = option(
        "own",
        "The family's own discriminator, or one that sees pictures as a frozen network of photos does "
        "(Projected GAN), for which 'partly get efficientnet-lite0' is needed.",
    )


@dataclass(frozen=True)
class WidthChoice:
    """Of families whose generator can have more or fewer channels; those of the discriminator stay."""

    width: float | None = option(
        None,
        "Factor on the generator's channels, relative to the preset.",
        what="a factor",
        at_least=0.25,
        at_most=8,
    )
