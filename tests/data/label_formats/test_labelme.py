from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from partly.data.label_formats.label_formats import read_labels
from partly.data.labels.rasterise import ellipse_mask
from partly.errors import BadLabel
from tests.data.label_formats.format_calls import read_labelme, write_labelme
from tests.data.labels.drawings import PARTS, drawn


def shape(label, points, kind="polygon", **more):
    return {"label": label, "points": points, "shape_type": kind, "flags": {}, "group_id": None, **more}


def bitmap(pixels):
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def saved(tmp_path, *shapes, name="a.json", **changes):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True, parents=True)
    values = {
        "version": "5.2.1", "flags": {}, "shapes": list(shapes), "imagePath": "a.jpg", "imageData": None,
        "imageHeight": 4, "imageWidth": 6,
    }  # fmt: skip
    path.write_text(json.dumps(values | changes))
    return path


def read_one(path, **options):
    ((_, label_map, _),) = read_labelme(path, PARTS, **options)
    return label_map


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def test_polygons_rectangles_and_later_over_earlier(tmp_path):
    path = saved(
        tmp_path,
        shape("left", [[0, 0], [4, 0], [4, 4], [0, 4]]),
        shape("right", [[5.2, 3.1], [1, 1.4]], "rectangle"),
        shape("nose", [[3, 0], [6, 0], [6, 1], [3, 1]], "oriented_rectangle"),
    )
    expected = drawn("111333 122220 122220 111100")
    assert np.array_equal(read_one(path), expected)


def test_uncovered_pixels_are_background_or_unlabelled(tmp_path):
    path = saved(tmp_path, shape("left", [[0, 0], [6, 0], [6, 2], [0, 2]]))
    assert np.array_equal(read_one(path), drawn("111111 111111 000000 000000"))
    assert np.array_equal(read_one(path, fill="unlabelled"), drawn("111111 111111 ...... ......"))


def test_shapes_called_unlabelled_and_background(tmp_path):
    path = saved(
        tmp_path,
        shape("left", [[0, 0], [6, 4]], "rectangle"),
        shape("unlabelled", [[0, 0], [3, 4]], "rectangle"),
        shape("background", [[0, 0], [1, 1]], "rectangle"),
    )
    assert np.array_equal(read_one(path), drawn("0..111 ...111 ...111 ...111"))


def test_circles_are_a_centre_and_a_point_on_the_edge(tmp_path):
    path = saved(tmp_path, shape("nose", [[3, 2], [4, 3]], "circle"))
    assert np.array_equal(read_one(path) == 3, ellipse_mask((3, 2), (2**0.5, 2**0.5), (4, 6)))


@pytest.mark.parametrize(
    "pixels", [np.array([[1, 0], [1, 1]], np.uint8), np.array([[True, False], [True, True]])]
)
def test_bitmaps_lie_between_their_corner_pixels(tmp_path, pixels):
    path = saved(tmp_path, shape("nose", [[2.0, 1.0], [3.0, 2.0]], "mask", mask=bitmap(pixels)))
    assert np.array_equal(read_one(path), drawn("000000 003000 003300 000000"))


def test_dragged_bitmaps_are_cut_at_the_edge_of_the_picture(tmp_path):
    pixels = np.array([[1, 0], [1, 1]], np.uint8)
    path = saved(
        tmp_path,
        shape("nose", [[4.6, -1.0], [5.6, 0.0]], "mask", mask=bitmap(pixels)),
        shape("left", [[50, 50], [51, 51]], "mask", mask=bitmap(pixels)),
    )
    assert np.array_equal(read_one(path), drawn("000003 000000 000000 000000"))


def test_a_first_version_file_has_polygons_without_saying_so(tmp_path):
    path = saved(tmp_path, {"label": "left", "points": [[0, 0], [6, 0], [6, 4]]})
    assert read_one(path).any()


def test_four_points_are_a_rectangle_too(tmp_path):
    path = saved(tmp_path, shape("left", [[0, 0], [2, 0], [2, 1], [0, 1]], "rectangle"))
    assert np.array_equal(read_one(path), drawn("110000 000000 000000 000000"))


