"""What to synthesise, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from partly.errors import BadOption
from partly.models.generators import Truncation
from partly.storage import Version, streams_version


@dataclass(frozen=True)
class SynthesisConfig:
    """A stream of labelled pictures; each is a pure function of this and its index.

    Attributes:
        n_pictures: how many.
        size_px: side of the kept pictures.
        label_px: side of the kept soft labels.
        seed: of the latents.
        truncation: range of the truncation factors.
        picture_format: ``"jpg"`` (quality 95, no chroma subsampling) or ``"png"`` (three times as large).
        pictures_per_shard: what a kill loses at most, for each worker.
        streams: version of the table of random streams.
    """

    n_pictures: int
    size_px: int = 256
    label_px: int = 128
    seed: int = 0
    truncation: Truncation = field(default_factory=Truncation)
    picture_format: Literal["jpg", "png"] = "jpg"
    pictures_per_shard: int = 25
    streams: Version = field(default_factory=streams_version)

    def __post_init__(self) -> None:
        for name in ("n_pictures", "size_px", "label_px", "pictures_per_shard"):
            if getattr(self, name) < 1:
                raise BadOption(f"{name} is {getattr(self, name)}", expected="1 or more")
        if self.picture_format not in ("jpg", "png"):
            raise BadOption(f"picture_format is {self.picture_format!r}", expected="jpg or png")


@dataclass(frozen=True)
class SynthesisReport:
    """One more labelled picture.

    Attributes:
        n_done: pictures there are now, those of earlier sittings included.
        n_pictures: pictures wanted.
        pictures_per_s: pictures made in a second, in this sitting.
        time_left_s: estimated time to the end.
    """

    n_done: int
    n_pictures: int
    pictures_per_s: float
    time_left_s: float


OnPicture = Callable[[SynthesisReport], None]
