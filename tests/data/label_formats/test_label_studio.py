from __future__ import annotations

import json

import numpy as np
import pytest

from partly.data.label_formats.brush_codes import brush_code
from partly.data.label_formats.label_formats import read_labels, write_labels
from partly.data.labels.rasterise import ellipse_mask
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn

SQUARE = [[25, 0], [75, 0], [75, 100], [25, 100]]
ON_SQUARE = drawn("0110 0110")


def region(label="left", kind="polygonlabels", value=None, **more):
    place = {"points": SQUARE} if value is None else value
    return {
        "id": "r1", "type": kind, "from_name": "tag", "to_name": "image", "original_width": 4,
        "original_height": 2, "image_rotation": 0, "value": {**place, kind: [label]}, **more,
    }  # fmt: skip


def brush(pixels, label="left", **more):
    code = {"format": "rle", "rle": list(brush_code(np.array(pixels, bool).ravel()))}
    return region(label, "brushlabels", code, **more)


def annotation(*results, **more):
    return {"id": 5, "result": list(results), **more}


def task(*annotations, image="/data/upload/1/ab12cd34-a.jpg", **more):
    return {"id": 3, "data": {"image": image}, "annotations": list(annotations), **more}


def saved(tmp_path, *tasks):
    path = tmp_path / "project-1.json"
    path.write_text(json.dumps(list(tasks)))
    return path


def read(path, told=None, **options):
    tell = [].append if told is None else told.append
    return read_labels(path, PARTS, tell=tell, **options)


def refusal(path, **options):
    with pytest.raises(BadLabel) as caught:
        read(path, **options)
    text = str(caught.value)
    assert text.startswith(str(path))
    return text


def map_of(tmp_path, *results, **options):
    ((_, label_map, _),) = read(saved(tmp_path, task(annotation(*results))), **options)
    return label_map


def test_polygons_brushes_and_their_order(tmp_path):
    stroke = [[1, 1, 0, 0], [0, 0, 0, 0]]
    assert np.array_equal(map_of(tmp_path, region()), ON_SQUARE)
    assert np.array_equal(map_of(tmp_path, region(), brush(stroke, "nose", id="r2")), drawn("3310 0110"))
    assert np.array_equal(map_of(tmp_path, brush(stroke, "nose", id="r2"), region()), drawn("3110 0110"))


def test_rectangles_turn_about_their_top_left_corner(tmp_path):
    box = {"x": 25, "y": 0, "width": 50, "height": 50, "rotation": 0}
    assert np.array_equal(map_of(tmp_path, region(kind="rectanglelabels", value=box)), drawn("0110 0000"))
    # Turned clockwise by a right angle, what lay to the right of the corner lies below it, and left.
    turned = {**box, "rotation": 90}
    label_map = map_of(tmp_path, region(kind="rectanglelabels", value=turned))
    assert np.array_equal(label_map, drawn("1000 1000"))


def test_ellipses(tmp_path):
    value = {"x": 50, "y": 50, "radiusX": 20, "radiusY": 45, "rotation": 30}
    results = [region(kind="ellipselabels", value=value, original_width=40, original_height=20)]
    expected = ellipse_mask((20, 10), (8, 9), (20, 40), 30).astype(np.uint8)
    assert np.array_equal(map_of(tmp_path, *results), expected)


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("/data/upload/1/ab12cd34-a.jpg", "ab12cd34-a.jpg"),
        ("/data/upload/ab12cd34-a.jpg", "ab12cd34-a.jpg"),
        ("/data/local-files/?d=faces/%C3%BC%20a.jpg", "faces/ü a.jpg"),
        ("/data/local-files/?d=C:\\faces\\a.jpg", "C:/faces/a.jpg"),
        ("s3://bucket/faces/a.jpg", "bucket/faces/a.jpg"),
        ("https://somewhere.org/x/a%20b.jpg?token=1#y", "somewhere.org/x/a b.jpg"),
        ("a#1.jpg", "a#1.jpg"),
        ("data:image/png;base64,AAAA", "task 3"),
    ],
)
def test_names_in_addresses(tmp_path, image, name):
    path = saved(tmp_path, task(annotation(region()), image=image))
    assert read(path)[0].image_name == name


