import io
import json
import zipfile

import numpy as np
import pytest

from partly.data.label_formats.label_formats import read_labels
from partly.data.labels.label_maps import label_map_to_png
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel, BadOption, BadProject
from partly.studio.session.overview import overview
from tests.data.label_formats.format_calls import write_labelme
from tests.fakes import TWO_PARTS
from tests.studio.tiny_sessions import stroke


@pytest.fixture
def label_map():
    labels = np.zeros((64, 64), np.uint8)
    labels[10:20, 30:50] = 1
    return labels


@pytest.mark.parametrize(
    "name", ["p0.png", "/etc/../p0.png", "C:\\labels\\p0.PNG", "p0.png\0", "anything.png"]
)
def test_a_file_goes_to_the_picture_of_its_name_and_nowhere_else(session, label_map, name, tmp_path):
    before = set(session.project.folder.parent.rglob("*"))
    picture_id = "p0" if "anything" in name or "\0" in name else None
    ids = session.label_exchange.import_file(
        label_map_to_png(label_map, TWO_PARTS), name, picture_id=picture_id
    )
    assert ids == ["p0"]
    assert np.array_equal(session.painting.labels("p0"), label_map)
    new = {path.name for path in set(session.project.folder.parent.rglob("*")) - before}
    assert new <= {"p0.png", "p0.json", "p0.jpg", "overlays", "strokes", "p0.jsonl", "wall"} | {
        path.name for path in (session.project.folder / "studio").rglob("*")
    }


def test_an_import_over_strokes_can_be_undone(session, label_map):
    session.painting.paint("p0", "a", stroke(0, 0, 9, 9, 1))
    data = label_map_to_png(label_map, TWO_PARTS)
    with pytest.raises(BadLabel, match="there are other annotations of p0 already"):
        session.label_exchange.import_file(data, "p0.png")
    session.label_exchange.import_file(data, "p0.png", replace=True)
    assert np.array_equal(session.painting.labels("p0"), label_map)
    session.worker.settle()
    assert session.predictions.of_picture("p0") is not None
    session.painting.undo("p0", "a")
    assert overview(session)["pictures"][0]["labelled_share"] == pytest.approx(81 / 64**2)


def test_scribbles(session, tmp_path):
    labels = np.full((64, 64), 255, np.uint8)
    labels[:5, :5] = 1
    write_labelme(tmp_path / "p1.json", [("p1.png", labels)], TWO_PARTS, fill="unlabelled")
    session.label_exchange.import_file((tmp_path / "p1.json").read_bytes(), "p1.json", fill="unlabelled")
    assert np.array_equal(session.painting.labels("p1"), labels)


@pytest.mark.parametrize(
    ("name", "data", "options", "said"),
    [
        ("p0.zip", b"PK", {}, r"^p0.zip: is of no known label format"),
        ("p0.json", b"{", {}, "^p0.json: "),
        ("nobody.png", None, {}, "there is no picture 'nobody' in the project"),
        ("p0.png", b"", {}, "^p0.png: cannot be used as a label map"),
    ],
)
def test_files_that_cannot_be_used(session, label_map, name, data, options, said):
    data = label_map_to_png(label_map, TWO_PARTS) if data is None else data
    with pytest.raises(BadLabel, match=said):
        session.label_exchange.import_file(data, name, **options)


def test_other_parts_and_options(session, label_map):
    label_map[0, 0] = 2
    three = PartSet.from_names(("background", "thing", "other"))
    with pytest.raises(BadLabel, match="unknown part ids: 2"):
        session.label_exchange.import_file(label_map_to_png(label_map, three), "p0.png")
    for options, said in [
        ({"format_name": "x"}, "there is no label format 'x'"),
        ({"fill": "x"}, "the fill is 'x'; expected one of background, unlabelled"),
    ]:
        with pytest.raises(BadOption, match=said):
            session.label_exchange.import_file(b"", "p0.png", **options)


@pytest.mark.parametrize(
    ("format_name", "names"),
    [
        ("labelme", ["labels/p0.json", "labels/p1.json"]),
        ("palette-png", ["labels/p0.png", "labels/p1.png"]),
        ("png", ["labels/p0.png", "labels/p1.png"]),
        ("coco", ["labels.json"]),
        ("cvat", ["labels.xml"]),
    ],
)
@pytest.mark.parametrize("style", ["mask", "polygon"])
def test_labels_go_out_and_come_back(session, tmp_path, format_name, names, style):
    for picture_id in ("p0", "p1"):
        session.painting.paint(picture_id, "a", stroke(0, 0, 64, 64, 0))
        session.painting.paint(picture_id, "a", stroke(5, 5, 9, 9, 1))
    data = session.label_exchange.export_zip(format_name=format_name, style=style)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sorted(archive.namelist()) == names
        archive.extractall(tmp_path)
    place = tmp_path / ("labels" if len(names) == 2 else names[0])
    read = {named.image_name: named.label_map for named in read_labels(place, TWO_PARTS)}
    assert np.array_equal(read["p1.png"], session.painting.labels("p1"))


def test_exports_that_cannot_be(session):
    with pytest.raises(BadProject, match="has no labels yet"):
        session.label_exchange.export_zip(format_name="png")
    with pytest.raises(BadOption, match="the style is 'x'; expected one of mask, polygon"):
        session.label_exchange.export_zip(format_name="png", style="x")
    json.dumps(overview(session))
