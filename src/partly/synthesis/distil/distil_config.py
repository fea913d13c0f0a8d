"""Who is told what while an auto-shot network is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from partly.synthesis.shards.synthesis_config import OnPicture
from partly.training.chassis import OnStep


@dataclass(frozen=True)
class DistilReports:
    """Who is told what while it runs.

    Attributes:
        on_picture: called after each labelled picture, and again when a second round labels them anew.
        on_step: called after each training step; a second round counts from 1 again.
        on_note: told what people should know, such as that memory was short and batches are smaller.
    """

    on_picture: OnPicture | None = None
    on_step: OnStep | None = None
    on_note: Callable[[str], None] | None = None

    def halved(self, n: int, why: str) -> None:
        """Tell that fewer pictures are made at a time; see :class:`partly.machine.FittingBatches`."""
        if self.on_note:
            self.on_note(f"Memory was short: {n} pictures are made at a time from here on ({why}).")