def test_the_picture_is_what_regions_are_on_or_looks_like_one(tmp_path):
    both = {"image": "a.jpg", "other": "b.jpg", "text": "hello"}
    path = saved(tmp_path, {"data": both, "annotations": [annotation(region(to_name="other"))]})
    assert read(path)[0].image_name == "b.jpg"
    path = saved(tmp_path, {"data": {"img": "a.jpg", "text": "hello"}, "annotations": [annotation(region())]})
    assert read(path)[0].image_name == "a.jpg"
    path = saved(tmp_path, {"data": both, "annotations": [annotation(region(to_name="x"))]})
    assert (
        "task no. 1 has the data 'image', 'other', 'text', and its regions are on 'x'; expected one"
        in refusal(path)
    )
    pages = {"data": {"pages": ["a.jpg", "b.jpg"]}, "annotations": [annotation(region(item_index=1))]}
    assert read(saved(tmp_path, pages))[0].image_name == "b.jpg"


def test_json_min(tmp_path):
    square = {"points": SQUARE, "polygonlabels": ["left"], "original_width": 4, "original_height": 2}
    line = {"image": "/data/upload/1/ab12cd34-a.jpg", "id": 3, "tag": [square], "annotator": 1}
    ((name, label_map, _),) = read(saved(tmp_path, line))
    assert name == "ab12cd34-a.jpg"
    assert np.array_equal(label_map, ON_SQUARE)
    # A line for each annotation; the later of a task counts.
    later = {**line, "tag": [{**square, "polygonlabels": ["nose"]}], "updated_at": "2024-01-02"}
    told = []
    ((_, label_map, _),) = read(saved(tmp_path, later, {**line, "updated_at": "2024-01-01"}), told)
    assert label_map.max() == 3
    assert len(told) == 1
    assert (
        "1 task with several annotations, of which one was taken: the ground truth, else the latest: task 3"
        in told[0]
    )


def test_which_annotation_counts(tmp_path):
    early, late = (
        annotation(region(name), updated_at=f"2024-01-0{i}") for i, name in ((1, "left"), (2, "nose"))
    )
    assert read(saved(tmp_path, task(late, early)))[0].label_map.max() == 3
    truth = {**early, "ground_truth": True}
    assert read(saved(tmp_path, task(truth, late)))[0].label_map.max() == 1
    told = []
    cancelled = {**late, "was_cancelled": True}
    path = saved(tmp_path, task(early, cancelled))
    assert read(path, told)[0].label_map.max() == 1
    assert told == [f"{path}: 1 task with cancelled annotations passed over: task 3"]
    old = {"id": 3, "data": {"image": "a.jpg"}, "completions": [early]}
    assert read(saved(tmp_path, old))[0].label_map.max() == 1


def test_predictions_are_not_labels(tmp_path):
    guess = {"id": 4, "data": {"image": "b.jpg"}, "predictions": [annotation(region())]}
    path = saved(tmp_path, task(annotation(region())), guess)
    told = []
    assert len(read(path, told)) == 1
    assert told == [
        f"{path}: 1 task with nothing but predictions, which nobody accepted, passed over: task 4"
    ]
    text = refusal(saved(tmp_path, guess))
    assert (
        "holds predictions, and no annotations; expected annotations, which people submitted. Accept or"
        in text
    )


def test_a_shape_and_its_label_may_be_two_results(tmp_path):
    shape = {**region(kind="polygon"), "value": {"points": SQUARE, "closed": True}}
    label = {**region(kind="labels"), "value": {"points": SQUARE, "closed": True, "labels": ["nose"]}}
    choice = {"id": "r1", "type": "choices", "value": {"points": SQUARE, "choices": ["big"]}}
    whole = {"type": "choices", "value": {"choices": ["x"]}}
    relation = {"type": "relation", "from_id": "r1", "to_id": "r2"}
    label_map = map_of(tmp_path, shape, label, choice, whole, relation)
    assert np.array_equal(label_map, ON_SQUARE * 3)
    # One id for different places, as careless scripts write it, is no reason to lose one.
    label_map = map_of(
        tmp_path, region(), region("nose", value={"points": [[0, 0], [25, 0], [25, 50], [0, 50]]})
    )
    assert np.array_equal(label_map, drawn("3110 0110"))


