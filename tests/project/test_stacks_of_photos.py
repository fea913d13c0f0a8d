"""A project whose photos are pages of a TIFF: labelled, fitted on, segmented, moved."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.labels.annotation import load_annotation
from partly.data.labels.label_maps import read_label_map, write_label_map
from partly.project.fit_verb import fit_project
from partly.project.label_import import import_labels
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project, open_project
from partly.project.proposed_pictures import find_picture
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_labels, thing_photo


def write_stack(path: Path) -> Path:
    images = [Image.fromarray(thing_photo(*shape, seed)) for seed, shape in enumerate(PHOTO_SHAPES)]
    images[0].save(path, save_all=True, append_images=images[1:], compression="tiff_lzw")
    return path


@pytest.fixture
def project(tmp_path: Path, encoder_folder: Path, capsys: pytest.CaptureFixture[str]) -> Project:
    (tmp_path / "photos").mkdir()
    write_stack(tmp_path / "photos" / "things.tif")
    asked = ["--photos", str(tmp_path / "photos"), "--features", str(encoder_folder), "--features-px", "112"]
    assert run(["new", str(tmp_path / "p"), *asked, "--parts", "background,thing"]) == 0
    capsys.readouterr()
    return open_project(tmp_path / "p")


def label(project: Project, page: int, name: str | None = None) -> None:
    path = project.folder.parent / (name or f"things-p{page:04}.png")
    write_label_map(path, thing_labels(*PHOTO_SHAPES[page - 1], page - 1), TWO_PARTS)
    import_labels(project, [path])


def test_a_label_of_a_page(project: Project) -> None:
    label(project, 3)
    kept = load_annotation(project.annotations, "things-p0003", TWO_PARTS)
    photos = {photo.name: photo for photo in project_photos(project)}
    assert (kept.photo, kept.photo_sha256) == ("things.tif#3", photos["things.tif#3"].digest())
    picture = find_picture(project, "things-p0003")
    np.testing.assert_array_equal(picture.pixels, thing_photo(*PHOTO_SHAPES[2], 2))


def test_a_label_of_the_file_is_of_its_first_page(project: Project) -> None:
    """As it was when nobody knew more pages, and as programs mean it that show one."""
    label(project, 1, "things.tif.png")
    path = project.folder.parent / "things.json"
    shape = {"label": "thing", "shape_type": "polygon", "points": [[2, 2], [9, 2], [9, 9]]}
    size = dict(zip(("imageHeight", "imageWidth"), PHOTO_SHAPES[0], strict=True))
    path.write_text(json.dumps({"imagePath": "things.tif", "shapes": [shape], **size}))
    import_labels(project, [path], replace=True)
    assert load_annotation(project.annotations, "things-p0001", TWO_PARTS).photo == "things.tif#1"


def test_pages_are_fitted_on_wherever_their_file_moves(project: Project, tmp_path: Path) -> None:
    label(project, 2)
    assert fit_project(project).annotation_ids == ("things-p0002",)
    (tmp_path / "photos" / "deeper").mkdir()
    (tmp_path / "photos" / "things.tif").rename(tmp_path / "photos" / "deeper" / "others.tiff")
    assert fit_project(open_project(project.folder), anew=True).annotation_ids == ("things-p0002",)


def test_labels_that_an_earlier_version_has_of_the_file_hold_for_its_first_page(
    project: Project, tmp_path: Path
) -> None:
    label(project, 1)
    digest = hashlib.sha256((tmp_path / "photos" / "things.tif").read_bytes()).hexdigest()
    for folder in (project.annotations, project.pictures):
        for path in folder.glob("*.json"):
            path.write_text(path.read_text().replace("things.tif#1", "things.tif"))
    kept = load_annotation(project.annotations, "things-p0001", TWO_PARTS)
    assert (kept.photo, kept.photo_sha256) == ("things.tif", digest)
    assert fit_project(project).annotation_ids == ("things-p0001",)


def test_pages_are_segmented_and_evaluated(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    label(project, 1)
    label(project, 2)
    fit_project(project)
    photos, out = str(tmp_path / "photos"), tmp_path / "out"
    words = ["segment", str(project.folder), photos, "--out", str(out), "--cutout", "thing", "--masks"]
    assert run([*words, "--probabilities", "npz"]) == 0
    n = len(PHOTO_SHAPES)
    assert f"Note: 1 file holds several photos (things.tif: {n} pages)" in capsys.readouterr().out
    for seed, shape in enumerate(PHOTO_SHAPES):
        found = read_label_map(out / "labels" / f"things-p{seed + 1:04}.png", TWO_PARTS, size=shape)
        write_label_map(
            tmp_path / "truth" / f"things-p{seed + 1:04}.png", thing_labels(*shape, seed), TWO_PARTS
        )
        mask = np.array(Image.open(out / "masks" / "thing" / f"things-p{seed + 1:04}.png"))
        np.testing.assert_array_equal(mask, 255 * found)
    assert len(list((out / "cutouts" / "thing").iterdir())) == n
    assert len(list((out / "probabilities").iterdir())) == n
    # What was segmented is found again, and is a first draft of labels.
    assert run([*words, "--probabilities", "npz", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kept"] == [f"things.tif#{number}" for number in range(1, n + 1)]
    assert run(["label", str(project.folder), str(out / "labels" / "things-p0003.png")]) == 0
    evaluated = ["evaluate", str(project.folder), str(tmp_path / "truth"), "--photos", photos]
    (tmp_path / "photos" / "notes.txt").touch()
    capsys.readouterr()
    assert run([*evaluated, "--with", "teacher", "--out", str(tmp_path / "e")]) == 0
    said = capsys.readouterr().out
    assert "1 other file passed over (notes.txt)." in said
    assert json.loads((tmp_path / "e" / "evaluation.json").read_text())["n_photos"] == n


def test_the_limit_of_a_project(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    path = project.folder / "project.toml"
    path.write_text(path.read_text().replace("max_pages = 1000", "max_pages = 2"))
    found = project_photos(open_project(project.folder))
    assert len(found) == 2
    n_more = len(PHOTO_SHAPES) - 2
    assert f"things.tif: {n_more} pages behind the first 2 left out" in found.told()[1]
    assert run(["info", str(project.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_photos"] == 2


def test_new_tells_what_it_passes_over(
    tmp_path: Path, encoder_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    write_stack(photos / "a.tif")
    (photos / "b.dng").touch()
    words = ["new", str(tmp_path / "p"), "--photos", str(photos), "--parts", "background,thing", "--json"]
    assert run([*words, "--features", str(encoder_folder), "--max-pages", "4"]) == 0
    told = capsys.readouterr()
    notes = json.loads(told.out)["notes"]
    n_more = len(PHOTO_SHAPES) - 4
    assert notes == [
        "1 other file passed over (b.dng).",
        "1 file holds several photos (a.tif: 4 pages), each one of its own, such as a.tif#1.",
        f"a.tif: {n_more} pages behind the first 4 left out; --max-pages takes more.",
    ]
    assert all(f"Note: {note}" in told.err for note in notes)
