"""Objects and parts as plain JSON values: the same in the file of areas, in tars and in the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from partly.inference.segment.segmentation import FoundObject, PartArea, Segmentation


def objects_entry(segmentation: Segmentation) -> dict[str, Any]:
    """``{"objects": [...]}``, empty in a photo without any; nothing at all where they were not looked for."""
    if segmentation.objects is None:
        return {}
    return {"objects": [_object_entry(one) for one in segmentation.objects]}


def parts_entry(areas: Iterable[PartArea]) -> dict[str, Any]:
    """Areas and confidences by the names of parts."""
    return {
        area.part: {
            "n_pixels": area.n_pixels,
            "share": round(area.share, 6),
            "confidence": None if area.confidence is None else round(area.confidence, 4),
        }
        for area in areas
    }


def object_numbers(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Numbers of the objects of an entry; of one that somebody damaged, those that can be read."""
    objects = entry.get("objects")
    numbers = (
        [one.get("number") for one in objects if isinstance(one, dict)] if isinstance(objects, list) else []
    )
    return tuple(number for number in numbers if isinstance(number, int))


def _object_entry(one: FoundObject) -> dict[str, Any]:
    frame = one.frame
    return {
        "number": one.number,
        "box": [int(edge) for edge in one.box],
        "frame": {
            "x_px": round(float(frame.x_px), 2),
            "y_px": round(float(frame.y_px), 2),
            "side_px": round(float(frame.side_px), 2),
            "angle_deg": round(float(frame.angle_deg), 2),
        },
        "confidence": round(float(one.confidence), 4),
        "parts": parts_entry(one.areas),
    }
