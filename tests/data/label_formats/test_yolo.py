from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from partly.data.label_formats.label_formats import read_labels, write_labels
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn

SQUARE = "0.25 0 0.75 0 0.75 1 0.25 1"
NAMES = "names: [left, right, nose]\n"


def saved(folder, text, names=NAMES, place="labels/train/a.txt"):
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if names is not None:
        (folder / "data.yaml").write_text(names, encoding="utf-8")
    return path


def read(path, told=None, size=(2, 4)):
    tell = [].append if told is None else told.append
    return read_labels(path, PARTS, size_of=lambda name, _: size, tell=tell)


def refusal(path, size=(2, 4)):
    with pytest.raises(BadLabel) as caught:
        read(path, size=size)
    return str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        NAMES,
        "names:\n  0: left\n  1: right\n  2: nose\n",
        'names: {"0": left, 1: right, 2: nose}\nnc: 3\n',
        "\ufeffpath: ../x\nnames:\n- left\n- right\n- nose\n",
        "names: classes.names\n",
    ],
)
def test_names_in_all_their_forms(tmp_path, names):
    (tmp_path / "classes.names").write_text("left\nright\nnose\n")
    path = saved(tmp_path, f"2 {SQUARE}\n", names)
    assert np.array_equal(read(path)[0].label_map, drawn("0330 0330"))


def test_a_list_of_names_beside_the_labels(tmp_path):
    path = saved(tmp_path, f"1 {SQUARE}", None)
    (path.parent / "classes.txt").write_text("left\r\nright\r\n")
    assert np.array_equal(read(path)[0].label_map, drawn("0220 0220"))
    told = []
    assert len(read(path.parent, told)) == 1
    assert told == []


def test_the_data_set_is_its_folder_or_its_yaml(tmp_path):
    saved(tmp_path, f"0 {SQUARE}\n")
    saved(tmp_path, f"1 {SQUARE}\n", place="labels/val/b.v2.txt")
    (tmp_path / "labels/val/empty.txt").write_text("")
    for place in (tmp_path, tmp_path / "data.yaml", tmp_path / "labels"):
        told = []
        assert [one.image_name for one in read(place, told)] == ["train/a.txt", "val/b.v2.txt"]
        assert len(told) == 1
        assert "1 file without labels of this format passed over" in told[0]


def test_pieces_holes_and_bridges(tmp_path):
    label_map = drawn("11101 10101 11101")
    folder = tmp_path / "set"
    written = write_labels(folder, [("a.jpg", label_map)], PARTS, format_name="yolo")
    assert written == [folder / "labels" / "a.txt", folder / "data.yaml"]
    lines = written[0].read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["0", "0"]
    assert written[1].read_text().splitlines()[-4:] == [
        "names:",
        '  0: "left"',
        '  1: "right"',
        '  2: "nose"',
    ]
    assert np.array_equal(read(folder, size=label_map.shape)[0].label_map, label_map)
    # One line for both pieces, joined by a bridge there and back, as Ultralytics does.
    joined = "0 0 0 0.2 0 0.2 1 0.2 0.5 0.8 0.5 0.8 0 1 0 1 1 0.8 1 0.8 0.5 0.2 0.5 0.2 1 0 1"
    (folder / "labels" / "a.txt").write_text(joined)
    assert np.array_equal(read(folder, size=(2, 5))[0].label_map, drawn("10001 10001"))


