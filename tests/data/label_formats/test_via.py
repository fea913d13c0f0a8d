from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from partly.data.label_formats.label_formats import read_labels, write_labels
from partly.data.labels.rasterise import ellipse_mask
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn

SQUARE = {"name": "polygon", "all_points_x": [1, 3, 3, 1], "all_points_y": [0, 0, 2, 2]}


def region(shape=SQUARE, attributes=None, **more):
    return {"shape_attributes": {**shape, **more}, "region_attributes": attributes or {"part": "left"}}


def saved(tmp_path, *regions, options=None, name="a.jpg", project=False):
    entries = {f"{name}999": {"filename": name, "size": 999, "regions": list(regions), "file_attributes": {}}}
    attributes = {"region": {"part": {"type": "dropdown", "options": options or {}}}, "file": {}}
    path = tmp_path / "via.json"
    whole = {"_via_settings": {}, "_via_img_metadata": entries, "_via_attributes": attributes}
    path.write_text(json.dumps(whole if project else entries))
    return path


def read(path, told=None, size=(2, 4)):
    tell = [].append if told is None else told.append
    return read_labels(path, PARTS, size_of=lambda name, _: size, tell=tell)


def refusal(path):
    with pytest.raises(BadLabel) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


@pytest.mark.parametrize("project", [False, True])
def test_projects_and_exported_annotations(tmp_path, project):
    path = saved(
        tmp_path, region(), region(attributes={"part": "nose"}, all_points_x=[3, 4, 4, 3]), project=project
    )
    ((name, label_map, _),) = read(path)
    assert name == "a.jpg"
    assert np.array_equal(label_map, drawn("0113 0113"))


def test_regions_of_via_1_are_an_object(tmp_path):
    path = saved(tmp_path)
    values = json.loads(path.read_text())
    values["a.jpg999"]["regions"] = {"0": region()}
    path.write_text(json.dumps(values))
    assert np.array_equal(read(path)[0].label_map, drawn("0110 0110"))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ({"name": "rect", "x": 1, "y": 0, "width": 2, "height": 1}, drawn("0110 0000")),
        (
            {"name": "circle", "cx": 2, "cy": 1, "r": 1.2},
            ellipse_mask((2, 1), (1.2, 1.2), (2, 4)).astype("u1"),
        ),
        (
            {"name": "ellipse", "cx": 2, "cy": 1, "rx": 2, "ry": 0.6, "theta": np.pi / 4},
            ellipse_mask((2, 1), (2, 0.6), (2, 4), 45).astype("u1"),
        ),
        (
            {"name": "ellipse", "cx": 2, "cy": 1, "rx": 2, "ry": 0.6},
            ellipse_mask((2, 1), (2, 0.6), (2, 4)).astype("u1"),
        ),
        (
            {"name": "polyline", "all_points_x": [1, 3, 3, 1, 1], "all_points_y": [0, 0, 2, 2, 0]},
            drawn("0110 0110"),
        ),
    ],
)
def test_shapes(tmp_path, shape, expected):
    found = read(saved(tmp_path, {"shape_attributes": shape, "region_attributes": {"part": "left"}}))
    assert np.array_equal(found[0].label_map, expected)


@pytest.mark.parametrize("value", ["nose", {"nose": True, "left": False}, " nose "])
def test_values_of_fields_choices_and_boxes(tmp_path, value):
    assert read(saved(tmp_path, region(attributes={"part": value})))[0].label_map.max() == 3


def test_numbered_choices_are_what_they_are_shown_as(tmp_path):
    options = {"1": "left", "2": "nose"}
    path = saved(tmp_path, region(attributes={"part": "2"}), options=options, project=True)
    assert read(path)[0].label_map.max() == 3


def test_the_attribute_is_the_one_that_names_parts(tmp_path):
    told = []
    found = read(saved(tmp_path, region(attributes={"quality": "good", "kind": "nose"})), told)
    assert found[0].label_map.max() == 3
    assert told == []
    both = [region(attributes={"kind": "nose", "side": side}) for side in ("left", "far")]
    path = saved(tmp_path, *both)
    assert read(path, told)[0].label_map.max() == 3
    assert told == [f"{path}: names of parts were taken from the attribute 'kind', and not from 'side'"]


