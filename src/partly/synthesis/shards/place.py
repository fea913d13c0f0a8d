"""Where labelled pictures and what is made of them lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Folders of one distillation; any may be shared with others, as far as what they hold is the same.

    Attributes:
        pictures: shards of generated pictures; any number of teachers can share them.
        labels: shards of one teacher's labels of them.
        training: checkpoint, log and panels of the network; ``second-round`` below it has those of a second
            round, and its labels.
    """

    pictures: Path
    labels: Path
    training: Path

    @classmethod
    def within(cls, folder: Path) -> Place:
        """All three in one folder."""
        return cls(folder / "pictures", folder / "labels", folder / "training")
