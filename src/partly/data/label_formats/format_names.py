"""The names of all label formats, without what reads and writes them."""

from __future__ import annotations

FORMAT_NAMES = (
    "labelme",
    "x-anylabeling",
    "coco",
    "cvat",
    "yolo",
    "label-studio",
    "via",
    "colour-png",
    "png",
)
"""The names of :data:`~partly.data.label_formats.FORMATS`, in the same order."""