def test_the_size_is_that_of_the_picture_beside(tmp_path):
    path = saved(tmp_path, f"0 {SQUARE}\n")
    with pytest.raises(BadLabel, match=r"or a picture whose size is known, which 'a.txt' is not"):
        read_labels(path, PARTS)
    (tmp_path / "images" / "train").mkdir(parents=True)
    Image.new("RGB", (4, 2)).save(tmp_path / "images" / "train" / "a.PNG")
    assert np.array_equal(read_labels(path, PARTS)[0].label_map, drawn("0110 0110"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0.5 0.5 0.1 0.1", "has YOLO's boxes (a class and four numbers); expected YOLO segmentation"),
        (f"0 {SQUARE}\n0 0.5 0.5 0.1 0.1", "has YOLO's boxes"),
        ("0 10 20 30 20 30 40", "polygon 1 has the coordinate 40; expected shares of the picture's width"),
        (f"0 {SQUARE} 0.9", "polygon 1 has 9 numbers behind its class; expected points x, y"),
        (f"0.5 {SQUARE}", "polygon 1 begins with 0.5; expected a class number"),
        (f"-1 {SQUARE}", "polygon 1 begins with -1"),
        (f"3 {SQUARE}", "polygon 1 has the class 3; expected one that"),
        (f"0 {SQUARE.replace('0.75', 'nan')}", "polygon 1 has the coordinate nan"),
        (f"0 {SQUARE}\nhello", "line 2 is 'hello'; expected numbers"),
        ("", "has no shape in any of its 1 pictures"),
        ("0 0.1 0.1 0.2 0.1 0.3 0.1", "has 1 shape, but none that covers a pixel"),
    ],
)
def test_damaged_files_are_refused(tmp_path, text, words):
    path = saved(tmp_path, text)
    with pytest.raises(BadLabel) as caught:
        read_labels(path, PARTS, format_name="yolo", size_of=lambda name, _: (2, 4))
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, "has classes by number, and nothing says what they mean; expected data.yaml (or classes.txt)"),
        ("names: 3\n", "data.yaml: has the names 3; expected class names"),
        ("names: []\n", "data.yaml: has the names {}"),
        ("names: [left, [right]]\n", "has the names"),
        ("names: {a: left}\n", "has the names"),
        ("names: nowhere.txt\n", "nowhere.txt: no such file; expected names of classes"),
        ("names: /dev/zero\n", "zero: is no such list; expected names of classes, up to 1000000 bytes"),
        ("names: [left\n", "data.yaml: is no YAML (while parsing"),
        ("names: [a]\nkpt_shape: [17, 3]\n", "data.yaml: describes keypoints (kpt_shape)"),
        ("names: !!python/object/apply:os.system [ls]\n", "data.yaml: is no YAML (could not determine"),
        ("names: [Lef, right]\n", "has labels that are no part: 'Lef' (1 shape); expected background, left"),
    ],
)
def test_names_that_cannot_be_used(tmp_path, names, words):
    assert words in refusal(saved(tmp_path, f"0 {SQUARE}", names))


def test_a_near_miss_is_named(tmp_path):
    path = saved(tmp_path, f"0 {SQUARE}\n1 {SQUARE}", "names: [Left, NOSE]\n")
    assert "Did you mean 'left' for 'Left', 'nose' for 'NOSE'? Rename the labels" in refusal(path)


def test_a_wrong_count_is_told_and_two_lists_are_refused(tmp_path):
    path = saved(tmp_path, f"0 {SQUARE}", "nc: 5\n" + NAMES)
    told = []
    read(path, told)
    assert told == [f"{tmp_path / 'data.yaml'}: states 5 classes (nc), and names 3; the names were taken"]
    (tmp_path / "other.yml").write_text("names: [nose, left]\n")
    assert "names other classes than other.yml beside it" in refusal(path)


def test_the_classes_of_a_data_set_stay(tmp_path):
    write_labels(tmp_path, [("a.jpg", drawn("0123"))], PARTS, format_name="yolo")
    write_labels(tmp_path, [("b.jpg", drawn(".123"))], PARTS, format_name="yolo")
    assert np.array_equal(read(tmp_path, size=(1, 4))[1].label_map, drawn(".123"))
    (tmp_path / "data.yaml").write_text("names: [nose, left]\n")
    with pytest.raises(
        BadLabel, match=r"data.yaml: names the classes nose, left; expected left, right, nose"
    ):
        write_labels(tmp_path, [("c.jpg", drawn("0123"))], PARTS, format_name="yolo")
    assert not (tmp_path / "labels" / "c.txt").exists()
