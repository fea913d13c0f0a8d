"""Readers and writers of single formats, as one calls them in tests."""

from __future__ import annotations

from functools import partial

from partly.data.label_formats.label_formats import read_labels, write_labels

read_labelme, write_labelme = (partial(call, format_name="labelme") for call in (read_labels, write_labels))
read_coco, write_coco = (partial(call, format_name="coco") for call in (read_labels, write_labels))
read_cvat, write_cvat = (partial(call, format_name="cvat") for call in (read_labels, write_labels))
