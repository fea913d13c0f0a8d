from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from partly.data.labels.rasterise import ellipse_mask
from partly.errors import BadLabel
from tests.data.label_formats.format_calls import read_cvat, write_cvat
from tests.data.labels.drawings import PARTS, drawn

IMAGE = '<image id="0" name="a.jpg" width="6" height="4">{}</image>'


def saved(tmp_path, body, head="<version>1.1</version>", before='<?xml version="1.0" encoding="utf-8"?>'):
    path = tmp_path / "annotations.xml"
    path.write_text(f"{before}<annotations>{head}<meta><task/></meta>{body}</annotations>", encoding="utf-8")
    return path


def read_one(tmp_path, shapes, **options):
    ((name, label_map, _),) = read_cvat(saved(tmp_path, IMAGE.format(shapes)), PARTS, **options)
    assert name == "a.jpg"
    return label_map


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def test_polygons_boxes_and_masks(tmp_path):
    found = read_one(
        tmp_path,
        """
        <polygon label="left" source="manual" occluded="0" points="0.00,0.00;4.00,0.00;4.00,4.00;0.00,4.00"
            z_order="0"><attribute name="age">3</attribute></polygon>
        <box label="right" xtl="1.00" ytl="1.40" xbr="5.20" ybr="3.10" z_order="0"></box>
        <mask label="nose" rle="1, 2, 3" left="3" top="0" width="3" height="2" z_order="0"></mask>
        <tag label="whatever" source="manual"></tag>
        """,
    )
    assert np.array_equal(found, drawn("111133 122220 122220 111100"))


def test_higher_z_order_covers_lower_and_later_covers_earlier(tmp_path):
    box = '<box label="{}" xtl="0" ytl="0" xbr="{}" ybr="4" z_order="{}"/>'
    shapes = box.format("nose", 1, 5) + box.format("left", 3, 2) + box.format("right", 2, 2)
    assert np.array_equal(read_one(tmp_path, shapes), drawn("321000 " * 4))
    assert np.array_equal(
        read_one(tmp_path, box.format("left", 3, 0) + box.format("right", 2, -1)), drawn("111000 " * 4)
    )


def test_uncovered_pixels_are_background_or_unlabelled(tmp_path):
    shapes = '<box label="left" xtl="0" ytl="0" xbr="3" ybr="4"/>'
    assert np.array_equal(read_one(tmp_path, shapes), drawn("111000 " * 4))
    assert np.array_equal(read_one(tmp_path, shapes, fill="unlabelled"), drawn("111... " * 4))


def test_ellipses_and_turned_boxes(tmp_path):
    found = read_one(tmp_path, '<ellipse label="left" cx="3" cy="2" rx="2.5" ry="1.2" rotation="20"/>')
    assert np.array_equal(found == 1, ellipse_mask((3, 2), (2.5, 1.2), (4, 6), 20))
    found = read_one(tmp_path, '<box label="left" xtl="1" ytl="1" xbr="5" ybr="3" rotation="90"/>')
    assert np.array_equal(found, drawn("001100 " * 4))


def test_pictures_without_shapes_were_not_labelled(tmp_path):
    empty = '<image id="1" name="b.jpg" width="6" height="4"><tag label="x"/></image>'
    path = saved(tmp_path, IMAGE.format('<box label="left" xtl="0" ytl="0" xbr="3" ybr="4"/>') + empty)
    assert [name for name, *_ in read_cvat(path, PARTS)] == ["a.jpg"]


def test_written_files_look_like_cvats(tmp_path):
    (path,) = write_cvat(tmp_path / "c.xml", [("a&<b>.jpg", drawn("0110 0030 0.33"))], PARTS)
    root = ElementTree.parse(path).getroot()
    assert root.findtext("version") == "1.1"
    labels = {label.findtext("name"): label.findtext("color") for label in root.iter("label")}
    assert labels == {"left": "#c80000", "right": "#00c800", "nose": "#0000c8", "unlabelled": "#7f7f7f"}
    (image,) = root.iter("image")
    assert image.attrib == {"id": "0", "name": "a&<b>.jpg", "width": "4", "height": "3"}
    left, nose, _ = image
    assert left.attrib["rle"] == "0, 2"
    assert nose.attrib == {
        "label": "nose", "source": "manual", "occluded": "0", "rle": "0, 1, 1, 2", "left": "2", "top": "1",
        "width": "2", "height": "2", "z_order": "0",
    }  # fmt: skip
    write_cvat(path, [("a", drawn("01"))], PARTS, style="polygon")
    polygon = ElementTree.parse(path).getroot().find("image/polygon")
    assert polygon is not None
    assert sorted(polygon.attrib["points"].split(";")) == ["1.00,0.00", "1.00,1.00", "2.00,0.00", "2.00,1.00"]


def test_entities_are_refused_before_they_grow(tmp_path):
    grow = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(20))
    path = saved(tmp_path, "&e20;", before=f'<!DOCTYPE bomb [<!ENTITY e0 "ha">{grow}]>')
    assert refusal(lambda: read_cvat(path, PARTS)) == (
        f"{path}: has a DOCTYPE (bomb); expected plain XML, as CVAT writes it. "
        "Remove the DOCTYPE if you trust the file."
    )


def test_other_files_are_not_read_by_entities(tmp_path):
    (tmp_path / "secret").write_text("secret")
    outside = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    text = refusal(lambda: read_cvat(saved(tmp_path, "&x;", before=outside), PARTS))
    assert "has a DOCTYPE (a)" in text


