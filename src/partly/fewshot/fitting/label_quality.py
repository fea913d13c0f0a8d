"""How good a segmenter is, told from its labels alone: a figure for each part. Without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Measure = Literal["left out", "two halves", "nothing"]


@dataclass(frozen=True)
class PartQuality:
    """What is known of one part.

    Attributes:
        part: its name.
        measure: "left out": IoU with the labels of pictures that were left out of the fit, one at a time.
            "two halves": agreement (IoU) of two halves of the features on pictures without labels; it says
            how firmly the part was learned, not how right it is, and is the higher figure.
            "nothing": neither can be told.
        iou: 0 to 1; None where nothing was measured.
        n_pictures: left-out pictures that show the part, or pictures without labels; of "nothing", labelled
            pictures that show it.
    """

    part: str
    measure: Measure
    iou: float | None
    n_pictures: int

    @property
    def says(self) -> str:
        """What the figure is, in words."""
        if self.measure == "left out":
            return f"IoU on {_pictures(self.n_pictures)} left out of the fit, one at a time"
        if self.measure == "two halves":
            return f"agreement of two halves of the features on {_pictures(self.n_pictures, 'other ')}"
        if not self.n_pictures:
            return "not defined: no label shows it"
        return f"not defined: {_pictures(self.n_pictures)} with it, and not found on others"


@dataclass(frozen=True)
class LabelQuality:
    """What is known of all parts.

    Attributes:
        parts: one for each part, in order of their ids.
        n_labelled: how many labelled pictures it rests on.
        problem: why nothing could be measured; None where something was.
    """

    parts: tuple[PartQuality, ...]
    n_labelled: int
    problem: str | None = None

    @property
    def worst(self) -> PartQuality | None:
        """The part with the lowest IoU; where no part has one, with the lowest agreement; or None.

        Agreement is the higher figure, so that the two are not compared.
        """
        for measure in ("left out", "two halves"):
            if known := [part for part in self.parts if part.measure == measure]:
                return min(known, key=lambda part: part.iou or 0.0)
        return None

    @property
    def mean_iou(self) -> float | None:
        """Mean over the parts whose IoU on left-out pictures is known; None where there is none."""
        ious = [part.iou for part in self.parts if part.measure == "left out" and part.iou is not None]
        return sum(ious) / len(ious) if ious else None

    @property
    def lines(self) -> tuple[str, ...]:
        """A table for the terminal: part, figure in per cent, and what the figure is."""
        if self.problem is not None:
            return (self.problem,)
        width = max(len(part.part) for part in self.parts)
        figures = ("   -" if part.iou is None else f"{100 * part.iou:4.0f}" for part in self.parts)
        return tuple(
            f"{part.part:{width}}  {figure}  {part.says}"
            for part, figure in zip(self.parts, figures, strict=True)
        )

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "parts": [asdict(part) for part in self.parts],
            "n_labelled": self.n_labelled,
            "problem": self.problem,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LabelQuality:
        """The reverse of :meth:`to_json`.

        Raises:
            KeyError, TypeError: it is none.
        """
        parts = tuple(PartQuality(**part) for part in values["parts"])
        return cls(parts, values["n_labelled"], values["problem"])

    @classmethod
    def unknown(cls, part_names: Sequence[str], n_labelled: int, problem: str) -> LabelQuality:
        """That nothing could be measured, and why."""
        parts = tuple(PartQuality(name, "nothing", None, 0) for name in part_names)
        return cls(parts, n_labelled, problem)


def _pictures(n: int, which: str = "") -> str:
    return f"{n} {which}picture{'' if n == 1 else 's'}"
