"""Segmentations as predictions of Label Studio: brush strokes, or polygons in per cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.label_formats import brush_code, object_note
from partly.data.labels import outline_polygons, simplified_ring
from partly.errors import BadOption
from partly.inference.segment import PartArea, Segmentation
from partly.service.answers.labelling_setups import Kind, LabellingSetup

_KEYS: Mapping[Kind, str] = {"brush": "brushlabels", "polygon": "polygonlabels"}


def prediction(
    segmentation: Segmentation, setup: LabellingSetup, model_version: str, tolerance_px: float
) -> dict[str, Any]:
    """The prediction for one task.

    Args:
        segmentation: of its photo.
        setup: how regions are to be addressed, and what the parts are called.
        model_version: of the network.
        tolerance_px: how far polygons may lie from the boundaries of parts.
    """
    height, width = segmentation.label_map.shape
    areas = segmentation.areas()
    result: list[dict[str, Any]] = []
    for part_id, label in sorted(setup.labels.items()):
        if not areas[part_id].n_pixels:
            continue
        for region in _regions(segmentation, part_id, areas[part_id]):
            for value in _values(region.mask, setup.kind, tolerance_px):
                result.append(
                    {
                        "id": f"partly-{len(result) + 1}",
                        "type": _KEYS[setup.kind],
                        "from_name": setup.from_name,
                        "to_name": setup.to_name,
                        "original_width": width,
                        "original_height": height,
                        "image_rotation": 0,
                        "score": _score(region.confidence),
                        "value": {**value, _KEYS[setup.kind]: [label]},
                        **object_note(region.object_number),
                    }
                )
    mean = float(segmentation.confidence.mean(dtype=np.float64))
    return {"result": result, "score": _score(mean), "model_version": model_version}


@dataclass(frozen=True, eq=False)
class _Region:
    """Where a part is, or where it is of one object.

    Attributes:
        mask: bool ``[h, w]``, with pixels.
        confidence: mean of it.
        object_number: None where objects were not looked for.
    """

    mask: NDArray[np.bool_]
    confidence: float | None
    object_number: int | None = None


def _regions(segmentation: Segmentation, part_id: int, area: PartArea) -> Iterator[_Region]:
    """The regions of a part that the photo shows: one, or one for each object that has it."""
    mask = segmentation.label_map == part_id
    if segmentation.objects is None or segmentation.object_map is None:
        yield _Region(mask, area.confidence)
        return
    for one in segmentation.objects:
        for of_object in one.areas:
            if of_object.part == area.part and of_object.n_pixels:
                here = mask & (segmentation.object_map == one.number)
                yield _Region(here, of_object.confidence, one.number)


def no_prediction(reason: str, model_version: str) -> dict[str, Any]:
    """What stands for a task whose photo could not be had, so that the others have theirs."""
    return {"result": [], "score": 0.0, "model_version": model_version, "error": reason}


def tasks_of(body: Any) -> Sequence[dict[str, Any]]:
    """The tasks of a request for predictions.

    Raises:
        BadOption: it has none.
    """
    tasks = body.get("tasks") if isinstance(body, dict) else None
    if not isinstance(tasks, list) or not tasks:
        raise BadOption("the request has no tasks", expected='{"tasks": [{"data": {...}}, ...], ...}')
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            raise BadOption(f"task no. {number} has no data", expected='{"data": {...}}')
    return tasks


def _values(mask: NDArray[np.bool_], kind: Kind, tolerance_px: float) -> Iterator[dict[str, Any]]:
    if kind == "brush":
        yield {"format": "rle", "rle": list(brush_code(mask.ravel()))}
        return
    height, width = mask.shape
    for outline in outline_polygons(mask):
        points = simplified_ring(outline.astype(np.float64), tolerance_px)
        # What is nowhere wider than the tolerance has no area left.
        if len(points) >= 3:
            yield {"points": (points * (100 / width, 100 / height)).tolist(), "closed": True}


def _score(confidence: float | None) -> float:
    return round(confidence or 0.0, 4)
