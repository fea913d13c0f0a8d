from __future__ import annotations

import json

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from partly.errors import BadLabel
from tests.data.label_formats.format_calls import read_coco, write_coco
from tests.data.labels.drawings import PARTS, blobs, drawn

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def annotation(category_id, segmentation, image_id=7, **more):
    return {"image_id": image_id, "category_id": category_id, "segmentation": segmentation, **more}


def saved(tmp_path, *annotations, **changes):
    values = {
        "images": [
            {"id": 7, "file_name": "a.jpg", "height": 3, "width": 4},
            {"id": 9, "file_name": "b.jpg", "height": 2, "width": 2},
        ],
        "categories": [{"id": 30, "name": "left"}, {"id": 10, "name": "nose"}, {"id": 1, "name": "unicorn"}],
        "annotations": list(annotations),
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(values | changes))
    return path


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def test_polygons_run_lengths_and_their_text(tmp_path):
    mask = drawn("0010 0000 0010") == 1
    runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    path = saved(
        tmp_path,
        annotation(30, [[0, 0, 4, 0, 4, 2, 0, 2], [0, 2, 1, 2, 1, 3, 0, 3]]),
        annotation(10, {"size": [3, 4], "counts": [0, 2, 10]}, iscrowd=1),
        annotation(10, {"size": [3, 4], "counts": runs["counts"].decode()}),
        annotation(10, [[0, 0, 2, 0, 2, 2, 0, 2]], image_id=9),
    )
    found = {name: label_map for name, label_map, _ in read_coco(path, PARTS)}
    assert np.array_equal(found["a.jpg"], drawn("3131 3111 1030"))
    assert np.array_equal(found["b.jpg"], drawn("33 33"))


def test_pictures_without_annotations_were_not_labelled(tmp_path):
    path = saved(tmp_path, annotation(30, [[0, 0, 4, 0, 4, 2]]))
    assert [name for name, *_ in read_coco(path, PARTS)] == ["a.jpg"]


def test_unused_categories_may_be_unknown_but_used_ones_may_not(tmp_path):
    path = saved(tmp_path, annotation(1, [[0, 0, 4, 0, 4, 2]], id=5))
    assert "has labels that are no part: 'unicorn' (1 shape)" in refusal(lambda: read_coco(path, PARTS))


def test_written_files_are_what_cocos_own_tool_expects(tmp_path):
    (path,) = write_coco(tmp_path / "c.json", [("a.jpg", blobs()), ("b.jpg", drawn("11 .2"))], PARTS)
    values = json.loads(path.read_text())
    names = {category["id"]: category["name"] for category in values["categories"]}
    assert list(names.values()) == ["left", "right", "nose", "unlabelled"]
    assert values["images"][0] == {"id": 1, "file_name": "a.jpg", "width": 120, "height": 96}
    ids = {"left": 1, "right": 2, "nose": 3, "unlabelled": 255}
    for entry in values["annotations"][:4]:
        mask = blobs() == ids[names[entry["category_id"]]]
        assert np.array_equal(coco_mask.decode(entry["segmentation"]), mask)
        assert entry["area"] == mask.sum()
        assert entry["bbox"] == coco_mask.toBbox(entry["segmentation"]).tolist()
    assert values["annotations"][4]["image_id"] == 2
    assert [entry["id"] for entry in values["annotations"]] == [1, 2, 3, 4, 5, 6, 7]


def test_what_only_fills_is_not_declared(tmp_path):
    write_coco(tmp_path / "c.json", [("a", drawn("01"))], PARTS, fill="unlabelled")
    names = [c["name"] for c in json.loads((tmp_path / "c.json").read_text())["categories"]]
    assert names == ["background", "left", "right", "nose"]


def test_polygons_are_written_as_one_annotation_for_each_part(tmp_path):
    write_coco(tmp_path / "c.json", [("a", drawn("101 222"))], PARTS, style="polygon")
    left, right = json.loads((tmp_path / "c.json").read_text())["annotations"]
    assert len(left["segmentation"]) == 2
    assert len(right["segmentation"]) == 1
    assert len(left["segmentation"][0]) == 8


TRIANGLE = [[0, 0, 4, 0, 4, 2]]