def test_folders_give_names_relative_to_them_and_leave_out_what_has_no_shape(tmp_path):
    square = shape("left", [[0, 0], [2, 2]], "rectangle")
    saved(tmp_path, square, name="b/x.json", imagePath="..\\pictures\\x.jpg")
    saved(tmp_path, square, name="a.json")
    saved(tmp_path, name="c.json", imagePath="c.jpg")
    assert [name for name, *_ in read_labelme(tmp_path, PARTS)] == ["a.jpg", "pictures/x.jpg"]


def test_folders_may_hold_json_of_other_kinds(tmp_path):
    (tmp_path / "a.json").write_text('{"w": 1}')
    with pytest.raises(BadLabel, match=r"a.json: has no shapes"):
        read_labelme(tmp_path, PARTS)
    with pytest.raises(BadLabel, match="is of no known label format"):
        read_labels(tmp_path, PARTS)
    saved(tmp_path, shape("left", [[0, 0], [2, 2]], "rectangle"), name="b.json", imagePath="b.jpg")
    assert [name for name, *_ in read_labels(tmp_path, PARTS)] == ["b.jpg"]
    (tmp_path / "c.json").write_text('{"images": [], "annotations": []}')
    with pytest.raises(
        BadLabel, match=r"holds label files of several formats: LabelMe JSON \(b.json\), COCO"
    ):
        read_labels(tmp_path, PARTS)


def test_files_without_a_picture_name_go_by_their_own(tmp_path):
    path = saved(tmp_path, shape("left", [[0, 0], [2, 2]], "rectangle"), name="z.json", imagePath=None)
    assert read_labelme(path, PARTS)[0].image_name == "z"


def test_written_files_look_like_labelmes(tmp_path):
    write_labelme(tmp_path, [("sub/a.jpg", drawn("011 003"))], PARTS)
    values = json.loads((tmp_path / "sub/a.json").read_text())
    assert values["imagePath"] == "a.jpg"
    assert (values["imageHeight"], values["imageWidth"], values["imageData"]) == (2, 3, None)
    left = values["shapes"][0]
    assert (left["label"], left["shape_type"], left["points"]) == ("left", "mask", [[1.0, 0.0], [2.0, 0.0]])
    with Image.open(io.BytesIO(base64.b64decode(left["mask"]))) as image:
        assert np.array_equal(np.asarray(image), [[1, 1]])
    write_labelme(tmp_path / "b.json", [("sub/a.jpg", drawn("011 003"))], PARTS, style="polygon")
    values = json.loads((tmp_path / "b.json").read_text())
    assert values["imagePath"] == "sub/a.jpg"
    assert [entry["shape_type"] for entry in values["shapes"]] == ["polygon", "polygon"]
    assert sorted(values["shapes"][0]["points"]) == [[1.0, 0.0], [1.0, 1.0], [3.0, 0.0], [3.0, 1.0]]


