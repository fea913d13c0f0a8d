"""Label files of photos: which photo they are of, at which size, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.label_formats.label_formats import read_labels, write_labels
from partly.data.labels.annotation import load_annotation
from partly.data.labels.label_maps import resize_label_map, write_label_map
from partly.data.photos.encoding import write_png
from partly.errors import BadLabel, BadPhoto
from partly.project import proposed_pictures
from partly.project.label_import import import_labels
from partly.project.label_targets import at_painted_size
from partly.project.project_folder import Project
from partly.project.proposed_pictures import find_picture, picture_ids
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_labels, thing_photo


def labels_of(seed: int) -> np.ndarray:
    return thing_labels(*PHOTO_SHAPES[seed], seed)


def written(path: Path, label_map: np.ndarray) -> Path:
    write_label_map(path, label_map, TWO_PARTS)
    return path


def test_a_label_file_belongs_to_the_photo_whose_name_it_has(photo_project: Project, tmp_path: Path) -> None:
    (one,) = import_labels(photo_project, [written(tmp_path / "3.png", labels_of(3))])
    kept = load_annotation(photo_project.annotations, "3", TWO_PARTS)
    assert np.array_equal(kept.label_map, labels_of(3))
    assert (kept.photo, kept.w, one.scaled_from, one.was_there) == ("3.png", None, None, False)
    picture = find_picture(photo_project, "3")
    assert picture.photo_sha256 == kept.photo_sha256
    assert np.array_equal(picture.pixels, thing_photo(*PHOTO_SHAPES[3], 3))
    assert one.overlay.is_file()
    (again,) = import_labels(photo_project, [tmp_path / "3.png"])
    assert again.was_there
    written(tmp_path / "3.png", 1 - labels_of(3))
    with pytest.raises(BadLabel, match="there are other annotations of 3 already"):
        import_labels(photo_project, [tmp_path / "3.png"])
    (other,) = import_labels(photo_project, [tmp_path / "3.png"], replace=True)
    assert not other.was_there


@pytest.mark.parametrize("format_name", ["labelme", "coco", "cvat", "png"])
def test_all_formats_through_the_command_line(
    photo_project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], format_name: str
) -> None:
    suffix = {"cvat": ".xml", "png": ".png"}.get(format_name, ".json")
    path = tmp_path / f"1{suffix}"
    write_labels(path, [("1.png", labels_of(1))], TWO_PARTS, format_name=format_name)
    assert run(["label", str(photo_project.folder), str(path)]) == 0
    assert "1 is labelled; see" in capsys.readouterr().out
    exported = tmp_path / f"out{suffix}"
    assert run(["label", str(photo_project.folder), "--export", str(exported), "--format", format_name]) == 0
    ((name, label_map, _),) = read_labels(exported, TWO_PARTS)
    assert np.array_equal(label_map, labels_of(1))
    # What was exported finds its photo again, in the same project and in another.
    shutil.rmtree(photo_project.annotations)
    shutil.rmtree(photo_project.pictures)
    asked = ["--picture", "1"] if Path(name).stem != "1" else []
    assert run(["label", str(photo_project.folder), str(exported), *asked]) == 0
    kept = load_annotation(photo_project.annotations, "1", TWO_PARTS)
    assert np.array_equal(kept.label_map, labels_of(1))


def test_photos_in_folders(photo_project: Project, photo_folder: Path, tmp_path: Path) -> None:
    for folder in ("left", "right"):
        write_png(photo_folder / folder / "a b.png", thing_photo(20, 30, len(folder)))
    labels = np.tile(np.array([[0, 1, 1]], np.uint8), (20, 10))
    path = written(tmp_path / "labels" / "left" / "a b.png", labels)
    (one,) = import_labels(photo_project, [tmp_path / "labels"])
    assert (one.annotation.photo, one.annotation.id) == ("left/a b.png", "left-a-b")
    with pytest.raises(BadLabel) as caught:
        import_labels(photo_project, [path])
    assert "2 photos are called 'a b.png': left/a b.png, right/a b.png" in str(caught.value)
    assert "Name the photo with --picture" in str(caught.value)
    (right,) = import_labels(photo_project, [path], picture_id="right/a b")
    assert right.annotation.photo == "right/a b.png"
    # By the name that labels are exported under.
    (same,) = import_labels(photo_project, [written(tmp_path / "left-a-b.png", labels)])
    assert same.was_there


def test_an_unknown_photo(photo_project: Project, tmp_path: Path) -> None:
    path = written(tmp_path / "9.png", labels_of(0))
    with pytest.raises(BadLabel) as caught:
        import_labels(photo_project, [path])
    assert caught.value.path == path
    assert f"there is no photo '9.png' in {photo_project.folder.with_name('photos')}" in str(caught.value)
    assert "expected the name of a photo: 0.png, 1.png, 2.png and 3 more" in str(caught.value)
    assert picture_ids(photo_project) == []


def test_a_label_of_another_size_and_the_same_shape_is_scaled(
    photo_project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = resize_label_map(labels_of(0), (45, 60))
    assert run(["label", str(photo_project.folder), str(written(tmp_path / "0.png", small))]) == 0
    assert "scaled from 60 x 45 px to the photo's 120 x 90 px" in capsys.readouterr().out
    kept = load_annotation(photo_project.annotations, "0", TWO_PARTS)
    assert np.array_equal(kept.label_map, small.repeat(2, 0).repeat(2, 1))


def test_a_label_of_another_shape_is_refused_by_name(photo_project: Project, tmp_path: Path) -> None:
    good, turned = written(tmp_path / "1.png", labels_of(1)), written(tmp_path / "0.png", labels_of(0).T)
    with pytest.raises(BadLabel) as caught:
        import_labels(photo_project, [good, turned])
    assert caught.value.path == turned
    assert "the label map is 90 x 120 px, of another shape than the photo 0.png with 120 x 90 px" in str(
        caught.value
    )
    assert "expected the photo's size, or one of the same aspect ratio" in str(caught.value)
    # Nothing was kept of the good one either.
    assert picture_ids(photo_project) == []


@pytest.mark.parametrize(
    ("shape", "painted", "fits"),
    [
        ((100, 150), (1365, 2048), True),
        ((1333, 2000), (1365, 2048), True),
        ((100, 151), (1365, 2048), True),
        ((103, 150), (1365, 2048), False),
        ((512, 512), (480, 640), False),
    ],
)
def test_aspect_ratios_are_compared_within_a_pixel(
    shape: tuple[int, int], painted: tuple[int, int], fits: bool
) -> None:
    label_map = np.zeros(shape, np.uint8)
    if fits:
        assert at_painted_size(label_map, painted, "a").shape == painted
    else:
        with pytest.raises(BadLabel, match="of another shape"):
            at_painted_size(label_map, painted, "a")


def test_large_photos_are_painted_smaller(
    photo_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposed_pictures, "MOST_PAINTED_PX", 60)
    (one,) = import_labels(photo_project, [written(tmp_path / "0.png", labels_of(0))])
    assert one.annotation.label_map.shape == find_picture(photo_project, "0").shape == (45, 60)
    assert one.scaled_from == (90, 120)


def test_photos_are_labelled_upright(photo_project: Project, photo_folder: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(thing_photo(40, 60, 0)).save(photo_folder / "turned.jpg", exif=exif)
    path = written(tmp_path / "turned.png", np.tile(np.uint8([[0], [1]]), (30, 40)))
    (one,) = import_labels(photo_project, [path])
    assert one.annotation.label_map.shape == (60, 40)
    with pytest.raises(BadLabel, match=r"is 60 x 40 px, of another shape than the photo turned.jpg with"):
        import_labels(photo_project, [written(path, np.tile(np.uint8([[0], [1]]), (20, 60)))])


def test_two_label_maps_of_one_photo(photo_project: Project, tmp_path: Path) -> None:
    one, two = (written(tmp_path / folder / "0.png", labels_of(0)) for folder in "ab")
    with pytest.raises(BadLabel, match=rf"a second label map of picture 0.png; expected one; the .* {one}"):
        import_labels(photo_project, [one, two])


def test_a_photo_that_is_damaged(photo_project: Project, photo_folder: Path, tmp_path: Path) -> None:
    (photo_folder / "0.png").write_bytes((photo_folder / "0.png").read_bytes()[:500])
    with pytest.raises(BadPhoto, match=r"0.png: is truncated or damaged"):
        import_labels(photo_project, [written(tmp_path / "0.png", labels_of(0))])


def test_a_photo_that_changed_gets_labels_of_its_own(
    photo_project: Project, photo_folder: Path, tmp_path: Path
) -> None:
    path = written(tmp_path / "0.png", labels_of(0))
    import_labels(photo_project, [path])
    write_png(photo_folder / "0.png", thing_photo(*PHOTO_SHAPES[0], 77))
    (new,) = import_labels(photo_project, [path])
    assert new.annotation.id.startswith("0-")
    assert find_picture(photo_project, "0").photo_sha256 != new.annotation.photo_sha256


def test_a_generators_project_takes_labels_of_its_photos_too(
    project: Project, photo_folder: Path, tmp_path: Path
) -> None:
    path = written(tmp_path / "0.png", labels_of(0))
    with pytest.raises(BadLabel, match="there is no picture '0' in the project"):
        import_labels(project, [path])
    photos = replace(project.settings.photos, folder=str(photo_folder))
    both = replace(project, settings=replace(project.settings, photos=photos))
    (one,) = import_labels(both, [path])
    assert one.annotation.photo == "0.png"
