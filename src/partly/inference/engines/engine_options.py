"""What computes the auto-shot network. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from partly.storage import check_options, option

Engine = Literal["torch", "onnxruntime", "openvino", "int8"]


@dataclass(frozen=True)
class EngineOptions:
    """What computes the auto-shot network."""

    engine: Engine = option(
        "torch",
        "What computes the network: torch; onnxruntime or openvino, which are faster on most processors and "
        "say the same but where two parts are equally likely; int8, which is faster still, with weights "
        "rounded to whole numbers, and tells how much the masks change.",
    )

    def __post_init__(self) -> None:
        check_options(self)
