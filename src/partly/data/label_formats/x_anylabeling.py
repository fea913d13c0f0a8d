"""X-AnyLabeling: LabelMe's JSON with fields of its own; it has no bitmaps, so it gets polygons always.

It is read as LabelMe's is: rotated boxes have their four corners beside ``direction``.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

from partly.data.label_formats.cutting import LabelMaps, Writing, output_paths, part_masks
from partly.data.label_formats.json_labels import write_compact_json
from partly.data.label_formats.label_file import LabelFile
from partly.data.label_formats.labelme import has_shapes, is_labelme, labelme_record, outline_points
from partly.data.label_formats.part_mask import PartMask

_VERSION = "3.3.5"


def is_x_anylabeling(file: LabelFile) -> bool:
    """Whether a JSON file is like LabelMe's, with what X-AnyLabeling adds."""
    return has_shapes(file) and not is_labelme(file)


def write_x_anylabeling(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write X-AnyLabeling files: ``path`` itself, or in that folder ``a/b.json`` for ``a/b.jpg``.

    Only drafts are not ``checked``. The shapes of an object are a group with its number, where objects are
    told apart.
    """
    targets = output_paths(path, labels.names, ".json")
    for target, (image_name, label_map, object_map) in zip(targets, labels.with_objects(), strict=True):
        shapes = [
            _entry(part, points)
            for part in part_masks(label_map, writing, object_map)
            for points in outline_points(part)
        ]
        image_path = image_name if target == path else posixpath.basename(image_name)
        record = labelme_record(_VERSION, image_path, label_map.shape, shapes)
        write_compact_json(target, record | {"checked": not writing.draft, "description": ""})
    return targets


def _entry(part: PartMask, points: list[list[float]]) -> dict[str, Any]:
    return {
        "label": part.name,
        "score": None,
        "points": points,
        "group_id": part.object_number,
        "description": "",
        "difficult": False,
        "shape_type": "polygon",
        "flags": {},
        "attributes": {},
        "kie_linking": [],
    }
