"""What can be chosen about an exported network. Without torch and NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from partly.errors import BadOption
from partly.storage import check_options, option

_SIZE = re.compile(r"(\d+)(?:x(\d+))?", re.ASCII)


@dataclass(frozen=True)
class ExportChoice:
    """Which network of a project is exported, and for what photos."""

    network: Literal["network", "best"] = option(
        "network",
        "Which network of a project: the auto-shot network, or the slower, better one that partly distil "
        "--best makes, whose file reads photos of one size.",
        flag="--with",
    )
    size: str | None = option(
        None,
        "Size of the photos that the file of the better network reads: the side of a square, or height x "
        "width such as 336x448, in pixels; by default the square that its encoder is best shown.",
        flag="--size",
    )

    def __post_init__(self) -> None:
        check_options(self)
        self.size_px()

    def size_px(self) -> tuple[int, int] | None:
        """Height and width in pixels.

        Raises:
            BadOption: the size is neither a side nor height x width.
        """
        if self.size is None:
            return None
        found = _SIZE.fullmatch(self.size)
        if found is None:
            raise BadOption(
                f"a size of {self.size!r}", expected="a side such as 448, or height x width such as 336x448"
            )
        return int(found[1]), int(found[2] or found[1])
