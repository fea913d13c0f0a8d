"""What an evaluation found: figures for the set, for every part and for every photo."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import Counts, MeanIou, PartSet, mean_of_known, part_iou, pixel_accuracy
from partly.errors import PartlyError

LabelMap = NDArray[np.uint8]
Pixels = NDArray[np.uint8]
PhotoReader = Callable[[], Pixels]


@dataclass(frozen=True)
class PhotoScore:
    """The figures of one photo, all in [0, 1], NaN where there is no truth.

    Attributes:
        name: the photo's name.
        mean_iou: IoU averaged over the parts in the photo's truth.
        pixel_accuracy: share of the counted pixels that have the right part.
        part_iou: one for each part; NaN for parts that are not in the photo's truth.
    """

    name: str
    mean_iou: float
    pixel_accuracy: float
    part_iou: tuple[float, ...]


@dataclass(frozen=True)
class PartScore:
    """The figures of one part; shares in [0, 1], NaN where there is nothing to divide.

    Attributes:
        name: the part's name.
        iou: intersection over union, pooled over all photos.
        iou_per_photo: IoU averaged over the photos whose truth holds the part.
        precision: share of the pixels predicted as the part that are the part.
        recall: share of the part's pixels that were predicted as the part.
        share: the part's share of all counted pixels, in the truth.
        n_photos: number of photos whose truth holds the part.
    """

    name: str
    iou: float
    iou_per_photo: float
    precision: float
    recall: float
    share: float
    n_photos: int


@dataclass(frozen=True)
class Skipped:
    """A photo that could not be evaluated, and why."""

    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class ExamplePhoto:
    """A photo kept to be looked at, its label maps thinned out to a size for the screen.

    Attributes:
        score: its figures.
        truth: ``uint8 [h, w]``, 255 where there is no truth.
        prediction: ``uint8 [h, w]``.
        read_photo: reads the photo's pixels, ``uint8 [H, W, 3]``, or None where only label maps are known.
    """

    score: PhotoScore
    truth: LabelMap
    prediction: LabelMap
    read_photo: PhotoReader | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well predicted label maps agree with the truth.

    Attributes:
        part_set: the k parts.
        confusion: ``int64 [k, k]``, pixels by true part (rows) and predicted part (columns).
        photos: the figures of every photo, in the order of evaluation.
        n_left_out: pixels without truth, left out of every count.
        worst: the photos of lowest mean IoU, worst first, to be looked at.
        skipped: photos that could not be evaluated; they are in no figure.
        notes: what a reader of the figures should know, one sentence each.
    """

    part_set: PartSet
    confusion: Counts
    photos: tuple[PhotoScore, ...]
    n_left_out: int = 0
    worst: tuple[ExamplePhoto, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_photos(self) -> int:
        """Number of evaluated photos."""
        return len(self.photos)

    @property
    def n_pixels(self) -> int:
        """Number of counted pixels."""
        return int(self.confusion.sum())

    @property
    def mean_iou(self) -> MeanIou:
        """Mean IoU in both conventions."""
        photo_means = np.array([photo.mean_iou for photo in self.photos])
        return MeanIou(mean_of_known(part_iou(self.confusion)), mean_of_known(photo_means))

    @property
    def pixel_accuracy(self) -> float:
        """Share of the counted pixels that have the right part."""
        return pixel_accuracy(self.confusion)

    @property
    def parts(self) -> tuple[PartScore, ...]:
        """The figures of every part, in the order of the part set."""
        return tuple(self._part_score(index, name) for index, name in enumerate(self.part_set.names))

    def _part_score(self, index: int, name: str) -> PartScore:
        ious = np.array([photo.part_iou[index] for photo in self.photos])
        hits = int(self.confusion[index, index])
        n_true, n_predicted = int(self.confusion[index].sum()), int(self.confusion[:, index].sum())
        return PartScore(
            name=name,
            iou=_ratio(hits, n_true + n_predicted - hits),
            iou_per_photo=mean_of_known(ious),
            precision=_ratio(hits, n_predicted),
            recall=_ratio(hits, n_true),
            share=_ratio(n_true, self.n_pixels),
            n_photos=int(np.count_nonzero(~np.isnan(ious))),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: every figure and the confusion matrix; null where there is no figure."""
        return {
            "kind": "evaluation",
            "schema_version": 1,
            "n_photos": self.n_photos,
            "n_pixels": self.n_pixels,
            "n_left_out": self.n_left_out,
            "mean_iou": {
                "pooled": _known(self.mean_iou.pooled),
                "per_photo": _known(self.mean_iou.per_photo),
            },
            "pixel_accuracy": _known(self.pixel_accuracy),
            "parts": [_part_to_json(part) for part in self.parts],
            "confusion": self.confusion.tolist(),
            "photos": [_photo_to_json(photo, self.part_set.names) for photo in self.photos],
            "skipped": [{"name": photo.name, "reason": photo.reason} for photo in self.skipped],
            "notes": list(self.notes),
            "part_set": self.part_set.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Evaluation:
        """An evaluation from its ``to_json``, without the photos to look at.

        Raises:
            PartlyError: the value is no evaluation.
        """
        try:
            part_set = PartSet.from_json(value["part_set"])
            return cls(
                part_set=part_set,
                confusion=_square(value["confusion"], part_set.n_parts),
                photos=tuple(_photo_from_json(photo, part_set.names) for photo in value["photos"]),
                n_left_out=int(value["n_left_out"]),
                skipped=tuple(Skipped(photo["name"], photo["reason"]) for photo in value["skipped"]),
                notes=tuple(value["notes"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PartlyError(
                f"is no evaluation ({type(error).__name__}: {error})",
                expected="the JSON that an evaluation writes",
                remedy="Evaluate again",
            ) from error


def _ratio(count: int, total: int) -> float:
    return count / total if total else math.nan


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _square(rows: Any, n_parts: int) -> Counts:
    matrix = np.asarray(rows, dtype=np.int64)
    if matrix.shape != (n_parts, n_parts):
        raise ValueError(f"a confusion matrix of shape {matrix.shape} for {n_parts} parts")
    return matrix


def _part_to_json(part: PartScore) -> dict[str, Any]:
    return {
        "name": part.name,
        "iou": _known(part.iou),
        "iou_per_photo": _known(part.iou_per_photo),
        "precision": _known(part.precision),
        "recall": _known(part.recall),
        "share": _known(part.share),
        "n_photos": part.n_photos,
    }


def _photo_to_json(photo: PhotoScore, part_names: tuple[str, ...]) -> dict[str, Any]:
    known_parts = zip(part_names, photo.part_iou, strict=True)
    return {
        "name": photo.name,
        "mean_iou": _known(photo.mean_iou),
        "pixel_accuracy": _known(photo.pixel_accuracy),
        "part_iou": {name: iou for name, iou in known_parts if not math.isnan(iou)},
    }


def _photo_from_json(value: Mapping[str, Any], part_names: tuple[str, ...]) -> PhotoScore:
    return PhotoScore(
        name=value["name"],
        mean_iou=_number(value["mean_iou"]),
        pixel_accuracy=_number(value["pixel_accuracy"]),
        part_iou=tuple(_number(value["part_iou"].get(name)) for name in part_names),
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
