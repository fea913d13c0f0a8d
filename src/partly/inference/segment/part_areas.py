"""The file of part areas and confidences, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partly.data.photos import Photo
from partly.inference.segment.segmentation import PartArea
from partly.storage import write_json, write_text


def areas_entry(label_map: str, areas: tuple[PartArea, ...], photo: Photo) -> dict[str, Any]:
    """Areas of one photo, as they stand in its record and in the file of areas, and what was mended."""
    return {
        "label_map": label_map,
        "width_px": photo.width_px,
        "height_px": photo.height_px,
        "parts": {
            area.part: {
                "n_pixels": area.n_pixels,
                "share": round(area.share, 6),
                "confidence": None if area.confidence is None else round(area.confidence, 4),
            }
            for area in areas
        },
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
    """One line a photo and part."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["photo", "label_map", "width_px", "height_px", "part", "n_pixels", "share", "confidence"])
    for entry in entries:
        start = [entry[column] for column in ("photo", "label_map", "width_px", "height_px")]
        lines.writerows([*start, part, *values.values()] for part, values in entry["parts"].items())
    return text.getvalue()
