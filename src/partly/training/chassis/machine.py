"""Where a training computes: device, the processes that share its work, precision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from partly.errors import BadOption
from partly.training.chassis.ranks import ALONE, Ranks, ranks_of_environment

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Machine:
    """What a training runs on; chosen once, and handed to every loop.

    Attributes:
        device: where this process computes.
        ranks: this process among those that train together.
    """

    device: torch.device = _CPU
    ranks: Ranks = ALONE

    @staticmethod
    @contextmanager
    def here() -> Iterator[Machine]:
        """This process's own GPU if there is one, else the processor, with those that ``torchrun`` started.

        The processes talk to each other while the block runs.
        """
        device = _CPU
        if torch.cuda.is_available():
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        with ranks_of_environment() as ranks:
            yield Machine(device, ranks)

    def place(self, *modules: nn.Module) -> None:
        """Move modules to the device (in place); their parameters stay the same objects."""
        for module in modules:
            module.to(device=self.device)

    def precision(self) -> AbstractContextManager[object]:
        """Half precision (bfloat16) where it is fast; on a processor it is many times slower."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")

    def check_alone(self, what: str) -> None:
        """Refuse several processes.

        Args:
            what: is trained, as errors say it: "an autoencoder".

        Raises:
            BadOption: there are several.
        """
        if self.ranks.n > 1:
            raise BadOption(
                f"{self.ranks.n} processes for {what}", expected="one", remedy="Start it without torchrun"
            )


PROCESSOR = Machine()
"""The processor, one process."""
