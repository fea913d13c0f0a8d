import json
from pathlib import Path

import numpy as np
import pytest

from partly.cli.command_line import run
from partly.data.label_formats.label_formats import read_labels
from partly.data.labels.annotation import save_annotation
from tests.fakes import TWO_PARTS, thing_annotation


@pytest.mark.parametrize("style", ["mask", "polygon"])
@pytest.mark.parametrize(
    ("format_name", "place", "files"),
    [
        ("labelme", "out", ["out/p0.json", "out/p1.json"]),
        ("png", "out", ["out/p0.png", "out/p1.png"]),
        ("coco", "labels.json", ["labels.json"]),
        ("cvat", "labels.xml", ["labels.xml"]),
        ("x-anylabeling", "out", ["out/p0.json", "out/p1.json"]),
        ("yolo", "out", ["out/labels/p0.txt", "out/labels/p1.txt", "out/data.yaml"]),
        ("label-studio", "labels.json", ["labels.json"]),
        ("via", "labels.json", ["labels.json"]),
        ("colour-png", "out", ["out/p0.png", "out/p1.png", "out/labelmap.txt"]),
    ],
)
def test_labels_come_out_as_they_went_in(
    labelled_project, annotation, generator, tmp_path, capsys, format_name, place, files, style
):
    second = thing_annotation(generator, 1)
    save_annotation(labelled_project.annotations, second, TWO_PARTS)
    options = ["--export", str(tmp_path / place), "--format", format_name, "--style", style, "--json"]
    assert run(["label", str(labelled_project.folder), *options]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["files"] == [str(tmp_path / file) for file in files]
    assert f"Wrote {tmp_path / files[0]}" in captured.err
    found = read_labels(tmp_path / place, TWO_PARTS, size_of=lambda name, path: annotation.label_map.shape)
    read = {Path(named.image_name).stem: named.label_map for named in found}
    assert set(read) == {"p0", "p1"}
    assert np.array_equal(read["p0"], annotation.label_map)
    assert np.array_equal(read["p1"], second.label_map)


def test_exported_labels_can_be_taken_in_again(labelled_project, annotation, tmp_path):
    project = str(labelled_project.folder)
    assert run(["label", project, "--export", str(tmp_path / "p0.json"), "--format", "labelme"]) == 0
    assert read_labels(tmp_path / "p0.json", TWO_PARTS)[0].image_name == "p0.png"


def test_a_project_without_labels(project, tmp_path, capsys):
    assert run(["label", str(project.folder), "--export", str(tmp_path / "a"), "--format", "png"]) == 1
    assert f"has no labels yet. Run: partly label {project.folder}." in capsys.readouterr().err


@pytest.mark.parametrize(("format_name", "inside"), [("png", "pictures"), ("coco", "annotations/p0.json")])
def test_the_project_s_own_files_are_safe(labelled_project, capsys, format_name, inside):
    place = labelled_project.folder / inside
    before = {path: path.read_bytes() for path in labelled_project.folder.rglob("*.*") if path.is_file()}
    options = ["--export", str(place), "--format", format_name]
    assert run(["label", str(labelled_project.folder), *options]) == 2
    assert "lies among the project's own files; expected a place outside" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in before}


def test_a_format_of_one_file_needs_a_file(labelled_project, tmp_path, capsys):
    options = ["--export", str(tmp_path), "--format", "cvat"]
    assert run(["label", str(labelled_project.folder), *options]) == 2
    assert "is a folder; expected a file, since this format holds all" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "auto"], "Give --export a --format: labelme, x-anylabeling, coco,"),
        (["--format", "png", "--replace"], "--export takes no label files, --shipped, --picture or"),
        (["a.png", "--format", "png"], "--export takes no label files"),
    ],
)
def test_options_that_do_not_go_together(labelled_project, tmp_path, capsys, options, said):
    assert run(["label", str(labelled_project.folder), "--export", str(tmp_path / "a"), *options]) == 2
    assert said in capsys.readouterr().err
