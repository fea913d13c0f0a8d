"""What can be chosen about segmenting photos through their latents. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from partly.errors import BadOption
from partly.project.segment_choices import SegmentChoice
from partly.storage import check_options, option


@dataclass(frozen=True)
class ThroughGenerator:
    """Whether photos are segmented through their latents in the project's generator."""

    is_chosen: bool = option(
        False,
        "Find each photo in the project's generator, and segment it by the features there, with the few-shot "
        "segmenter: slow, without any network. How slow is told beforehand.",
        flag="--through-generator",
    )
    n_steps: int | None = option(
        None,
        "Steps of the search for each photo; by default those of partly invert.",
        flag="--search-steps",
        at_least=0,
    )
    seed: int = 0

    def __post_init__(self) -> None:
        check_options(self)

    def check_with(self, choice: SegmentChoice) -> None:
        """Refuse what does not go with it.

        Raises:
            BadOption: something else is to segment, too, or there are steps of no search.
        """
        if self.is_chosen and choice.segmenter is not None:
            raise BadOption(f"both --with {choice.segmenter} and --through-generator", expected="one of them")
        if self.is_chosen and choice.anywhere:
            raise BadOption("both --anywhere and --through-generator", expected="one of them")
        if not self.is_chosen and self.n_steps is not None:
            raise BadOption("--search-steps without --through-generator", expected="both, or neither")
