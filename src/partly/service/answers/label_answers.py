"""Segmentations in the forms that are asked for: a palette PNG, polygons, run lengths."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.label_formats import mask_to_text
from partly.data.labels import Piece, label_map_to_png, outline_pieces
from partly.inference.segment import PartArea, objects_entry
from partly.service.answers.segmenting_photos import SegmentedPhoto

_CONFIDENCE_DIGITS = 4


@dataclass(frozen=True)
class Answer:
    """The body of an answer.

    Attributes:
        data: it.
        media_type: what it is.
    """

    data: bytes
    media_type: str


def label_png(photo: SegmentedPhoto, tolerance_px: float) -> Answer:  # noqa: ARG001
    """The label map as ``partly segment`` writes it: a palette PNG of part ids."""
    segmentation = photo.segmentation
    return Answer(label_map_to_png(segmentation.label_map, segmentation.part_set), "image/png")


def polygons(photo: SegmentedPhoto, tolerance_px: float) -> Answer:
    """For each part its pieces, each an outline with its holes, in pixels from the top left corner.

    With a tolerance of 0 they lie along the edges of pixels, and give exactly the label map again.
    """

    def shapes(mask: NDArray[np.bool_]) -> dict[str, Any]:
        pieces = (piece.simplified(tolerance_px) for piece in outline_pieces(mask))
        return {"pieces": [_piece_json(piece) for piece in pieces if len(piece.outline) >= 3]}

    return _json(photo, shapes)


def part_runs(photo: SegmentedPhoto, tolerance_px: float) -> Answer:  # noqa: ARG001
    """For each part its run lengths in COCO's compressed form, by columns."""

    def shapes(mask: NDArray[np.bool_]) -> dict[str, Any]:
        counts = mask_to_text(mask.ravel(order="F"))
        return {"segmentation": {"size": list(mask.shape), "counts": counts}}

    return _json(photo, shapes)


Form = Callable[[SegmentedPhoto, float], Answer]
FORMS: Mapping[str, Form] = MappingProxyType({"labels": label_png, "polygons": polygons, "runs": part_runs})
"""What can be asked for, by name; the second argument says how many pixels polygons may be off."""


def _json(photo: SegmentedPhoto, shapes: Callable[[NDArray[np.bool_]], dict[str, Any]]) -> Answer:
    segmentation = photo.segmentation
    height, width = segmentation.label_map.shape
    value = {
        "width_px": width,
        "height_px": height,
        "parts": list(_parts(photo, shapes)),
        **objects_entry(segmentation),
        **({"mended": list(photo.mended)} if photo.mended else {}),
    }
    return Answer(json.dumps(value, ensure_ascii=False).encode(), "application/json")


def _parts(
    photo: SegmentedPhoto, shapes: Callable[[NDArray[np.bool_]], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """All parts that the photo shows, the background with its area alone."""
    segmentation = photo.segmentation
    for part_id, area in enumerate(segmentation.areas()):
        if area.n_pixels:
            shape = shapes(segmentation.label_map == part_id) if part_id else {}
            yield {"id": part_id, **_area_json(area), **shape}


def _area_json(area: PartArea) -> dict[str, Any]:
    confidence = None if area.confidence is None else round(area.confidence, _CONFIDENCE_DIGITS)
    return {"name": area.part, "n_pixels": area.n_pixels, "confidence": confidence}


def _piece_json(piece: Piece) -> dict[str, Any]:
    return {"outline": _points(piece.outline), "holes": [_points(hole) for hole in piece.holes]}


def _points(points: NDArray[np.float64]) -> list[list[float]]:
    # Corners of pixels are whole numbers.
    return points.astype(np.int64).tolist()
