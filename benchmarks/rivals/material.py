"""Where labels, photos, truth and settings come from: the one module to change when they move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from experiments.annotator import load_annotator as parser
from experiments.photos import photos as foreign_photos
from experiments.proposed import grown_labels, proposed_labels
from experiments.protocol import PARTS_OF_IDS

from benchmarks.rivals.protocol import Half, LabelMap, Pixels
from partly.data.labels import FACE_PARTS, Annotation
from partly.evaluation.segmentation import TruthMapping
from partly.models.generators import Generator

__all__ = ["CHOICES", "Choice", "labels", "parser", "photos"]


Choice = Literal["alone", "together", "grown"]
CHOICES: tuple[Choice, ...] = ("alone", "together", "grown")


def labels(generator: Generator, out: Path, choice: Choice) -> list[Annotation]:
    """The very annotations that Partly gets.

    Five of which each is used alone; ten chosen together; or five together, to which five are added that a
    segmenter is least sure of.
    """
    folder = out / f"labels-{choice}"
    if choice == "grown":
        first = proposed_labels(generator, parser(), 5, out / "labels-first", together=True)
        return grown_labels(generator, parser(), 10, folder, first=first)
    together = choice == "together"
    return proposed_labels(generator, parser(), 10 if together else 5, folder, together=together)


def photos(data: Path, half: Half) -> Iterator[tuple[str, Pixels, LabelMap]]:
    """Name, pixels and truth in the ten face parts, 255 where eyeglasses are."""
    mapping = TruthMapping(PARTS_OF_IDS, FACE_PARTS)
    for name, pixels, ids in foreign_photos(data, half):
        yield name, pixels, mapping.apply(ids, name)
