"""The folder of a training, and the paths in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.storage import complete_lines, read_json_or_none

_NUMBER = re.compile(r"-(\d+)$")


@dataclass(frozen=True)
class TrainingFolder:
    """Where a training is kept.

    Attributes:
        root: the model folder; all else is below it.
    """

    root: Path

    @property
    def training(self) -> Path:
        """Checkpoints and log."""
        return self.root / "training"

    @property
    def choices_file(self) -> Path:
        """What was chosen."""
        return self.training / "choices.json"

    @property
    def log_file(self) -> Path:
        """A line for each step."""
        return self.training / "log.jsonl"

    @property
    def measures_file(self) -> Path:
        """A line for each time that pictures were compared with photos."""
        return self.training / "measures.jsonl"

    @property
    def stopping_file(self) -> Path:
        """A line for each evaluation of a training that stops when pictures no longer get better."""
        return self.training / "stopping.jsonl"

    @property
    def best_grid(self) -> Path:
        """Random pictures of the generator that such a training, or one of several averages, ended with.

        It is there only while the generator in the folder is that one.
        """
        return self.root / "pictures" / "best.png"

    @property
    def averages(self) -> Path:
        """Model folders of the averages that a training ended with, if it kept several."""
        return self.root / "averages"

    @property
    def photos(self) -> Path:
        """The photos as squares of one size."""
        return self.root / "photos"

    @property
    def encoder(self) -> Path:
        """Model folder of the representation of photos, where the family has one."""
        return self.root / "encoder"

    @property
    def page(self) -> Path:
        """The page about the training."""
        return self.root / "index.html"

    def grid_file(self, n_seen: int) -> Path:
        """Random pictures after so many photos."""
        return self.root / "pictures" / f"grid-{n_seen:010}.png"

    def strip_file(self, n_seen: int) -> Path:
        """Ways from one picture to another, after so many photos."""
        return self.root / "pictures" / f"between-{n_seen:010}.png"

    def sweep_file(self, n_seen: int) -> Path:
        """Pictures along each continuous code, after so many photos."""
        return self.root / "pictures" / f"codes-{n_seen:010}.png"

    def grids(self) -> list[tuple[int, Path]]:
        """Photos seen, and grid, oldest first."""
        return _numbered(self.root / "pictures", "grid-*.png")

    def strips(self) -> list[tuple[int, Path]]:
        """Photos seen, and strip, oldest first."""
        return _numbered(self.root / "pictures", "between-*.png")

    def sweeps(self) -> list[tuple[int, Path]]:
        """Photos seen, and pictures along the codes, oldest first."""
        return _numbered(self.root / "pictures", "codes-*.png")

    def thin_out(self) -> None:
        """Delete pictures but the newest, and earlier ones of about doubling numbers of photos."""
        for files in (self.grids(), self.strips(), self.sweeps()):
            kept = {path for _, path in (*doubling(files[:-1]), *files[-1:])}
            for _, path in files:
                if path not in kept:
                    path.unlink()

    def choices(self) -> dict[str, Any] | None:
        """What was chosen here before; None where nothing was, or the file is damaged."""
        return read_json_or_none(self.choices_file)

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log; one that was cut off is left out."""
        return [json.loads(line) for line in complete_lines(self.log_file)]

    def measures(self) -> list[dict[str, Any]]:
        """The lines of measures; one that was cut off is left out."""
        return [json.loads(line) for line in complete_lines(self.measures_file)]

    def evaluations(self) -> list[dict[str, Any]]:
        """The lines of evaluations; one that was cut off is left out."""
        return [json.loads(line) for line in complete_lines(self.stopping_file)]


def doubling(files: Sequence[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """The first, and then always the next one whose number is at least twice that of the one before."""
    kept: list[tuple[int, Path]] = []
    for one in files:
        if not kept or one[0] >= 2 * kept[-1][0]:
            kept.append(one)
    return kept


def _numbered(folder: Path, pattern: str) -> list[tuple[int, Path]]:
    found = []
    for path in sorted(folder.glob(pattern)):
        if number := _NUMBER.search(path.stem):
            found.append((int(number[1]), path))
    return found