@pytest.mark.parametrize(
    ("shapes", "changes", "words"),
    [
        ([], {}, "has no shape in any of its 1 pictures; expected at least one labelled picture"),
        ([], {"shapes": None}, "has no shapes; expected a list of objects under 'shapes'"),
        ([], {"shapes": [3]}, "has no shapes"),
        (
            [],
            {"imageHeight": None},
            "the picture has the height None and the width 6; expected positive whole numbers, or a picture "
            "whose size is known, which 'a.jpg' is not",
        ),
        ([], {"imageWidth": True}, "the picture has the height 4 and the width True"),
        ([], {"imageWidth": 0}, "and the width 0"),
        ([], {"imageWidth": 10**9}, "the picture is 1000000000 x 4 px; expected at most 200000000 pixels"),
        (
            [
                shape("a", [[1, 1]], "point"),
                shape("b", [[1, 1], [2, 2]], "line"),
                shape("c", [[1, 1]], "point"),
            ],
            {},
            "has shapes that are no areas: point (2 shapes), line (1 shape); "
            "expected the kinds polygon, rectangle, oriented_rectangle, circle, mask, rotation, "
            "quadrilateral. Redraw them as areas",
        ),
        ([shape(None, [[0, 0], [1, 0], [1, 1]])], {}, "shape 1 has the label None; expected a text"),
        (
            [shape("left", [[0, 0], [1, 0]])],
            {},
            "has 1 shape, but none that covers a pixel",
        ),
        ([shape("left", [[0, 0], [1, 0], [1]])], {}, "shape 1 ('left') has unusable points"),
        ([shape("left", [[0, 0], [1, 0], [1, float("nan")]])], {}, "has unusable points"),
        ([shape("left", [[0, 0], [1, 0], [1, 1e300]])], {}, "with numbers up to 1000000"),
        ([shape("left", [[0, 0], [1, 0], [1, 10**400]])], {}, "has unusable points"),
        ([shape("left", None)], {}, "has unusable points"),
        ([shape("left", [[0, 0]], "circle")], {}, "has 1 shape, but none that covers a pixel"),
        (
            [shape("left", [[0, 0]], "mask", mask="")],
            {},
            "unusable points; expected two corners of its bitmap, [[left, top], [right, bottom]]",
        ),
        ([shape("left", [[0, 0], [1, 1]], "mask")], {}, "shape 1 ('left') has a bitmap that cannot be used"),
        ([shape("left", [[0, 0], [1, 1]], "mask", mask="!!")], {}, "has a bitmap that cannot be used"),
        ([shape("left", [[0, 0], [1, 1]], "mask", mask="aGVsbG8=")], {}, "cannot be used: no PNG file"),
        (
            [shape("left", [[0, 0], [1, 1]], "mask", mask=bitmap(np.zeros((2, 2, 3), np.uint8)))],
            {},
            "cannot be used: PNG of the kind RGB; expected a grey PNG in base64 under 'mask'",
        ),
        (
            [shape("left", [[0, 0], [2, 1]], "mask", mask=bitmap(np.zeros((2, 2), np.uint8)))],
            {},
            "has 1 shape, but none that covers a pixel",
        ),
    ],
)
def test_damaged_files_are_refused(tmp_path, shapes, changes, words):
    path = saved(tmp_path, *shapes, **changes)
    text = refusal(lambda: read_labelme(path, PARTS))
    assert text.startswith(f"{path}: ")
    assert words in text


def test_deep_nesting_is_no_json(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)
    assert "is no JSON (" in refusal(lambda: read_labelme(tmp_path / "a.json", PARTS))


def test_an_empty_folder_has_no_pictures(tmp_path):
    assert "has no .json files in it; expected a folder of label files" in refusal(
        lambda: read_labelme(tmp_path, PARTS)
    )


SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2]]
SQUARE_MAP = drawn("110000 110000 000000 000000")


@pytest.mark.parametrize(
    "points", [[0, 0, 2, 0, 2, 2, 0, 2], [SQUARE], [{"x": x, "y": y} for x, y in SQUARE]]
)
def test_points_in_all_usual_brackets(tmp_path, points):
    assert np.array_equal(read_one(saved(tmp_path, shape("left", points))), SQUARE_MAP)


@pytest.mark.parametrize("kind", ["rotation", "quadrilateral"])
def test_four_corners_of_x_anylabeling(tmp_path, kind):
    path = saved(tmp_path, shape("left", [[2, -0.1], [4.1, 2], [2, 4.1], [-0.1, 2]], kind, direction=0.785))
    assert np.array_equal(read_one(path), drawn("011000 111100 111100 011000"))


def test_shapes_without_area_are_passed_over_and_told(tmp_path):
    path = saved(
        tmp_path,
        shape("left", SQUARE),
        shape("nose", [[0, 0], [1, 1]]),
        shape("unicorn", []),
        shape("nose", [[3, 3]], "circle"),
        shape("nose", [[3, 3], [3, 3]], "rectangle"),
        shape("nose", [[3, 3], [3, 3]], "mask", mask=bitmap(np.zeros((1, 1), np.uint8))),
    )
    told = []
    assert np.array_equal(read_one(path, tell=told.append), SQUARE_MAP)
    assert told == [
        f"{path}: 5 shapes without area passed over: shape 2 ('nose'), shape 3 ('unicorn'), "
        "shape 4 ('nose'), shape 5 ('nose'), shape 6 ('nose')"
    ]


