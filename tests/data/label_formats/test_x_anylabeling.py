from __future__ import annotations

import json

import numpy as np
import pytest

from partly.data.label_formats.label_formats import detect_format, read_labels, write_labels
from tests.data.labels.drawings import PARTS, drawn


def saved(path, *shapes, **more):
    values = {
        "version": "3.3.5", "flags": {}, "checked": False, "shapes": list(shapes), "imagePath": "a.jpg",
        "imageData": None, "imageHeight": 2, "imageWidth": 4, **more,
    }  # fmt: skip
    path.write_text(json.dumps(values))
    return path


def shape(kind, points, **more):
    return {
        "label": "left", "score": None, "points": points, "group_id": None, "description": "",
        "difficult": False, "shape_type": kind, "flags": {}, "attributes": {}, "kie_linking": [], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "points", "expected"),
    [
        ("polygon", [[1, 0], [3, 0], [3, 2], [1, 2]], drawn("0110 0110")),
        ("rectangle", [[1, 0], [3, 0], [3, 2], [1, 2]], drawn("0110 0110")),
        ("rectangle", [[1, 0], [3, 1]], drawn("0110 0000")),
        ("rotation", [[2, -0.9], [3.9, 1], [2, 2.9], [0.1, 1]], drawn("0110 0110")),
        ("circle", [[2, 1], [3.2, 1]], drawn("0110 0110")),
    ],
)
def test_shapes(tmp_path, kind, points, expected):
    more = {"direction": 0.785} if kind == "rotation" else {}
    path = saved(tmp_path / "a.json", shape(kind, points, **more))
    assert detect_format(path).name == "x-anylabeling"
    assert np.array_equal(read_labels(path, PARTS)[0].label_map, expected)


def test_a_folder_may_hold_files_of_labelme_too(tmp_path):
    saved(tmp_path / "a.json", shape("polygon", [[1, 0], [3, 0], [3, 2], [1, 2]]))
    write_labels(tmp_path / "b.json", [("b.jpg", drawn("01"))], PARTS, format_name="labelme")
    for name in (None, "labelme", "x-anylabeling"):
        told = []
        found = read_labels(tmp_path, PARTS, format_name=name, tell=told.append)
        assert [one.image_name for one in found] == ["a.jpg", "b.jpg"]
        assert told == []


@pytest.mark.parametrize("draft", [False, True])
def test_what_is_written(tmp_path, draft):
    (path, _) = write_labels(
        tmp_path,
        [("sub/a.jpg", drawn("0110")), ("b.jpg", drawn("00"))],
        PARTS,
        format_name="x-anylabeling",
        draft=draft,
    )
    values = json.loads(path.read_text())
    assert (values["checked"], values["imagePath"], values["imageWidth"]) == (not draft, "a.jpg", 4)
    assert values["shapes"] == [shape("polygon", [[1, 1], [1, 0], [3, 0], [3, 1]])]
    assert len(json.loads((tmp_path / "b.json").read_text())["shapes"]) == (0 if draft else 1)
