"""What can be chosen about what segments the photos. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from partly.storage import check_options, option


@dataclass(frozen=True)
class SegmentChoice:
    """What segments the photos."""

    segmenter: Literal["network", "best", "teacher"] | None = option(
        None,
        "What segments: the network; the slower, better one that partly distil --best makes; or the few-shot "
        "segmenter itself (teacher) of a project of photos. By default the network, if there is one that is "
        "not outdated, and else the teacher, if that reads photos.",
        flag="--with",
    )

    anywhere: bool = option(
        False,
        "Look for objects of any place, size, angle and number, and segment each by itself, with the object "
        "finder that partly distil --anywhere makes. By default a photo is taken for one object that fills "
        "it.",
        flag="--anywhere/--no-anywhere",
    )

    def __post_init__(self) -> None:
        check_options(self)