@pytest.mark.parametrize(
    ("corners", "expected", "box"),
    [
        ([[1, 1], [3, 3]], "000000 011000 011000 000000", ""),
        ([[2, 2], [1, 1]], "000000 011000 011000 000000", ""),
        ([[1, 1], [1, 2]], "000000 010000 010000 000000", "1 x 2 px"),
        ([[1, 1], [4, 2]], "000000 011000 011000 000000", "4 x 2 px"),
    ],
)
def test_bitmaps_in_boxes_of_another_size(tmp_path, corners, expected, box):
    path = saved(tmp_path, shape("left", corners, "mask", mask=bitmap(np.ones((2, 2), np.uint8))))
    told = []
    assert np.array_equal(read_one(path, tell=told.append), drawn(expected))
    if box:
        (text,) = told
        assert text == (
            f"{path}: shape 1 ('left') has a bitmap of 2 x 2 px in a box of {box}; it was put into the "
            "top left corner and cut to the box, as LabelMe does"
        )
    else:
        assert told == []


def test_labelmes_own_names_of_background_and_unlabelled(tmp_path):
    path = saved(
        tmp_path,
        shape("left", [[0, 0], [6, 4]], "rectangle"),
        shape("_background_", [[0, 0], [1, 2]], "rectangle"),
        shape("__background__", [[0, 2], [1, 4]], "rectangle"),
        shape("__ignore__", [[5, 0], [6, 4]], "rectangle"),
    )
    assert np.array_equal(read_one(path), drawn("01111. " * 4))


@pytest.mark.parametrize(
    "size",
    [
        {"imageHeight": None},
        {"imageWidth": 0},
        {"imageHeight": "None"},
        {"imageHeight": "", "imageWidth": ""},
    ],
)
def test_sizes_that_are_missing_are_those_of_the_picture_inside_or_are_asked_for(tmp_path, size):
    path = saved(tmp_path, shape("left", SQUARE), **size)
    assert np.array_equal(
        read_one(path, size_of=lambda name, file: (4, 6) if (name, file) == ("a.jpg", path) else None),
        SQUARE_MAP,
    )
    inside = bitmap(np.zeros((4, 6, 3), np.uint8))
    path = saved(tmp_path, shape("left", SQUARE), imageData=inside, **size)
    assert np.array_equal(read_one(path, size_of=lambda *_: (1, 1)), SQUARE_MAP)


@pytest.mark.parametrize("height", [4.0, "4"])
def test_sizes_that_are_no_json_integers(tmp_path, height):
    assert np.array_equal(read_one(saved(tmp_path, shape("left", SQUARE), imageHeight=height)), SQUARE_MAP)


@pytest.mark.parametrize(
    ("encoding", "guess", "word"),
    [
        ("gb2312", "gb18030", "图片文件夹"),
        ("cp932", "cp932", "写真フォルダ"),
        ("cp1252", "cp1252", "größe"),
        ("cp1251", "cp1251", "глаза"),
        ("euc-kr", "cp949", "사진폴더"),
        ("big5", "big5", "頭髮圖片"),
    ],
)
def test_json_in_the_encoding_of_an_old_machine(tmp_path, encoding, guess, word):
    path = saved(tmp_path, shape("left", SQUARE, description=word), imagePath=f"{word}\\{word}.jpg")
    path.write_bytes(json.dumps(json.loads(path.read_text()), ensure_ascii=False).encode(encoding))
    told = []
    ((name, found, _),) = read_labelme(path, PARTS, tell=told.append)
    assert name == f"{word}/{word}.jpg"
    assert np.array_equal(found, SQUARE_MAP)
    assert told == [
        f"{path}: is not in UTF-8, and was read as {guess}; if names are wrong, convert it to UTF-8 "
        f"(iconv -f {guess} -t utf-8)"
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_with_a_byte_order_mark(tmp_path, encoding):
    path = saved(tmp_path, shape("left", SQUARE))
    path.write_text(path.read_text(), encoding=encoding)
    told = []
    assert np.array_equal(read_one(path, tell=told.append), SQUARE_MAP)
    assert told == []


def test_a_mask_without_its_bitmap_is_told(tmp_path):
    whole = shape("left", [[0, 0], [6, 0], [6, 4], [0, 4]])
    told = []
    path = saved(tmp_path, whole, shape("nose", [[0, 0], [1, 1]], "mask", mask=None))
    assert np.array_equal(read_one(path, tell=told.append), np.ones((4, 6), np.uint8))
    assert told == [f"{path}: 1 shape without area passed over: shape 2 ('nose'), a mask without its bitmap"]
