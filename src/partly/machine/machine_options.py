"""What can be chosen about where networks compute. Without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from partly.storage import check_options, option

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True)
class MachineOptions:
    """Where networks compute, and how precisely."""

    device: str = option(
        "auto",
        "Where networks compute: cpu, cuda, cuda:1 (that card alone), mps; auto takes a GPU if there is one.",
        metavar="DEVICE",
    )
    precision: Precision = option(
        "auto",
        "Numbers that networks compute with; auto takes halves on GPUs that are fast with them, and float32 "
        "elsewhere.",
    )

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def for_figures(self) -> MachineOptions:
        """The same for figures that others are compared with: float32, unless halves are named."""
        return replace(self, precision="float32") if self.precision == "auto" else self
