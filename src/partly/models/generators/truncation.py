"""How far latents may lie from the mean one, as a choice."""

from __future__ import annotations

from dataclasses import dataclass

from partly.errors import BadOption


@dataclass(frozen=True)
class Truncation:
    """How far a latent may lie from the mean: a factor drawn evenly from [low, high] for each picture.

    0 is the mean picture, 1 leaves the latent as it is (Karras et al., CVPR 2019, appendix B).
    """

    low: float = 0.7
    high: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 2:
            raise BadOption(
                f"truncation is {self.low} to {self.high}",
                expected="0 <= low <= high <= 2",
                remedy="Try 0.7 to 1",
            )