def test_other_encodings_are_read_and_watched_too(tmp_path):
    path = tmp_path / "a.xml"
    body = IMAGE.format('<box label="left" xtl="0" ytl="0" xbr="3" ybr="4"/>')
    path.write_bytes(f"<annotations><version>1.1</version>{body}</annotations>".encode("utf-16"))
    assert len(read_cvat(path, PARTS)) == 1
    path.write_bytes("<!DOCTYPE x><annotations/>".encode("utf-16"))
    assert "has a DOCTYPE (x)" in refusal(lambda: read_cvat(path, PARTS))
    path.write_bytes(b'<?xml version="1.0" encoding="klingon"?><annotations/>')
    assert "is no XML (" in refusal(lambda: read_cvat(path, PARTS))


def shaped(shape):
    return IMAGE.format(shape)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "has no pictures"),
        (shaped(""), "has no shape in any of its 1 pictures"),
        (
            '<image name="a" width="6"><box label="left"/></image>',
            "image 'a' has the height None and the width '6'; expected positive whole numbers, or a",
        ),
        (
            '<image name="a" width="6" height="-1"><box label="left"/></image>',
            "image 'a' has the height '-1' and the width '6'; expected positive whole numbers.",
        ),
        (
            "<track/>",
            "holds tracks of a video; expected <annotations>, version '1.1', with images. Export as",
        ),
        (
            shaped('<points label="left" points="1,1"/><polyline label="left" points="1,1;2,2"/>'),
            "has shapes that are no areas: points (1 shape), polyline (1 shape)",
        ),
        (shaped('<polygon points="0,0;1,0;1,1"/>'), "has labels that are no part: '' (1 shape)"),
        (shaped('<polygon label="left"/>'), "has 1 shape, but none that covers a pixel"),
        (shaped('<polygon label="left" points="0,0;1,x;1,1"/>'), "has unusable points"),
        (shaped('<polygon label="left" points="0,0;1,nan;1,1"/>'), "has unusable points"),
        (shaped('<box label="left" xtl="0" ytl="0" xbr="3"/>'), "box 'left' has ybr ''; expected a number"),
        (shaped('<box label="left" xtl="0" ytl="0" xbr="3" ybr="inf"/>'), "box 'left' has ybr 'inf'"),
        (shaped('<box label="left" xtl="0" ytl="0" xbr="3" ybr="1" z_order="x"/>'), "has z_order 'x'"),
        (shaped('<mask label="left" rle="1" left="0" top="0" width="1"/>'), "mask 'left' has height None"),
        (
            shaped('<mask label="left" rle="1,a" left="0" top="0" width="2" height="1"/>'),
            "mask 'left' has damaged run lengths; expected whole numbers with commas between",
        ),
        (
            shaped('<mask label="left" rle="1, 2" left="0" top="0" width="2" height="1"/>'),
            "mask 'left' has run lengths that add up to 3 pixels instead of 2",
        ),
        (
            shaped('<mask label="left" rle="1" left="0" top="0" width="100000" height="100000"/>'),
            "mask 'left' is 100000 x 100000 px; expected at most 200000000 pixels",
        ),
    ],
)
def test_damaged_files_are_refused(tmp_path, body, words):
    path = saved(tmp_path, body)
    text = refusal(lambda: read_cvat(path, PARTS))
    assert text.startswith(f"{path}: ")
    assert words in text


@pytest.mark.parametrize("head", ["", "<version>1.0</version>"])
def test_other_versions_are_refused(tmp_path, head):
    text = refusal(lambda: read_cvat(saved(tmp_path, "", head), PARTS))
    assert "holds <annotations>, version " in text
    assert "Export as 'CVAT for images 1.1'" in text


def test_shapes_without_area_are_passed_over_and_told(tmp_path):
    empty = (
        '<polygon label="nose" points="1.0,1.0;2.0,2.0"/>'
        '<mask label="nose" rle="0" left="0" top="0" width="1" height="1"/>'
        '<mask label="nose" rle="" left="0" top="0" width="0" height="0"/>'
        '<box label="nose" xtl="2" ytl="2" xbr="2" ybr="2"/>'
    )
    told = []
    found = read_one(
        tmp_path, '<box label="left" xtl="0" ytl="0" xbr="3" ybr="4"/>' + empty, tell=told.append
    )
    assert np.array_equal(found, drawn("111000 " * 4))
    assert told == [
        f"{tmp_path / 'annotations.xml'}: 4 shapes without area passed over: image 'a.jpg': polygon 'nose', "
        "image 'a.jpg': mask 'nose', image 'a.jpg': mask 'nose', image 'a.jpg': box 'nose'"
    ]


@pytest.mark.parametrize(
    ("stated", "written"), [("faces\\a.jpg", "faces/a.jpg"), ("C:\\Users\\a.jpg", "C:/Users/a.jpg")]
)
def test_windows_paths_and_sizes_that_are_missing(tmp_path, stated, written):
    shapes = '<polygon label="left" points="0,0;3,0;3,4;0,4;"/>'
    path = saved(tmp_path, f'<image id="0" name="{stated}" width="0" height="0">{shapes}</image>')
    ((name, found, _),) = read_cvat(path, PARTS, size_of=lambda name, _: (4, 6) if name == written else None)
    assert name == written
    assert np.array_equal(found, drawn("111000 " * 4))
