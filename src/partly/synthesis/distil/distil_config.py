"""Who is told what while an auto-shot network is made."""

from __future__ import annotations

from dataclasses import dataclass

from partly.synthesis.shards.synthesis_config import OnPicture
from partly.training.chassis import OnStep


@dataclass(frozen=True)
class DistilReports:
    """Who is told what while it runs.

    Attributes:
        on_picture: called after each labelled picture, and again when a second round labels them anew.
        on_step: called after each training step; a second round counts from 1 again.
    """

    on_picture: OnPicture | None = None
    on_step: OnStep | None = None
