"""Part sets, label maps, annotations and label formats; without torch."""

from partly.annotations.annotation import (
    Annotation,
    annotation_ids,
    list_annotations,
    load_annotation,
    save_annotation,
)
from partly.annotations.colours import UNLABELLED_COLOUR, Colour, distinct_colours
from partly.annotations.identifiers import annotation_id_from, check_annotation_id
from partly.annotations.label_maps import (
    LabelMap,
    check_label_map,
    count_part_pixels,
    label_map_to_png,
    read_label_map,
    resize_label_map,
    translate_label_map,
    write_label_map,
)
from partly.annotations.part_sets import (
    FACE_PARTS,
    MAX_PARTS,
    UNLABELLED,
    UNLABELLED_NAME,
    Part,
    PartSet,
)

__all__ = [
    "FACE_PARTS",
    "MAX_PARTS",
    "UNLABELLED",
    "UNLABELLED_COLOUR",
    "UNLABELLED_NAME",
    "Annotation",
    "Colour",
    "LabelMap",
    "Part",
    "PartSet",
    "annotation_id_from",
    "annotation_ids",
    "check_annotation_id",
    "check_label_map",
    "count_part_pixels",
    "distinct_colours",
    "label_map_to_png",
    "list_annotations",
    "load_annotation",
    "read_label_map",
    "resize_label_map",
    "save_annotation",
    "translate_label_map",
    "write_label_map",
]
