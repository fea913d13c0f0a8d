"""Label Studio: one JSON file of tasks, with brush strokes, polygons, rectangles and ellipses in per cent.

Both of its exports are read, JSON and JSON-MIN. What counts is what people submitted: annotations that they
cancelled, and predictions, are passed over and told of. Where a task has several annotations, the ground
truth is taken, else the latest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from partly.data.label_formats.brush_codes import brush_code
from partly.data.label_formats.cutting import LabelMaps, Writing, part_masks
from partly.data.label_formats.json_labels import write_compact_json
from partly.data.label_formats.label_file import LabelFile, Reading
from partly.data.label_formats.label_studio_regions import Region, regions_of, shapes_of
from partly.data.label_formats.label_studio_tasks import Submitted, Task, has_results, tasks_in
from partly.data.label_formats.part_mask import PartMask
from partly.data.label_formats.picture_sizes import picture_size
from partly.data.label_formats.polygons import ImageShapes
from partly.data.label_formats.shape_painting import NamedLabelMap, read_shapes
from partly.errors import BadLabel, counted, listed

_LOCAL_FILES = "/data/local-files/?d="


def read_label_studio(files: Sequence[LabelFile], reading: Reading) -> list[NamedLabelMap]:
    """Read Label Studio's exports; regions are painted in the order of the file.

    Raises:
        BadLabel: damaged files, labels that are no part, regions that are no areas, without a label or with
            several, pictures that were turned in the program, or no region at all.
    """
    return read_shapes(files, _images, reading)


def is_label_studio(file: LabelFile) -> bool:
    """Whether a JSON file is an export of Label Studio in which something is labelled."""
    return has_results(file.json())


def write_label_studio(path: Path, labels: LabelMaps, writing: Writing) -> list[Path]:
    """Write label maps as tasks that Label Studio imports, with brush strokes or polygons.

    Where objects are told apart, no region is of two of them, and each has its object's number as a note.
    They are annotations; those of a draft are predictions, which people accept or correct there. Pictures are
    named as files of a local storage of Label Studio.
    """
    key = "predictions" if writing.draft else "annotations"
    extra = {"model_version": "partly"} if writing.draft else {}
    tasks = [
        {
            "data": {"image": _LOCAL_FILES + quote(name, safe="/")},
            key: [
                {
                    "result": list(
                        _results(label_map.shape, part_masks(label_map, writing, object_map), writing)
                    ),
                    **extra,
                }
            ],
        }
        for name, label_map, object_map in labels.with_objects()
    ]
    write_compact_json(path, tasks)
    return [path]


@dataclass
class _Notes:
    """What is told of the tasks of a file, each sentence once."""

    cancelled: list[str]
    predicted: list[str]
    several: list[str]

    def tell(self, path: Path, reading: Reading) -> None:
        for tasks, told in (
            (self.cancelled, "cancelled annotations passed over"),
            (self.predicted, "nothing but predictions, which nobody accepted, passed over"),
            (self.several, "several annotations, of which one was taken: the ground truth, else the latest"),
        ):
            if tasks:
                reading.tell(f"{path}: {counted(len(tasks), 'task')} with {told}: {listed(tasks)}")


def _images(file: LabelFile, reading: Reading) -> list[ImageShapes]:
    notes = _Notes([], [], [])
    images = []
    tasks = tasks_in(file.json(reading.tell), file.path)
    for task in tasks:
        taken = _taken(task, notes)
        if taken is not None:
            images += _images_of(task, taken, file.path, reading)
    if len(notes.predicted) == len(tasks):
        raise BadLabel(
            "holds predictions, and no annotations",
            expected="annotations, which people submitted",
            remedy="Accept or correct the predictions in Label Studio, and export again",
            path=file.path,
        )
    notes.tell(file.path, reading)
    return images


def _taken(task: Task, notes: _Notes) -> Submitted | None:
    """The annotation of a task that counts; None where there is none."""
    if any(one.is_cancelled for one in task.submitted):
        notes.cancelled.append(task.where)
    usable = [one for one in task.submitted if not one.is_cancelled and one.results]
    if not usable:
        if task.has_predictions and not task.submitted:
            notes.predicted.append(task.where)
        return None
    if len(usable) > 1:
        notes.several.append(task.where)
    return max(enumerate(usable), key=lambda one: (one[1].is_truth, one[1].time, one[0]))[1]


def _images_of(task: Task, taken: Submitted, path: Path, reading: Reading) -> list[ImageShapes]:
    """The pictures of a task, mostly one; those without regions are left out."""
    by_name: dict[str, list[Region]] = defaultdict(list)
    for region in regions_of(taken.results, task.where, path):
        by_name[task.picture(region.of_name, region.item, path)].append(region)
    images = []
    for name, regions in by_name.items():
        stated = {region.size for region in regions} - {("", "")}
        if len(stated) > 1:
            raise BadLabel(
                f"{task.where} has regions for pictures of different sizes: "
                + listed(f"{width} x {height} px" for height, width in sorted(stated)),
                expected="one original_width and original_height",
                remedy="Export the labels again",
                path=path,
            )
        height, width = stated.pop() if stated else ("", "")
        known = lambda name=name: reading.size_of(name, path)  # noqa: E731
        size = picture_size(height, width, name, task.where, path, known)
        shapes = [shape for region in regions for shape in shapes_of(region, size, path)]
        images.append(ImageShapes(name, size, shapes, path))
    return images


def _results(shape: tuple[int, ...], masks: Iterator[PartMask], writing: Writing) -> Iterator[dict[str, Any]]:
    height, width = shape
    number = 0
    for part in masks:
        for kind, value in _values(part, writing):
            number += 1
            yield {
                "id": f"partly-{number}",
                "type": kind,
                "from_name": "label",
                "to_name": "image",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": {**value, kind: [part.name]},
                **object_note(part.object_number),
            }


def object_note(number: int | None) -> dict[str, Any]:
    """What Label Studio shows beside a region of an object; nothing where it belongs to none."""
    return {} if number is None else {"meta": {"text": [f"object {number}"]}}


def _values(part: PartMask, writing: Writing) -> Iterator[tuple[str, dict[str, Any]]]:
    if writing.style == "mask":
        yield "brushlabels", {"format": "rle", "rle": list(brush_code(part.mask.ravel()))}
        return
    height, width = part.shape
    for points in part.polygons():
        per_cent = [[x * 100 / width, y * 100 / height] for x, y in points.tolist()]
        yield "polygonlabels", {"points": per_cent, "closed": True}