@pytest.mark.parametrize(
    ("annotations", "changes", "words"),
    [
        ([], {}, "has no shape in any of its 2 pictures"),
        ([], {"images": {}}, "has no images; expected a list of objects under 'images'"),
        ([], {"categories": [{"id": 1}, {"id": 1}]}, "has categories without an id, or two with the same"),
        ([], {"images": [{"file_name": "a"}]}, "has images without an id"),
        (
            [annotation(30, [[0, 0, 4, 0, 4, 2]])],
            {"images": [{"id": 7, "file_name": "a", "width": 4}]},
            "image 7 has the height None and the width 4; expected positive whole numbers, or a picture "
            "whose size is known, which 'a' is not. Export the labels together with the pictures, or name",
        ),
        (
            [annotation(30, TRIANGLE, image_id=8, id=5)],
            {},
            "annotation 5 has the image_id 8; expected an id that the file defines: 7, 9.",
        ),
        ([annotation(30, TRIANGLE, image_id=[8])], {}, "annotation 'no. 1' has the image_id [8]"),
        ([annotation(31, TRIANGLE, id=5)], {}, "annotation 5 has the category_id 31"),
        (
            [annotation(30, TRIANGLE)],
            {"categories": [{"id": 30}]},
            "a category has the name None; expected a text",
        ),
        (
            [annotation(30, TRIANGLE)],
            {"images": [{"id": 7, "height": 3, "width": 4}]},
            "image 7 has the file_name None",
        ),
        (
            [annotation(30, [], id=5, bbox=[0, 0, 1, 1])],
            {},
            "annotation 5 has no segmentation; expected polygons or run lengths. "
            "Export the labels as segmentation, not as boxes.",
        ),
        ([annotation(30, None, id=5)], {}, "annotation 5 has no segmentation"),
        ([annotation(30, [[0, 0, 1, 1]], id=5)], {}, "has 1 shape, but none that covers a pixel"),
        ([annotation(30, [[0, 0, 1, 1, 2]], id=5)], {}, "annotation 5 has unusable points"),
        (
            [annotation(30, [[0, 0], [1, 1, 2]], id=5)],
            {},
            "annotation 5 has unusable points; expected points x, y with numbers up to 1000000, as "
            "[x1, y1, x2, y2, …] or [[x1, y1], [x2, y2], …]",
        ),
        (
            [annotation(30, {"size": [4, 3], "counts": [12]}, id=5)],
            {},
            "annotation 5 has run lengths for the size [4, 3]; expected [3, 4], the height and width",
        ),
        (
            [annotation(30, {"size": [3, 4]}, id=5)],
            {},
            "annotation 5 has no segmentation; expected polygons or run lengths",
        ),
        (
            [annotation(30, {"size": [3, 4], "counts": [1, 2]}, id=5)],
            {},
            "annotation 5 has run lengths that add up to 3 pixels instead of 12. Export the labels again",
        ),
        (
            [annotation(30, {"size": [3, 4], "counts": "é"}, id=5)],
            {},
            "compressed run lengths that are damaged",
        ),
        (
            [annotation(30, TRIANGLE), annotation(30, TRIANGLE, image_id=9)],
            {
                "images": [
                    {"id": 7, "file_name": "a", "height": 3, "width": 4},
                    {"id": 9, "file_name": "a", "height": 3, "width": 4},
                ]
            },
            "has unusable picture names: 'a'; expected distinct printable names",
        ),
    ],
)
def test_damaged_files_are_refused(tmp_path, annotations, changes, words):
    path = saved(tmp_path, *annotations, **changes)
    text = refusal(lambda: read_coco(path, PARTS))
    assert text.startswith(f"{path}: ")
    assert words in text


SQUARE = [0, 0, 2, 0, 2, 2, 0, 2]
PAIRS = [[0, 0], [2, 0], [2, 2], [0, 2]]


def read_one(path, **options):
    ((_, label_map, _),) = read_coco(path, PARTS, **options)
    return label_map


@pytest.mark.parametrize(
    "segmentation", [[SQUARE], SQUARE, PAIRS, [PAIRS], str(PAIRS), [{"x": x, "y": y} for x, y in PAIRS]]
)
def test_points_in_all_usual_brackets(tmp_path, segmentation):
    assert np.array_equal(read_one(saved(tmp_path, annotation(30, segmentation))), drawn("1100 1100 0000"))


@pytest.mark.parametrize(
    "empty", [[[0, 0, 1, 1]], [[3, 1]], {"size": [3, 4], "counts": [12]}, {"size": [3, 4], "counts": ""}]
)
def test_annotations_without_area_are_passed_over_and_told(tmp_path, empty):
    path = saved(
        tmp_path,
        annotation(30, [SQUARE, [0, 0, 1, 1]], id=1),
        annotation(1, empty, id=2) if isinstance(empty, list) else annotation(10, empty, id=2),
        annotation(10, [[0, 0]], image_id=9, id=3),
    )
    told = []
    assert np.array_equal(read_one(path, tell=told.append), drawn("1100 1100 0000"))
    assert told == [
        f"{path}: 3 shapes without area passed over: annotation 1, annotation 2, annotation 3",
    ]


