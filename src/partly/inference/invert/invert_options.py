"""What can be chosen about searching for photos in a generator. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from partly.storage import MOST_SEED, check_options, option

SpaceName = Literal["auto", "w", "w+", "z"]
DistanceName = Literal["auto", "lpips", "features", "pixels"]
USUAL_STEPS, STEPS_WITH_ENCODER = 1000, 100


@dataclass(frozen=True)
class InvertOptions:
    """How latents of photos are searched for."""

    space: SpaceName = option(
        "auto",
        "Which latents: w, one for all layers; w+, one for each, nearer to the photo and further from what "
        "the generator makes; z, for generators without a mapping. auto takes w+ where layers have their "
        "own, else w or z.",
    )
    n_steps: int | None = option(
        None,
        f"Steps of the search; 0 takes what the encoder says. By default {USUAL_STEPS}, or "
        f"{STEPS_WITH_ENCODER} from an encoder.",
        flag="--steps",
        at_least=0,
    )
    n_starts: int = option(
        1, "How many searches, each from another latent; the best one is kept.", flag="--starts", at_least=1
    )
    distance: DistanceName = option(
        "auto",
        "What pictures and photos are compared by: lpips (partly get lpips), features of EfficientNet-lite0 "
        "(partly get efficientnet-lite0), pixels. auto takes the first that is on this machine.",
    )
    compared_px: int = option(
        256,
        "Side at which they are compared, in pixels; what is larger is shrunk.",
        flag="--compared-at",
        at_least=16,
        at_most=1024,
    )
    hold: float = option(0.01, "How strongly w and w+ are held near the mean; 0 is not at all.", at_least=0)
    noise: Literal["fixed", "searched"] = option(
        "fixed",
        "Noise of StyleGAN2: the generator's own, or searched for with the latent, and held to noise.",
    )
    learning_rate: float = option(
        0.2,
        "Largest step of Adam, in usual deviations of a latent's numbers; 0.2 is about 0.1 of the numbers "
        "themselves for a StyleGAN2 of faces.",
        flag="--rate",
        above=0,
    )
    class_name: str | None = option(
        None, "Class of the photos, for a generator with classes; by default the nearest one.", flag="--class"
    )
    fit: Literal["crop", "pad"] = option(
        "crop", "How photos become squares: crop the middle, or pad; as in the training."
    )
    enlarge: bool = option(
        False, "Take photos, too, that are smaller than what is compared; they are enlarged."
    )
    at_once: int | None = option(
        None, "Photos searched for at once; by default 1 on a processor, 8 on a GPU.", at_least=1
    )
    seed: int = option(0, "Random seed of the search.", at_least=0, at_most=MOST_SEED)

    def __post_init__(self) -> None:
        check_options(self)

    def steps(self, *, from_encoder: bool) -> int:
        """How many steps there are."""
        if self.n_steps is not None:
            return self.n_steps
        return STEPS_WITH_ENCODER if from_encoder else USUAL_STEPS
