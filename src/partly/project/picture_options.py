"""What can be chosen about proposed pictures. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from partly.errors import BadOption
from partly.models.generators import Truncation
from partly.storage import check_options, option

MOST_PAINTED_PX = 2048
"""Of the longer side of what is painted on."""


@dataclass(frozen=True)
class PicturesRequest:
    """Which pictures or photos are asked for."""

    n_pictures: int = option(8, "How many pictures.", flag="--n", at_least=1)
    together: bool = option(
        False, "Choose pictures to be labelled together, unlike each other; as photos always are."
    )
    unsure: bool = option(
        False,
        "Choose what the fitted segmenter is least certain about: best labelled next (active learning).",
    )
    unsure_of: str | None = option(
        None,
        "Choose by how uncertain the fitted segmenter is about this part: best labelled next to mend it.",
        metavar="PART",
    )
    seed: int = option(0, "Random seed: another one proposes other pictures.", at_least=0)
    n_candidates: int | None = option(
        None,
        "How many candidates to choose from: by default 160 pictures, 200 with --unsure, or 100 photos.",
        flag="--candidates",
        at_least=1,
    )
    size_px: int | None = option(
        None,
        "Side of the written pictures in pixels, to paint finer on those of a small generator. By default "
        "the generator's.",
        flag="--size",
        at_least=1,
        at_most=MOST_PAINTED_PX,
    )
    truncation: Truncation | None = option(
        None,
        "Range of the generated pictures' truncation: 0 is the mean picture, 1 is no truncation. By default "
        "0.5 to 1, with --unsure 0.7 to 1.",
        at_least=0,
        at_most=2,
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.by_doubt and self.together:
            flag = "--unsure" if self.unsure_of is None else "--unsure-of"
            raise BadOption(f"both {flag} and --together", expected="one of them")

    @property
    def by_doubt(self) -> bool:
        """Whether the fitted segmenter chooses, by what it is unsure of."""
        return self.unsure or self.unsure_of is not None
