"""What can be chosen about evaluations. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from partly.data.photos import max_pages_option
from partly.storage import check_options, option

if TYPE_CHECKING:
    from partly.data.labels import PartSet

USUAL_MRE_PHOTOS = 50
FEATURE_NETWORK_NAMES = ("builtin", "inception")
"""The names of :data:`partly.models.zoo.FEATURE_NETWORKS`."""


@dataclass(frozen=True)
class EvaluationChoices:
    """How to evaluate label maps or a network.

    Attributes:
        part_set: the parts of label maps; a network knows its own.
    """

    photos: Path | None = option(
        None, "Folder or zip of the photos; a network needs them, label maps are shown on them."
    )
    mapping: Path | None = option(
        None, 'What the ids of the truth mean, JSON or TOML: {"0": "background", "4": null}.'
    )
    part_set: PartSet | None = None
    resize: bool = option(False, "Resize predictions of another size to that of the truth.")
    size_px: int | None = option(
        None, "Input size of the network in pixels; by default its training size.", flag="--size", at_least=1
    )
    mirror_average: bool | None = option(
        None,
        "Average with the mirrored photo; by default with the network, not with `best` and `teacher`.",
        flag="--mirror/--no-mirror",
    )
    segmenter: Literal["network", "best", "teacher"] | None = option(
        None,
        "What of a project is evaluated: its network; the best one (partly distil --best); or its few-shot "
        "segmenter (teacher), if that reads photos. By default as partly segment does.",
        flag="--with",
    )
    anywhere: bool = option(
        False, "Look for objects of any place, size, angle and number, as partly segment --anywhere does."
    )
    n_worst: int = option(8, "How many of the worst photos to show.", flag="--worst", at_least=0)
    max_pages: int = max_pages_option()

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class GeneratorEvaluationChoices:
    """How to evaluate a generator."""

    n_pictures: int = option(5000, "How many pictures to make.", flag="--pictures")
    features: str = option(
        FEATURE_NETWORK_NAMES[0],
        "Feature network. builtin needs no download, and compares only with itself; inception gives FID and "
        "KID (partly get inception), slowly without a GPU.",
        choices=FEATURE_NETWORK_NAMES,
    )
    fit: Literal["crop", "pad"] = option(
        "crop", "How photos become squares: crop the middle, or pad; as in the training."
    )
    seed: int = option(0, "Random seed of the pictures.", at_least=0)
    max_pages: int = max_pages_option()
    held_out: Path | None = option(
        None,
        "Folder or zip of photos of the same kind that the generator was not trained on. The nearest picture "
        "to each is searched for: the minimum reconstruction error (MRE), beside that of PHOTOS. Slow; how "
        "slow is told beforehand.",
    )
    n_reconstructed: int | None = option(
        None,
        f"For how many photos of each set the nearest picture is searched for. By default {USUAL_MRE_PHOTOS} "
        "with --held-out, and else 0, which is none.",
        flag="--mre-photos",
        at_least=0,
    )
    n_mre_steps: int = option(300, "Steps of each of these searches.", flag="--mre-steps", at_least=1)
    n_mre_starts: int = option(
        3, "Searches of each photo, each from another latent; the best one counts.", flag="--mre-starts",
        at_least=1,
    )  # fmt: skip

    what_differs: bool = option(
        False,
        "Show by which parts of the picture pictures can be told from photos: a kernel is chosen on some of "
        "both, and tested on others (MMD). Best with PHOTOS that the generator was not trained on.",
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def n_mre_photos(self) -> int:
        """Photos of each set whose nearest picture is searched for."""
        if self.n_reconstructed is not None:
            return self.n_reconstructed
        return 0 if self.held_out is None else USUAL_MRE_PHOTOS
