"""Label files in which objects are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from partly.data.label_formats.cutting import LabelMaps, Writing, part_masks
from partly.data.label_formats.label_formats import FORMATS, read_labels, write_labels
from partly.data.label_formats.part_mask import PartMask
from partly.data.label_formats.run_lengths import run_lengths
from partly.data.labels.outlines import outline_polygons
from partly.errors import BadLabel
from tests.data.label_formats.test_catalogue import knows, target
from tests.data.labels.drawings import PARTS, drawn

MAP = drawn("0011 0113 2223")
# The ones are of two objects that touch; one of the twos belongs to none.
OBJECTS = drawn("0011 0223 3330").astype(np.uint16) * 300


def with_objects(label_map=MAP, object_map=OBJECTS):
    return LabelMaps(["a.jpg"], lambda _: label_map, lambda _: object_map)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("style", ["mask", "polygon"])
def test_every_format_reads_back_exactly(tmp_path, format_name, style):
    path = target(tmp_path, format_name)
    write_labels(path, with_objects(), PARTS, format_name=format_name, style=style)
    ((_, found, _),) = read_labels(path, PARTS, size_of=knows(MAP))
    assert np.array_equal(found, MAP)


def test_each_object_has_a_mask_of_each_of_its_parts():
    found = [(one.name, one.object_number) for one in part_masks(MAP, Writing(PARTS), OBJECTS)]
    names = PARTS.names
    assert found == [(names[1], 300), (names[1], 600), (names[2], 900), (names[3], 900), (names[3], None)]
    masks = [one.mask for one in part_masks(MAP, Writing(PARTS), OBJECTS)]
    assert np.array_equal(sum(mask.astype(int) for mask in masks), MAP > 0)
    assert masks[1].sum() == 2


def test_random_maps_are_cut_as_a_naive_search_finds_them():
    rng = np.random.default_rng(0)
    label_map, object_map = rng.integers(0, 4, (13, 9)).astype(np.uint8), rng.integers(0, 4, (13, 9))
    found = {
        (one.name, one.object_number): one.mask
        for one in part_masks(label_map, Writing(PARTS), object_map.astype(np.uint16))
    }
    for part in (1, 2, 3):
        for number in range(4):
            mask = found[PARTS.names[part], number or None]
            assert np.array_equal(mask, (label_map == part) & (object_map == number))
    assert len(found) == 12


def test_what_is_asked_of_a_mask_in_a_box_is_that_of_the_whole_picture():
    rng = np.random.default_rng(1)
    for _ in range(200):
        height, width = rng.integers(1, 8, 2)
        top, left = rng.integers(0, height), rng.integers(0, width)
        inside = rng.random((rng.integers(1, height - top + 1), rng.integers(1, width - left + 1))) < 0.7
        if not inside.any():
            continue
        part = PartMask("a", inside, int(left), int(top), (int(height), int(width)))
        whole = PartMask("a", part.mask, 0, 0, (int(height), int(width)))
        assert (
            part.mask[top : top + inside.shape[0], left : left + inside.shape[1]].tolist() == inside.tolist()
        )
        assert part.n_pixels == part.mask.sum() == inside.sum()
        assert part.bounding_box() == whole.bounding_box()
        assert np.array_equal(part.in_bounding_box(), whole.in_bounding_box())
        assert [one.tolist() for one in part.polygons()] == [
            one.tolist() for one in outline_polygons(whole.mask)
        ]
        expected = run_lengths(part.mask.ravel(order="F"))
        assert part.run_lengths_by_columns() == whole.run_lengths_by_columns() == expected


def test_a_draft_of_a_picture_without_objects_has_no_shape():
    empty = np.zeros((3, 4), np.uint8)
    assert not list(part_masks(empty, Writing(PARTS, draft=True), empty.astype(np.uint16)))
    # Else the filling is written, so that it counts as labelled.
    assert [part.name for part in part_masks(empty, Writing(PARTS), empty.astype(np.uint16))] == [
        "background"
    ]


def test_an_object_map_of_another_size_is_refused(tmp_path):
    labels = with_objects(object_map=np.zeros((3, 5), np.uint16))
    with pytest.raises(BadLabel, match=r"a\.jpg: the object map has 5 x 3 pixels; expected 4 x 3, as its"):
        write_labels(tmp_path / "a.json", labels, PARTS, format_name="coco")
    assert not list(tmp_path.iterdir())


def test_without_objects_files_say_nothing_of_them(tmp_path):
    for format_name in FORMATS:
        path = target(tmp_path, format_name)
        write_labels(path, [("a.jpg", MAP)], PARTS, format_name=format_name)
        if path.suffix != ".png":
            text = path.read_text()
            assert '"object"' not in text
            assert "group_id=" not in text
