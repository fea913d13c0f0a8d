import gzip
import json
import struct

import numpy as np
import pytest

from partly.data.photos.encoding import write_png
from partly.data.photos.photo_classes import classes_of, read_classes
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel

GREY = np.zeros((4, 4, 3), np.uint8)
CLASSES = {"a.png": "cat", "b.png": "dog", "more/c.png": "cat", "more/d.png": "dog"}


@pytest.fixture
def sources(tmp_path):
    for name in CLASSES:
        write_png(tmp_path / "photos" / name, GREY)
    return find_photos(tmp_path / "photos")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", "a.png,cat\nb.png,dog\nmore/c.png,cat\nmore/d.png,dog\n"),
        ("titles.csv", "photo;class\r\na.png; cat\r\n\r\n./b.png;dog\r\nmore\\c.png;cat\r\nmore/d.png;dog"),
        ("tabs.tsv", '\ufeff"a.png"\tcat\nb.png\tdog\nmore/c.png\tcat\nmore/d.png\tdog\n'),
        ("object.json", json.dumps(CLASSES)),
        ("list.json", json.dumps(list(CLASSES.items()))),
        ("dataset.json", json.dumps({"labels": list(CLASSES.items())})),
    ],
)
def test_a_file_tells_the_class_of_every_photo(sources, tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_classes(tmp_path / name, sources) == CLASSES


def test_whole_numbers_are_classes_sorted_by_their_size(sources, tmp_path):
    (tmp_path / "c.json").write_text(json.dumps(dict(zip(CLASSES, [10, 9, 10, 9], strict=True))))
    of_photo = read_classes(tmp_path / "c.json", sources)
    classes = classes_of([*CLASSES], of_photo)
    assert classes.names == ("9", "10")
    assert classes.indexes.tolist() == [1, 0, 1, 0]
    assert classes.counts() == {"9": 2, "10": 2}
    assert len(classes) == 4
    assert classes_of([*CLASSES][::-1], of_photo).digest != classes.digest


@pytest.mark.parametrize("is_packed", [False, True])
def test_idx_labels_tell_those_of_idx_photos_in_order(tmp_path, is_packed):
    photos, labels = tmp_path / "images-idx3-ubyte", tmp_path / "labels-idx1-ubyte"
    photos.write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 3, 2, 2) + bytes(12))
    content = b"\0\0\x08\x01" + struct.pack(">I", 3) + bytes([7, 1, 7])
    labels.write_bytes(gzip.compress(content) if is_packed else content)
    assert read_classes(str(labels), find_photos(photos)) == {"0.png": "7", "1.png": "1", "2.png": "7"}


def idx(n: int, *labels: int) -> bytes:
    return b"\0\0\x08\x01" + struct.pack(">I", n) + bytes(labels)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (idx(4, 1, 2, 1, 2), "has 4 labels for 3 photos; expected one for each photo, in the same order"),
        (idx(3, 1, 2), "has 2 labels; expected 3, as its head says. Copy it again"),
        (b"\0\0\x08\x01\0", "has 0 labels; expected a head of 8 bytes"),
        (gzip.compress(idx(3, 1, 2, 1), mtime=0)[:-4], "cannot be unpacked"),
    ],
)
def test_idx_labels_that_cannot_be_those_of_the_photos(tmp_path, content, text):
    photos, labels = tmp_path / "photos", tmp_path / "labels"
    photos.write_bytes(b"\0\0\x08\x03" + struct.pack(">3I", 3, 2, 2) + bytes(12))
    labels.write_bytes(content)
    with pytest.raises(BadLabel, match=text):
        read_classes(labels, find_photos(photos))


def test_idx_labels_have_no_names_for_files(sources, tmp_path):
    (tmp_path / "labels").write_bytes(idx(4, 1, 2, 1, 2))
    with pytest.raises(BadLabel, match="which have no names, for photos that do; expected photos in"):
        read_classes(tmp_path / "labels", sources)


def test_names_of_folders_are_classes(tmp_path):
    for name in ("cat/1.png", "cat/indoors/2.png", "dog/1.png"):
        write_png(tmp_path / "photos" / name, GREY)
    found = read_classes("folders", find_photos(tmp_path / "photos"))
    assert found == {"cat/1.png": "cat", "cat/indoors/2.png": "cat", "dog/1.png": "dog"}