def test_the_size_is_that_of_the_picture_beside(tmp_path):
    path = saved(tmp_path, region())
    with pytest.raises(BadLabel, match=r"or a picture whose size is known, which 'a.jpg' is not"):
        read_labels(path, PARTS)
    Image.new("RGB", (4, 2)).save(tmp_path / "a.jpg")
    assert np.array_equal(read_labels(path, PARTS)[0].label_map, drawn("0110 0110"))


@pytest.mark.parametrize(
    ("regions", "words"),
    [
        ([region(attributes={"part": "Nose"})], "'Nose' (1 shape); expected background, left, right, nose"),
        (
            [region(attributes={"x": "nose", "y": "left"})],
            "'x' ('nose'); 'y' ('left'), and it is not clear which",
        ),
        (
            [region(attributes={"x": "a", "y": "b"})],
            "'x' ('a'); 'y' ('b'), none of which names parts; expected one",
        ),
        ([region(attributes={"part": ""})], "region 1 of 'a.jpg' has no 'part'; expected one"),
        (
            [region(attributes={"part": {"left": True, "nose": True}})],
            "has several values of 'part': left, nose",
        ),
        (
            [{"shape_attributes": SQUARE}],
            "has regions without attributes; expected an attribute with the name",
        ),
        ([{"shape_attributes": SQUARE, "region_attributes": []}], "has regions without attributes"),
        ([region({"name": "point", "cx": 1, "cy": 1})], "shapes that are no areas: point (1 shape)"),
        (
            [region({"name": "polyline", "all_points_x": [1, 2], "all_points_y": [1, 2]})],
            "no areas: polyline",
        ),
        ([region({})], "region 1 of 'a.jpg' has the shape None"),
        (
            [region(all_points_x=[1, 2, 3])],
            "region 1 of 'a.jpg' ('left') has unusable points; expected all_points_x",
        ),
        ([region(all_points_x=[1, 2, "a", 4])], "has unusable points"),
        (
            [region({"name": "rect", "x": 1, "y": None, "width": 1, "height": 1})],
            "has x 1, y None, width 1, height 1",
        ),
        ([region({"name": "circle", "cx": 1, "cy": 1, "r": 1e9})], "r 1000000000.0; expected numbers"),
        ([], "has no shape in any of its 1 pictures"),
        (["x"], "picture 'a.jpg' has damaged regions"),
    ],
)
def test_damaged_files_are_refused(tmp_path, regions, words):
    path = saved(tmp_path, *regions)
    assert words in refusal(path)


def test_names_that_are_no_text(tmp_path):
    assert "has a picture with the filename 3" in refusal(saved(tmp_path, region(), name=3))


def test_what_is_written_is_a_project(tmp_path):
    path = tmp_path / "via.json"
    write_labels(path, [("sub/a.jpg", drawn("0110"))], PARTS, format_name="via")
    project = json.loads(path.read_text())
    assert project["_via_image_id_list"] == ["sub/a.jpg-1"]
    assert list(project["_via_attributes"]["region"]["part"]["options"]) == ["left", "right", "nose"]
    ((one,),) = [entry["regions"] for entry in project["_via_img_metadata"].values()]
    assert one == {
        "shape_attributes": {"name": "polygon", "all_points_x": [1, 1, 3, 3], "all_points_y": [1, 0, 0, 1]},
        "region_attributes": {"part": "left"},
    }


@pytest.mark.parametrize(
    "name", ["/etc/a.png", "../a.png", "C:/a.png", "https://x/a.png", "a\0.png", "/dev/stdin"]
)
def test_pictures_are_looked_for_beside_the_file_only(tmp_path, name):
    Image.new("RGB", (4, 2)).save(tmp_path / "a.png")
    (tmp_path / "in").mkdir()
    path = saved(tmp_path / "in", region(), name=name)
    with pytest.raises(BadLabel, match=r"whose size is known|unusable picture names"):
        read_labels(path, PARTS)
