"""The file of part areas and confidences, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partly.data.photos import Photo
from partly.inference.segment.object_entries import objects_entry, parts_entry
from partly.inference.segment.segmentation import Segmentation
from partly.storage import write_json, write_text

_ABOUT_PHOTO = ("photo", "label_map", "width_px", "height_px")
_ABOUT_PART = ("part", "n_pixels", "share", "confidence")


def areas_entry(label_map: str, segmentation: Segmentation, photo: Photo) -> dict[str, Any]:
    """What is known of one photo, and what was mended: for its record and the file of areas."""
    return {
        "label_map": label_map,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "parts": parts_entry(segmentation.areas()),
        **objects_entry(segmentation),
        **({"mended": list(photo.mended)} if photo.mended else {}),
    }


def write_areas(
    path: Path, key: Mapping[str, Any], entries: list[dict[str, Any]], failed: list[tuple[str, str]]
) -> None:
    """Write the areas of all photos, as CSV or JSON by the path's suffix, atomically."""
    if path.suffix == ".csv":
        write_text(path, _areas_csv(entries))
        return
    write_json(
        path,
        {
            "network_sha256": key["network_sha256"],
            "size_px": key["size_px"],
            "mirror_average": key["mirror_average"],
            "photos": entries,
            "failed": [{"photo": name, "reason": reason} for name, reason in failed],
        },
    )


def _areas_csv(entries: list[dict[str, Any]]) -> str:
    """One line a photo and part or, where objects were looked for, a photo, object and part."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    with_objects = any("objects" in entry for entry in entries)
    lines.writerow([*_ABOUT_PHOTO, *(["object"] if with_objects else []), *_ABOUT_PART])
    for entry in entries:
        start = [entry[column] for column in _ABOUT_PHOTO]
        for number, parts in _parts_by_object(entry):
            whose = [*start, number] if with_objects else start
            lines.writerows([*whose, part, *values.values()] for part, values in parts.items())
    return text.getvalue()


def _parts_by_object(entry: Mapping[str, Any]) -> list[tuple[int | str, dict[str, Any]]]:
    """Numbers of the objects of a photo with their parts; the photo's parts without one where it has none."""
    found = [(one["number"], one["parts"]) for one in entry.get("objects", ())]
    return found or [("", entry["parts"])]
