"""Label files of other tools: import and export."""

from partly.annotations.formats.catalogue import (
    FORMATS,
    LabelFormat,
    detect_format,
    format_named,
    read_labels,
    write_labels,
)
from partly.annotations.formats.coco import read_coco, write_coco
from partly.annotations.formats.cutting import Style
from partly.annotations.formats.cvat import read_cvat, write_cvat
from partly.annotations.formats.labelme import read_labelme, write_labelme
from partly.annotations.formats.painting import Fill, NamedLabelMap
from partly.annotations.formats.palette_png import read_palette_png, write_palette_png

__all__ = [
    "FORMATS",
    "Fill",
    "LabelFormat",
    "NamedLabelMap",
    "Style",
    "detect_format",
    "format_named",
    "read_coco",
    "read_cvat",
    "read_labelme",
    "read_labels",
    "read_palette_png",
    "write_coco",
    "write_cvat",
    "write_labelme",
    "write_labels",
    "write_palette_png",
]
