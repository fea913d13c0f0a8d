"""What can be chosen about proposed pictures. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from partly.errors import BadOption
from partly.storage import check_options, option


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
    seed: int = option(0, "Random seed: another one proposes other pictures.", at_least=0)
    n_candidates: int | None = option(
        None,
        "How many candidates to choose from: by default 160 pictures, 200 with --unsure, or 100 photos.",
        flag="--candidates",
        at_least=1,
    )
    truncation: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        check_options(self)
        if self.unsure and self.together:
            raise BadOption("both --unsure and --together", expected="one of them")
