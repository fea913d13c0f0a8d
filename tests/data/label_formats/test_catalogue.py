"""Contract of all label formats: what is written reads back exactly, and what is wrong is said."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partly.data.label_formats.label_formats import (
    FORMATS,
    detect_format,
    format_named,
    read_labels,
    write_labels,
)
from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED, Part, PartSet
from partly.errors import BadLabel, BadOption
from tests.data.labels.drawings import PARTS, blobs, drawn, label_maps

# A PNG and a text file are called as their picture, but for the suffix.
NAMED_BY_FILE = ("yolo", "colour-png", "png")
ONE_FILE_EACH = [name for name, known in FORMATS.items() if known.one_file_each]
EVERY_FORMAT = pytest.mark.parametrize("format_name", FORMATS)
EVERY_STYLE = pytest.mark.parametrize("style", ["mask", "polygon"])
EVERY_FILL = pytest.mark.parametrize("fill", ["background", "unlabelled"])
MAP = drawn("0011 0.13 2223")


def target(folder, format_name):
    return folder / f"labels{FORMATS[format_name].suffix}"


def knows(label_map):
    """Knows the size of pictures, which YOLO and VIA do not say."""
    return lambda name, path: label_map.shape


def refusal(action, kind=BadLabel):
    with pytest.raises(kind) as caught:
        action()
    return str(caught.value)


@EVERY_FORMAT
@EVERY_STYLE
@EVERY_FILL
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(label_map=label_maps())
def test_any_label_map_reads_back_exactly(tmp_path, format_name, style, fill, label_map):
    path = target(tmp_path, format_name)
    if format_name.endswith("png") and (label_map == UNLABELLED).all():
        return  # an empty PNG is refused when read
    written = write_labels(
        path, [("a.jpg", label_map)], PARTS, format_name=format_name, style=style, fill=fill
    )
    assert written[0] == path
    ((name, found, _),) = read_labels(path, PARTS, fill=fill, size_of=knows(label_map))
    assert name == (path.name if format_name in NAMED_BY_FILE else "a.jpg")
    assert found.dtype == np.uint8
    assert np.array_equal(found, label_map)


@EVERY_FORMAT
@EVERY_STYLE
def test_large_smooth_label_maps_too(tmp_path, format_name, style):
    path = target(tmp_path, format_name)
    write_labels(path, [("a", blobs())], PARTS, format_name=format_name, style=style)
    found = read_labels(path, PARTS, size_of=knows(blobs()))
    assert np.array_equal(found[0].label_map, blobs())


@EVERY_FORMAT
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=st.lists(label_maps(ids=(0, 1, 3)), min_size=1, max_size=4))
def test_several_pictures_keep_their_names(tmp_path_factory, format_name, labels):
    folder = tmp_path_factory.mktemp("labels")
    known = FORMATS[format_name]
    path = folder if known.one_file_each else target(folder, format_name)
    named = [(f"sub {i % 2}/é{i}.png", label_map) for i, label_map in enumerate(labels)]
    written = write_labels(path, named, PARTS, format_name=format_name)
    assert all(file.is_file() for file in written)
    tables = 1 if format_name in ("yolo", "colour-png") else 0
    assert len(written) == tables + (len(labels) if known.one_file_each else 1)
    sizes = {str(Path(name).with_suffix("")): label_map.shape for name, label_map in named}
    read = read_labels(
        path,
        PARTS,
        format_name=format_name,
        size_of=lambda name, _: sizes[str(Path(name).with_suffix(""))],
    )
    kept = (lambda name: str(Path(name).with_suffix(""))) if format_name in NAMED_BY_FILE else str
    found = {kept(one.image_name): one.label_map for one in read}
    assert found.keys() == {kept(name) for name, _ in named}
    assert all(np.array_equal(found[kept(name)], label_map) for name, label_map in named)


@EVERY_FORMAT
def test_ids_follow_names_when_parts_stand_in_another_order(tmp_path, format_name):
    if format_name == "png":
        return  # a PNG knows ids only
    path = target(tmp_path, format_name)
    write_labels(path, [("a", MAP)], PARTS, format_name=format_name)
    other = PartSet((PARTS.parts[0], PARTS.parts[3], *PARTS.parts[1:3]))
    table = np.array([0, 2, 3, 1] + [0] * 251 + [255])
    assert np.array_equal(read_labels(path, other, size_of=knows(MAP))[0].label_map, table[MAP])


@EVERY_FORMAT
def test_unknown_labels_are_listed_beside_the_names_of_the_parts(tmp_path, format_name):
    path = target(tmp_path, format_name)
    write_labels(path, [("a", MAP)], PARTS, format_name=format_name)
    other = PartSet((Part("background", (0, 0, 0)), Part("right", (1, 0, 0))))
    text = refusal(lambda: read_labels(path, other, size_of=knows(MAP)))
    assert text.startswith(f"{path}: ")
    if format_name == "colour-png":
        assert (
            "has labels that are no part: 'left' (3 pixels), 'nose' (2 pixels); expected background" in text
        )
    elif format_name == "png":
        assert "unknown part ids: 2 (3 pixels), 3 (2 pixels)" in text
    else:
        assert "has labels that are no part: 'left' (1 shape), 'nose' (1 shape)" in text
        assert "expected background, right, or unlabelled. Rename the labels in the labelling tool" in text


@EVERY_FORMAT
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([], "there is no label map to write; expected at least one"),
        ([("a", MAP), ("a", MAP)], "has unusable picture names: 'a'; expected distinct printable names"),
        ([("", MAP)], "has unusable picture names: ''"),
        ([("a\n", MAP)], "has unusable picture names: 'a\\n'"),
        ([("a", MAP), ("b", MAP + 7)], "b: the label map has unknown part ids: 6"),
        ([("a", MAP.astype(float))], "a: the label map is float64 [3, 4]; expected uint8 [h, w]"),
    ],
)
def test_nothing_is_written_if_anything_is_wrong(tmp_path, format_name, labels, words):
    path = tmp_path / "out" if FORMATS[format_name].one_file_each else target(tmp_path, format_name)
    assert words in refusal(lambda: write_labels(path, labels, PARTS, format_name=format_name))
    assert not list(tmp_path.iterdir())


@EVERY_FORMAT
def test_missing_files_are_named(tmp_path, format_name):
    path = target(tmp_path, format_name)
    for name in (format_name, None):
        text = refusal(lambda name=name: read_labels(path, PARTS, format_name=name))
        assert text.startswith(f"{path}: no such file")


@EVERY_FORMAT
def test_folders_in_place_of_files_are_refused(tmp_path, format_name):
    path = target(tmp_path, format_name)
    path.mkdir()
    assert str(path) in refusal(lambda: read_labels(path, PARTS, format_name=format_name))


@EVERY_FORMAT
@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"\xff\xfe\x00", b"{", b"[]", b"<a", b"{}", b"3", b"<a/>"]
)
def test_files_of_nothing_known_are_refused(tmp_path, format_name, data):
    path = target(tmp_path, format_name)
    path.write_bytes(data)
    assert refusal(lambda: read_labels(path, PARTS, format_name=format_name)).startswith(f"{path}: ")
    assert refusal(lambda: read_labels(path, PARTS)).startswith(f"{path}: ")


@EVERY_FORMAT
def test_formats_are_detected_by_content(tmp_path, format_name):
    path = target(tmp_path, format_name)
    write_labels(path, [("a.jpg", MAP)], FACE_PARTS, format_name=format_name)
    assert detect_format(path).name == format_name


def test_folders_are_of_labelme_if_pictures_lie_beside_the_labels(tmp_path):
    write_labels(tmp_path, [("b.png", MAP)], PARTS, format_name="labelme")
    write_labels(tmp_path, [("b.png", MAP)], PARTS, format_name="png")
    assert detect_format(tmp_path).name == "labelme"
    (tmp_path / "b.json").unlink()
    assert detect_format(tmp_path).name == "png"
    (tmp_path / "b.png").unlink()
    assert (
        "has no label files in it; expected LabelMe JSON, X-AnyLabeling JSON, COCO instances JSON, CVAT"
        in refusal(lambda: detect_format(tmp_path))
    )


@pytest.mark.parametrize(("format_name", "name"), [("coco", "sub/instances.json"), ("cvat", "labels.xml")])
def test_a_folder_with_a_file_for_many_pictures_is_read(tmp_path, format_name, name):
    write_labels(tmp_path / "pictures", [("b.png", MAP)], PARTS, format_name="png")
    write_labels(tmp_path / name, [("b.jpg", MAP), ("c.jpg", MAP)], PARTS, format_name=format_name)
    told = []
    found = read_labels(tmp_path, PARTS, tell=told.append)
    assert [(one.image_name, one.path) for one in found] == [
        ("b.jpg", tmp_path / name),
        ("c.jpg", tmp_path / name),
    ]
    assert told == []
    write_labels(tmp_path / "pictures", [("d.png", MAP)], PARTS, format_name="png")
    read_labels(tmp_path, PARTS, tell=told.append)
    assert told == [
        f"{tmp_path}: 1 file beside {FORMATS[format_name].title} (to read them as label maps, give "
        "--format png) passed over: pictures/d.png"
    ]


def test_a_folder_with_files_of_several_formats_is_not_guessed_at(tmp_path):
    write_labels(tmp_path / "a.json", [("b", MAP)], PARTS, format_name="labelme")
    write_labels(tmp_path / "b.xml", [("b", MAP)], PARTS, format_name="cvat")
    assert refusal(lambda: read_labels(tmp_path, PARTS)) == (
        f"{tmp_path}: holds label files of several formats: LabelMe JSON (a.json), CVAT for images 1.1 XML "
        "(b.xml); expected files of one format. Give the files themselves, or --format labelme or cvat."
    )
    ((name, _, path),) = read_labels(tmp_path, PARTS, format_name="cvat")
    assert (name, path) == ("b", tmp_path / "b.xml")


@EVERY_FORMAT
def test_suffixes_in_upper_case_are_read_from_folders(tmp_path, format_name):
    suffix = FORMATS[format_name].suffix
    for name in ("a", "b"):
        write_labels(tmp_path / f"{name}{suffix}", [(name, MAP)], PARTS, format_name=format_name)
    (tmp_path / f"b{suffix}").rename(tmp_path / f"b{suffix.upper()}")
    found = read_labels(tmp_path, PARTS, size_of=knows(MAP))
    assert [Path(one.image_name).stem for one in found] == ["a", "b"]
    (tmp_path / f"a{suffix}").unlink()
    found = read_labels(tmp_path, PARTS, size_of=knows(MAP))
    assert [Path(one.image_name).stem for one in found] == ["b"]


@EVERY_FORMAT
@pytest.mark.parametrize("name", ["._a", "__MACOSX/._a", ".ipynb_checkpoints/a-checkpoint", "@eaDir/a"])
def test_hidden_files_and_those_of_systems_are_passed_over_and_told(tmp_path, format_name, name):
    suffix = FORMATS[format_name].suffix
    write_labels(tmp_path / f"a{suffix}", [("a", MAP)], PARTS, format_name=format_name)
    hidden = tmp_path / f"{name}{suffix}"
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_bytes(b"\0\5\x16\7\0")
    told = []
    assert len(read_labels(tmp_path, PARTS, size_of=knows(MAP), tell=told.append)) == 1
    assert told == [f"{tmp_path}: 1 hidden file passed over: {name}{suffix}"]


@EVERY_FORMAT
@pytest.mark.parametrize(
    "text", ["", "[1, 2]", '{"a": 1}', '[{"data": {}, "annotations": []}]', "// no JSON"]
)
def test_json_without_labels_is_passed_over_and_told(tmp_path, format_name, text):
    path = target(tmp_path, format_name)
    write_labels(path, [("a", MAP)], PARTS, format_name=format_name)
    (tmp_path / "notes.json").write_text(text)
    told = []
    assert len(read_labels(tmp_path, PARTS, size_of=knows(MAP), tell=told.append)) == 1
    assert len(told) == 1
    assert told[0].endswith("passed over: notes.json")


def test_a_folder_with_nothing_but_hidden_labels_says_so(tmp_path):
    write_labels(tmp_path / ".old" / "a.json", [("a", MAP)], PARTS, format_name="labelme")
    for name in (None, "labelme"):
        said = refusal(lambda name=name: read_labels(tmp_path, PARTS, format_name=name))
        assert "files in it but hidden ones (.old/a.json); expected" in said
        assert said.endswith("Give hidden files themselves if they are meant.")


def test_xml_without_labels_is_passed_over_and_told(tmp_path):
    write_labels(tmp_path / "a.json", [("a", MAP)], PARTS, format_name="labelme")
    (tmp_path / "a.xml").write_text("<annotation/>")
    told = []
    assert len(read_labels(tmp_path, PARTS, tell=told.append)) == 1
    assert told == [f"{tmp_path}: 1 file without labels passed over: a.xml"]


def test_a_damaged_label_file_is_not_passed_over(tmp_path):
    write_labels(tmp_path / "a.json", [("a", MAP)], PARTS, format_name="labelme")
    (tmp_path / "b.json").write_bytes((tmp_path / "a.json").read_bytes()[:-20])
    assert f"{tmp_path / 'b.json'}: is no JSON (" in refusal(lambda: read_labels(tmp_path, PARTS))


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        (
            "a.json",
            '[{"id": 1, "annotations": [], "data": {}}]',
            "It looks like Label Studio's JSON with nothing labelled: label a picture there, and export",
        ),
        (
            "a.json",
            '[{"id": 1, "annotator": 1, "tag": []}]',
            "It looks like Label Studio's JSON with nothing labelled: label a picture there, and export",
        ),
        (
            "a.json",
            '{"attribute": {}, "metadata": {}, "view": {}}',
            "It looks like a project of VIA 3: export the annotations as COCO, or use VIA 2.",
        ),
        ("a.txt", "0 0.5 0.5 0.1 0.1\n", "Export the labels as segmentation."),
        ("a.json", "[1]", "Unpack archives first, and export the labels in one of these formats."),
        ("a.xml", "<annotation/>", "Pascal VOC, which holds boxes: export masks or polygons"),
    ],
)
def test_formats_that_are_not_read_are_named(tmp_path, name, text, remedy):
    (tmp_path / name).write_text(text)
    for path in (tmp_path, tmp_path / name):
        said = refusal(lambda path=path: read_labels(path, PARTS))
        found = (
            "has YOLO's boxes" if name == "a.txt" else "is of no known label format; expected LabelMe JSON"
        )
        assert said.startswith(f"{tmp_path / name}: {found}")
        assert remedy in said


def test_other_suffixes_are_answered_with_the_known_formats(tmp_path):
    path = tmp_path / "labels.zip"
    path.write_bytes(b"PK")
    assert refusal(lambda: detect_format(path)) == (
        f"{path}: is of no known label format; expected LabelMe JSON (.json), X-AnyLabeling JSON "
        "(.json), COCO instances JSON (.json), CVAT for images 1.1 XML (.xml), YOLO segmentation (.txt), "
        "Label Studio JSON (.json), VIA 2 JSON (.json), PNG with a table of colours (.png), palette "
        "PNG (.png). Unpack archives first, and export the labels in one of these formats."
    )


def test_unknown_format_names_are_wrong_options():
    text = refusal(lambda: format_named("kitti"), BadOption)
    assert text == f"there is no label format 'kitti'; expected one of {', '.join(FORMATS)}."


@pytest.mark.parametrize("format_name", ONE_FILE_EACH)
@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "a/../../b.jpg", "C:/a.jpg", "..\\a.jpg"])
def test_picture_names_cannot_leave_the_folder(tmp_path, format_name, name):
    folder = tmp_path / "in"
    text = refusal(lambda: write_labels(folder, [(name, MAP)], PARTS, format_name=format_name))
    assert f"the picture name {name!r} would leave the folder" in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format_name", ONE_FILE_EACH)
def test_one_file_holds_one_picture(tmp_path, format_name):
    two = [("a.jpg", MAP), ("a.png", MAP)]
    assert "is one file for 2 pictures; expected a folder" in refusal(
        lambda: write_labels(target(tmp_path, format_name), two, PARTS, format_name=format_name)
    )
    assert "several pictures would be written to" in refusal(
        lambda: write_labels(tmp_path / "in", two, PARTS, format_name=format_name)
    )


@EVERY_FORMAT
def test_drafts_of_nothing_have_no_shape_and_others_are_as_exact(tmp_path, format_name):
    if FORMATS[format_name].suffix == ".png":
        return  # a PNG says what every pixel is
    path = target(tmp_path, format_name)
    write_labels(path, [("a.jpg", MAP * 0)], PARTS, format_name=format_name, draft=True)
    with pytest.raises(BadLabel):
        read_labels(path, PARTS, format_name=format_name)
    write_labels(path, [("a.jpg", MAP)], PARTS, format_name=format_name, draft=True)
    if format_name == "label-studio":
        assert "holds predictions" in refusal(lambda: read_labels(path, PARTS))
        path.write_text(path.read_text().replace('"predictions"', '"annotations"'))
    assert np.array_equal(read_labels(path, PARTS, size_of=knows(MAP))[0].label_map, MAP)


@EVERY_FORMAT
@EVERY_STYLE
def test_mutated_files_are_read_or_refused(tmp_path, format_name, style):
    path = target(tmp_path, format_name)
    write_labels(path, [("a.jpg", blobs(size=(12, 9)))], PARTS, format_name=format_name, style=style)
    good = path.read_bytes()
    rng = np.random.default_rng(len(good))
    for _ in range(60):
        path.write_bytes(mutated(good, rng))
        for name in (None, format_name):
            with contextlib.suppress(BadLabel):
                read_labels(path, PARTS, format_name=name, size_of=knows(blobs(size=(12, 9))))


def mutated(data, rng):
    """A file with some bytes changed, left out, doubled or cut off."""
    made = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        place, n = int(rng.integers(max(1, len(made)))), int(rng.integers(1, 9))
        match rng.integers(5):
            case 0:
                made[place] = rng.integers(256)
            case 1:
                del made[place : place + n]
            case 2:
                made[place:place] = made[place : place + n]
            case 3:
                made[place : place + 1] = rng.choice([b"null", b"-1", b"1e99", b"[]", b"{}", b"\xff", b""])
            case _:
                made = made[: max(1, place)]
    return bytes(made)


def test_nine_formats_are_read_and_nine_written():
    assert len({known.name for known in FORMATS.values() if known.read and known.write}) == 9
