from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from partly.data.label_formats.label_formats import detect_format, read_labels, write_labels
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn

COLOURS = {"background": (0, 0, 0), "left": (128, 0, 0), "nose": (0, 0, 142), "unlabelled": (224, 224, 192)}
MAP = drawn("0113 .113")
CVAT = "# label:color_rgb:parts:actions\n" + "".join(
    f"{n}:{r},{g},{b}::\n" for n, (r, g, b) in COLOURS.items()
)
CAMVID = "".join(f"{r} {g} {b}\t\t{n}\n" for n, (r, g, b) in COLOURS.items())
CSV = "name,r,g,b\r\n" + "".join(f"{n},{r},{g},{b}\r\n" for n, (r, g, b) in COLOURS.items())
HEX = {name: "#{:02X}{:02x}{:02x}".format(*colour) for name, colour in COLOURS.items()}


def pixels(label_map=MAP):
    names = {0: "background", 1: "left", 3: "nose", 255: "unlabelled"}
    table = {i: COLOURS[name] for i, name in names.items()}
    return np.array([[table[i] for i in row] for row in label_map.tolist()], np.uint8)


def saved(folder, made=None, table=CVAT, table_name="labelmap.txt", place="SegmentationClass/a.png"):
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    image = made if isinstance(made, Image.Image) else Image.fromarray(pixels() if made is None else made)
    image.save(path)
    if table is not None:
        (folder / table_name).write_bytes(table if isinstance(table, bytes) else table.encode())
    return path


def read(path, told=None, **options):
    return read_labels(path, PARTS, tell=[].append if told is None else told.append, **options)


def refusal(path, **options):
    with pytest.raises(BadLabel) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (CVAT, "labelmap.txt"),
        (CAMVID, "label_colors.txt"),
        (CSV, "class_dict.csv"),
        ("\ufeff" + CSV.replace(",", ";"), "some.CSV"),
        (json.dumps({name: list(colour) for name, colour in COLOURS.items()}), "colours.json"),
        (json.dumps(HEX), "colors.json"),
        (json.dumps({"labels": [{"name": n, "color": c} for n, c in COLOURS.items()]}), "config.json"),
        ("".join(f"{name} {colour}\n" for name, colour in HEX.items()), "palette.txt"),
        (
            "".join(f"{i},{n},{r},{g},{b}\n" for i, (n, (r, g, b)) in enumerate(COLOURS.items())),
            "classes.csv",
        ),
        (CVAT.replace("left", "左").encode("gb2312"), "labelmap.txt"),
    ],
)
def test_tables_of_all_kinds(tmp_path, table, name):
    path = saved(tmp_path, table=table, table_name=name)
    parts = PARTS
    if isinstance(table, bytes):
        parts = type(PARTS).from_json(json.loads(json.dumps(PARTS.to_json()).replace("left", "\\u5de6")))
    assert detect_format(path).name == "colour-png"
    for place in (path, tmp_path):
        ((_, label_map, _),) = read_labels(place, parts)
        assert np.array_equal(label_map, MAP)


def test_pascal_voc(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 1, 2], [255, 1, 1, 2]], np.uint8))
    palette = np.zeros((256, 3), np.uint8)
    palette[:3], palette[255] = [(0, 0, 0), (128, 0, 0), (0, 0, 142)], (224, 224, 192)
    image.putpalette(palette.tobytes())
    without_border = CVAT.replace("unlabelled:224,224,192::\n", "")
    path = saved(tmp_path, image, without_border)
    saved(tmp_path, image, None, place="SegmentationObject/a.png")
    told = []
    ((name, label_map, found),) = read(tmp_path, told)
    assert (name, found) == ("SegmentationClass/a.png", path)
    assert np.array_equal(label_map, MAP)
    assert told == [f"{tmp_path}: 1 file of single objects passed over: SegmentationObject/a.png"]


def test_greys_and_transparency(tmp_path):
    grey = np.array([[0, 90], [200, 200]], np.uint8)
    table = "background:0,0,0::\nleft:90,90,90::\nnose:200,200,200::\n"
    assert np.array_equal(read(saved(tmp_path, grey, table))[0].label_map, drawn("01 33"))
    seen = np.dstack([pixels(), np.full((2, 4), 255, np.uint8)])
    seen[0, 0, 3] = 0
    assert read(saved(tmp_path, seen, CVAT))[0].label_map[0, 0] == 255
    seen[0, 0, 3] = 100
    assert "has 1 pixel that are half transparent" in refusal(saved(tmp_path, seen, CVAT))