@pytest.mark.parametrize(
    "missing", [{}, {"counts": None, "size": [3, 4]}, [[]], [None], "", "[]", "None", False, float("nan")]
)
def test_annotations_without_a_mask_in_any_words(tmp_path, missing):
    text = refusal(lambda: read_coco(saved(tmp_path, annotation(30, missing, id=5)), PARTS))
    assert "annotation 5 has no segmentation" in text
    assert "Export the labels as segmentation, not as boxes." in text


@pytest.mark.parametrize(("stated", "referred"), [(7, "7"), (7, 7.0), ("7", 7), (7.0, "7.0"), ("0007", 7)])
def test_ids_of_another_type(tmp_path, stated, referred):
    image = {"id": stated, "file_name": "a.jpg", "height": 3, "width": 4}
    category = {"id": stated, "name": "left"}
    path = saved(
        tmp_path, annotation(referred, [SQUARE], image_id=referred), images=[image], categories=[category]
    )
    assert np.array_equal(read_one(path), drawn("1100 1100 0000"))


def test_ids_that_differ_by_type_only_are_told_apart_or_refused(tmp_path):
    images = [{"id": i, "file_name": f"{i!r}.jpg", "height": 3, "width": 4} for i in (7, "7")]
    path = saved(tmp_path, annotation(30, [SQUARE], image_id="7"), images=images)
    assert read_coco(path, PARTS)[0].image_name == "'7'.jpg"
    path = saved(tmp_path, annotation(30, [SQUARE], image_id=" 7"), images=images)
    assert "has the image_id ' 7'; expected an id that the file defines: 7, '7'" in refusal(
        lambda: read_coco(path, PARTS)
    )


@pytest.mark.parametrize(
    "size", [{}, {"height": 0, "width": 0}, {"height": None, "width": 4}, {"height": float("nan")}]
)
def test_sizes_that_are_missing_are_asked_for(tmp_path, size):
    images = [{"id": 7, "file_name": "sub\\a.jpg", **size}, {"id": 8, "file_name": "unlabelled.jpg"}]
    path = saved(tmp_path, annotation(30, [SQUARE]), images=images)
    asked = []

    def size_of(name, file):
        asked.append((name, file))
        return 3, 4

    assert np.array_equal(read_one(path, size_of=size_of), drawn("1100 1100 0000"))
    assert asked == [("sub/a.jpg", path)]


def test_run_lengths_say_a_size_that_is_missing(tmp_path):
    runs = {"size": [3.0, 4.0], "counts": [0.0, 2.0, 10.0]}
    path = saved(tmp_path, annotation(30, runs), images=[{"id": 7, "file_name": "a.jpg"}])
    assert np.array_equal(read_one(path), drawn("1000 1000 0000"))


@pytest.mark.parametrize("height", [3.0, "3", "3.0"])
def test_sizes_that_are_no_json_integers(tmp_path, height):
    path = saved(
        tmp_path,
        annotation(30, [SQUARE]),
        images=[{"id": 7, "file_name": "a.jpg", "height": height, "width": 4}],
    )
    assert read_one(path).shape == (3, 4)


@pytest.mark.parametrize("nested", [False, True])
def test_run_lengths_in_a_plain_list(tmp_path, nested):
    # By columns, 3 x 4 px: two pixels off, four on, six off; as points, (2, 4) would lie below the picture.
    for lengths, expected in (([2, 4, 6], "0100 0100 1100"), ([0, 12], "1111 1111 1111")):
        path = saved(tmp_path, annotation(30, [lengths] if nested else lengths))
        assert np.array_equal(read_coco(path, PARTS)[0].label_map, drawn(expected))


def test_points_whose_numbers_add_up_to_the_picture_stay_points(tmp_path):
    path = saved(tmp_path, annotation(30, [0, 0, 4, 0, 4, 3, 0, 1]))
    assert np.array_equal(read_coco(path, PARTS)[0].label_map, drawn("1111 0111 0001"))


@pytest.mark.parametrize("points", [[[1, 1, 2], [3, 1, 2], [3, 2, 0]], [[1, 1, 2, 3, 1, 2, 3, 2, 0]]])
def test_keypoints_are_called_so(tmp_path, points):
    path = saved(tmp_path, annotation(30, points, id=5))
    assert refusal(lambda: read_coco(path, PARTS)) == (
        f"{path}: annotation 5 has points of three numbers, as keypoints have them (x, y and whether it is "
        "seen); expected an outline of points x, y. Export polygons or masks, not keypoints, or leave the "
        "third numbers out."
    )
