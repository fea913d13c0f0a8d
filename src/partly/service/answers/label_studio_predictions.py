"""Segmentations as predictions of Label Studio: brush strokes, or polygons in per cent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from partly.data.label_formats import PartMask, brush_code, object_note
from partly.data.labels import simplified_ring
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
        for region, confidence in _regions(segmentation, part_id, areas[part_id]):
            for value in _values(region, setup.kind, tolerance_px):
                result.append(
                    {
                        "id": f"partly-{len(result) + 1}",
                        "type": _KEYS[setup.kind],
                        "from_name": setup.from_name,
                        "to_name": setup.to_name,
                        "original_width": width,
                        "original_height": height,
                        "image_rotation": 0,
                        "score": _score(confidence),
                        "value": {**value, _KEYS[setup.kind]: [label]},
                        **object_note(region.object_number),
                    }
                )
    mean = float(segmentation.confidence.mean(dtype=np.float64))
    return {"result": result, "score": _score(mean), "model_version": model_version}


def _regions(
    segmentation: Segmentation, part_id: int, area: PartArea
) -> Iterator[tuple[PartMask, float | None]]:
    """The regions of a part that the photo shows, with confidences: one, or one for each object."""
    label_map, object_map = segmentation.label_map, segmentation.object_map
    shape = (label_map.shape[0], label_map.shape[1])
    if segmentation.objects is None or object_map is None:
        yield PartMask(area.part, label_map == part_id, 0, 0, shape), area.confidence
        return
    for one in segmentation.objects:
        left, top, right, bottom = one.box
        box = slice(top, bottom), slice(left, right)
        inside = (label_map[box] == part_id) & (object_map[box] == one.number)
        confidence = next((known.confidence for known in one.areas if known.part == area.part), None)
        if inside.any():
            yield PartMask(area.part, inside, left, top, shape, one.number), confidence


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


def _values(region: PartMask, kind: Kind, tolerance_px: float) -> Iterator[dict[str, Any]]:
    if kind == "brush":
        yield {"format": "rle", "rle": list(brush_code(region.mask.ravel()))}
        return
    height, width = region.shape
    for outline in region.polygons():
        points = simplified_ring(outline.astype(np.float64), tolerance_px)
        # What is nowhere wider than the tolerance has no area left.
        if len(points) >= 3:
            yield {"points": (points * (100 / width, 100 / height)).tolist(), "closed": True}


def _score(confidence: float | None) -> float:
    return round(confidence or 0.0, 4)