def test_numbers_beside_a_table_stay_numbers(tmp_path):
    ids = np.array([[0, 1], [3, 3]], np.uint8)
    path = saved(tmp_path, ids)
    assert detect_format(path).name == "png"
    assert np.array_equal(read(path)[0].label_map, ids)


def test_the_parts_own_colours_need_no_table(tmp_path):
    own = PARTS.palette[drawn("0123")]
    path = saved(tmp_path, own, None)
    assert np.array_equal(read(path, format_name="colour-png")[0].label_map, drawn("0123"))
    told = []
    path = saved(tmp_path, own, CVAT)
    assert np.array_equal(read(path, told)[0].label_map, drawn("0123"))
    assert told == [
        f"{path}: was read by the colours of the parts, since {tmp_path / 'labelmap.txt'} lacks some of "
        "its colours"
    ]


def test_colours_of_no_row_say_where_they_are(tmp_path):
    made = pixels()
    made[1, 2:] = (9, 9, 9)
    path = saved(tmp_path, made)
    assert refusal(path) == (
        f"{path}: has 1 colour of no part: #090909 (2 pixels, first at x 2, y 1); expected the colours in "
        "labelmap.txt: background #000000, left #800000, nose #00008e, unlabelled #e0e0c0. Add a row for "
        "each to the table, or paint these pixels in a colour that it has."
    )


def test_jpeg_and_smoothed_edges_are_named(tmp_path):
    large = Image.fromarray(pixels()).resize((64, 32), Image.Resampling.NEAREST)
    large.save(tmp_path / "a.jpg", quality=90)
    path = saved(tmp_path, Image.open(tmp_path / "a.jpg"))
    assert "Most are close to those of the table, as JPEG makes them: save as PNG from the start" in refusal(
        path
    )
    smooth = Image.fromarray(pixels()).resize((64, 32), Image.Resampling.BILINEAR)
    said = refusal(saved(tmp_path, smooth))
    assert " more; expected" in said
    assert "They look like smoothed edges: turn anti-aliasing off" in said


def test_rows_of_no_part(tmp_path):
    path = saved(tmp_path, table=CVAT.replace("nose", "Noses"))
    said = refusal(path)
    assert (
        "has labels that are no part: 'Noses' (2 pixels); expected background, left, right, nose, or unl"
        in said
    )
    assert (
        f"Did you mean 'nose' for 'Noses'? Rename these rows of {tmp_path / 'labelmap.txt'} to parts" in said
    )


def test_tables_that_contradict(tmp_path):
    path = saved(tmp_path, table=CVAT + "right:128,0,0::\n")
    assert "labelmap.txt: gives the colour #800000 to 'left' and to 'right'" in refusal(path)
    saved(tmp_path, table=CAMVID.replace("left", "right"), table_name="label_colors.txt")
    path = saved(tmp_path)
    said = refusal(path)
    assert (
        "label_colors.txt: gives the colour #800000 to 'right', and labelmap.txt beside it to 'left'" in said
    )


def test_a_damaged_png(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes()[:60])
    said = refusal(path, format_name="colour-png")
    assert f"{path}: cannot be used as a colour-coded label map: " in said


def test_what_is_written(tmp_path):
    labels = [("sub/a.jpg", drawn("0123")), ("b.jpg", drawn(".."))]
    written = write_labels(tmp_path / "out", labels, PARTS, format_name="colour-png")
    assert [file.relative_to(tmp_path).as_posix() for file in written] == [
        "out/sub/a.png", "out/b.png", "out/labelmap.txt",
    ]  # fmt: skip
    with Image.open(written[0]) as image:
        assert image.mode == "RGB"
    assert written[2].read_text().splitlines()[:2] == [
        "# label:color_rgb:parts:actions",
        "background:0,0,0::",
    ]
    written[2].write_text(CVAT)
    with pytest.raises(
        BadLabel, match=r"labelmap.txt: is there, with other colours or names; expected the col"
    ):
        write_labels(tmp_path / "out", [("c.jpg", drawn("01"))], PARTS, format_name="colour-png")
    assert not (tmp_path / "out" / "c.png").exists()
