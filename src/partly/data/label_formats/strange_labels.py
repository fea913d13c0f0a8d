"""Label files of programs whose own format is not read: what they are, and what to export in its place."""

from __future__ import annotations

from typing import Any

_USUAL = "Unpack archives first, and export the labels in one of these formats"


def remedy_for_json(value: Any) -> str:
    """What to do about JSON that is of no format that is read."""
    for program, advice, keys in _OBJECTS:
        if isinstance(value, dict) and keys <= value.keys():
            return f"It looks like {program}: {advice}"
    for program, advice, keys in _ENTRIES:
        if isinstance(value, list) and value and isinstance(value[0], dict) and keys <= value[0].keys():
            return f"It looks like {program}: {advice}"
    return _USUAL


def remedy_for_xml(tag: str) -> str:
    """What to do about XML of another root element than CVAT's."""
    if tag == "annotation":
        return "It looks like Pascal VOC, which holds boxes: export masks or polygons, as COCO or LabelMe"
    return _USUAL


_LABEL_STUDIO = "Label Studio's JSON with nothing labelled"
_LABEL_FIRST = "label a picture there, and export again, or export as COCO"

_OBJECTS = (
    ("a project of VIA 3", "export the annotations as COCO, or use VIA 2", {"view", "metadata", "attribute"}),
    ("Supervisely's own JSON", "export as COCO", {"objects", "size"}),
    ("Labelbox's own JSON", "convert it to COCO", {"data_row"}),
    ("datumaro's own JSON", "export as COCO", {"items", "categories"}),
)
_ENTRIES = (
    (_LABEL_STUDIO, _LABEL_FIRST, {"data", "annotations"}),
    (_LABEL_STUDIO, _LABEL_FIRST, {"data", "completions"}),
    (_LABEL_STUDIO, _LABEL_FIRST, {"annotator", "id"}),
    ("Labelbox's own JSON", "convert it to COCO", {"data_row"}),
    ("Labelbox's own JSON", "convert it to COCO", {"Label", "ID"}),
    ("CreateML's JSON, which holds boxes", "export masks or polygons, as COCO", {"image", "annotations"}),
    ("a list of COCO annotations", "export the whole file, with images and categories", {"image_id"}),
)