def test_folders_that_all_photos_have_in_common_are_none(tmp_path):
    for name in ("cat/1.png", "dog/1.png"):
        write_png(tmp_path / "photos" / "set" / "train" / name, GREY)
    found = read_classes("folders", find_photos(tmp_path / "photos"))
    assert found == {"set/train/cat/1.png": "cat", "set/train/dog/1.png": "dog"}


def test_photos_beside_the_folders_of_classes(sources):
    with pytest.raises(
        BadLabel, match=r"2 of 4 photos are in no folder of a class: a\.png, b\.png; expected"
    ):
        read_classes("folders", sources)


WHOLE = "a.png,cat\nb.png,dog\nmore/c.png,cat\nmore/d.png,dog\n"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("c.csv", WHOLE + "e.png,dog", r"names 1 photos that are not there: e\.png; .* such as 'a\.png'"),
        (
            "c.csv",
            "a.png,cat\nb.png,dog",
            r"has no class for 2 of 4 photos: more/c\.png, more/d\.png; expect",
        ),
        (
            "c.csv",
            WHOLE + "b.png,dog",
            r"names photo 'b\.png' a second time, in line 5; expected",
        ),
        ("c.csv", "a.png,cat,1\n", "has 3 columns in line 1; expected two"),
        ("c.csv", "a.png\n", "has 1 columns in line 1; expected two"),
        ("c.csv", "a.png, \n", "has the class ' ' in line 1; expected a text of 1 to 100 characters"),
        ("c.csv", '"a.png,cat\n', "is no CSV"),
        ("c.csv", "", "has no class for 4 of 4 photos"),
        ("c.csv", "photo,class\na,cat\n", "names 1 photos that are not there: a;"),
        ("c.json", "{", "is no JSON"),
        ("c.json", "7", "has another form; expected an object"),
        ("c.json", '[["a.png"]]', "has another form at entry 1; expected an object"),
        (
            "c.json",
            '{"a.png": "cat", "a.png": "dog"}',
            r"names photo 'a\.png' a second time, in the entry",
        ),
        ("c.json", '{"a.png": true}', r"has the class True in the entry of 'a\.png'"),
        ("c.json", '{"a.png": 1.5}', r"has the class 1\.5 in the entry of 'a\.png'"),
        ("c.json", '{"a.png": null}', "has the class None"),
        ("c.json", '{"a.png": "' + 101 * "x" + '"}', "expected a text of 1 to 100 characters"),
        ("c.json", '{"a.png": "x\\u0007"}', "expected a text of 1 to 100 characters"),
    ],
)
def test_files_that_contradict_themselves_or_the_photos(sources, tmp_path, name, content, text):
    (tmp_path / name).write_text(content)
    with pytest.raises(BadLabel, match=text):
        read_classes(tmp_path / name, sources)


def test_files_that_are_none(sources, tmp_path):
    (tmp_path / "c.csv").write_bytes(b"a.png,\xff\xfe")
    with pytest.raises(BadLabel, match=r"is no text in UTF-8 \(invalid start byte at byte 6\)"):
        read_classes(tmp_path / "c.csv", sources)
    with pytest.raises(BadLabel, match="no such file; expected a CSV, JSON or IDX file of classes, or 'fold"):
        read_classes(tmp_path / "no.csv", sources)
    with pytest.raises(BadLabel, match="is a folder; expected a CSV, JSON or IDX file of classes"):
        read_classes(tmp_path, sources)


def test_a_class_has_two_photos_and_there_are_two_classes():
    names = ["a", "b", "c"]
    with pytest.raises(BadLabel, match="all 3 photos are of class 'x'; expected two classes or more"):
        classes_of(names, dict.fromkeys(names, "x"))
    with pytest.raises(BadLabel, match=r"are of class 'y' \(1\); expected 2 or more of each class"):
        classes_of(names, {"a": "x", "b": "x", "c": "y"})
    # Its photos cannot be read.
    with pytest.raises(BadLabel, match=r"are of class 'z' \(0\); expected 2 or more"):
        classes_of(["a", "b", "c", "e"], {"a": "x", "b": "x", "c": "y", "e": "y", "d": "z"})