@pytest.mark.parametrize(("width", "height"), [(None, None), (0, 0), ("4", 2.0)])
def test_sizes_that_are_missing_or_of_another_type(tmp_path, width, height):
    results = [region(original_width=width, original_height=height)]
    assert np.array_equal(map_of(tmp_path, *results, size_of=lambda name, _: (2, 4)), ON_SQUARE)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([region("Nose")], "has labels that are no part: 'Nose' (1 shape); expected background"),
        ([region("Nose")], "Did you mean 'nose' for 'Nose'? Rename the labels"),
        ([region(value={"points": [[0, 0], [1]]})], "task 3: region 'r1' ('left') has unusable points"),
        ([region(image_rotation=90)], "region 'r1' is on a picture that was turned by 90 degrees"),
        (
            [region(value={"points": SQUARE, "brushlabels": ["nose"]})],
            "region 'r1' has the labels nose, left; expected one",
        ),
        ([{**region(), "value": {"points": SQUARE}}], "region 'r1' has no label; expected one label"),
        (
            [region(original_width=None)],
            "has the height '2' and the width ''; expected positive whole numbers, or",
        ),
        (
            [region(), region(id="r2", original_width=5)],
            "has regions for pictures of different sizes: 4 x 2 px, 5 x 2 px",
        ),
        (
            [region(), region(kind="keypointlabels", value={"x": 1, "y": 1, "width": 1})],
            "no areas: keypointlabels (1 shape)",
        ),
        (
            [region(kind="rectanglelabels", value={"x": "a", "y": 1, "width": 1, "height": 1})],
            "has x 'a'; expected a number",
        ),
        (
            [region(kind="brushlabels", value={"rle": [0, 0, 0, 32, 300]})],
            "has damaged run lengths; expected a list",
        ),
        (
            [region(kind="brushlabels", value={"rle": [0, 0, 0, 32, 1]})],
            "has brush run lengths that end too early",
        ),
        ([brush([[1, 0, 1]])], "has brush run lengths of 12 values of 8 bits instead of 32, 4 a pixel"),
    ],
)
def test_damaged_regions_are_refused(tmp_path, results, words):
    assert words in refusal(saved(tmp_path, task(annotation(*results))))


def test_an_empty_brush_is_told(tmp_path):
    empty = region("nose", "brushlabels", {"format": "rle", "rle": [0, 0, 0, 0]}, id="r2")
    told = []
    path = saved(tmp_path, task(annotation(region(), empty)))
    assert np.array_equal(read(path, told)[0].label_map, ON_SQUARE)
    assert told == [f"{path}: 1 shape without area passed over: task 3: region 'r2' ('nose')"]
    text = refusal(saved(tmp_path, task(annotation(empty))))
    assert "It looks like Label Studio's JSON with nothing labelled: label a picture there" in text


@pytest.mark.parametrize(("draft", "key"), [(False, "annotations"), (True, "predictions")])
def test_what_is_written(tmp_path, draft, key):
    path = tmp_path / "tasks.json"
    labels = [("sub/ü a.jpg", drawn("0110")), ("b.jpg", drawn("0000"))]
    write_labels(path, labels, PARTS, format_name="label-studio", draft=draft)
    first, second = json.loads(path.read_text())
    assert first["data"] == {"image": "/data/local-files/?d=sub/%C3%BC%20a.jpg"}
    (submitted,) = first[key]
    (result,) = submitted["result"]
    expected = {"type": "brushlabels", "from_name": "label", "to_name": "image"}
    assert expected | {"original_width": 4, "original_height": 1} == {
        name: result[name] for name in (*expected, "original_width", "original_height")
    }
    assert result["value"]["brushlabels"] == ["left"]
    # A draft of nothing is nothing to correct; labels of nothing but background are labels.
    assert len(second[key][0]["result"]) == (0 if draft else 1)
