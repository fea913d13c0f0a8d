"""Where a project's features come from: settings, photos, the network that reads them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partly.data.labels.annotation import Annotation
from partly.data.photos.encoding import write_png
from partly.errors import BadOption, BadPhoto, BadProject, NotAvailable
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.teacher import fit_teacher
from partly.project.photos_of_project import encoder_reference, photos_reference, project_photos
from partly.project.project_features import nearest_multiple, project_encoder, project_source
from partly.project.project_folder import Project
from partly.project.project_generator import load_project_generator
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_labels, thing_photo


def with_photos(project: Project, **changed: object) -> Project:
    photos = replace(project.settings.photos, **changed)
    return replace(project, settings=replace(project.settings, photos=photos))


def test_a_project_of_photos_reads_them_and_keeps_features(photo_project: Project) -> None:
    source = project_source(photo_project)
    assert isinstance(source, PhotoFeatures)
    assert (source.fit, source.image_size_px, source.n_pictures) == ("whole", 112, len(PHOTO_SHAPES))
    picture = source.picture("3.png")
    assert not source.is_kept(picture)
    maps = source.pyramid(picture, 1000).maps
    assert project_source(photo_project).is_kept(picture)
    assert list((photo_project.folder / "features").rglob("*.features"))
    height, width = maps[-1].shape[2:]
    assert width > height


def test_one_labelled_photo_teaches_the_others(photo_project: Project) -> None:
    source = project_source(photo_project)
    picture = source.picture("0.png")
    label = Annotation(
        "0", thing_labels(*PHOTO_SHAPES[0], 0), photo="0.png", photo_sha256=picture.photo_sha256
    )
    teacher = fit_teacher(source, [label], TWO_PARTS, photo_project.settings.few_shot)
    for seed in range(10, 13):
        said = teacher.segment(thing_photo(150, 110, seed))
        assert (said == thing_labels(150, 110, seed)).mean() > 0.75


def test_a_generator_comes_first_unless_photos_are_asked_for(
    photo_project: Project, generator_folder: Path
) -> None:
    settings = replace(photo_project.settings, generator=str(generator_folder))
    both = replace(photo_project, settings=settings)
    assert isinstance(project_source(both), GeneratorFeatures)
    assert isinstance(project_source(with_photos(both, fit_on_photos=True)), PhotoFeatures)


def test_a_project_of_photos_has_no_generator(photo_project: Project) -> None:
    with pytest.raises(BadProject, match=r"project.toml: names no generator: this is a project of photos"):
        load_project_generator(photo_project)


def test_the_size_is_the_usual_one_or_what_the_network_has(photo_project: Project) -> None:
    assert project_encoder(photo_project).image_size_px == 112
    assert project_encoder(with_photos(photo_project, features_px=None)).image_size_px == 560
    assert [nearest_multiple(560, n) for n in (14, 16, 2000)] == [560, 560, 2000]
    with pytest.raises(BadProject) as caught:
        project_encoder(with_photos(photo_project, features_px=100))
    assert "has features_px = 100 in [photos], which " in str(caught.value)
    assert "expected a multiple of 14. Mend it by hand" in str(caught.value)


def test_a_network_that_is_not_here(photo_project: Project) -> None:
    project = with_photos(photo_project, features="dinov2-small")
    with pytest.raises(NotAvailable, match="Run: partly get dinov2-small"):
        project_source(project)


def test_a_network_beside_the_project(photo_project: Project, encoder_folder: Path) -> None:
    shutil.copytree(encoder_folder, photo_project.folder / "encoder")
    assert project_encoder(with_photos(photo_project, features="encoder")).image_size_px == 112


def test_what_a_project_says_of_its_network(encoder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoder_reference("dinov2-small") == "dinov2-small"
    monkeypatch.chdir(encoder_folder.parent)
    assert encoder_reference(encoder_folder.name) == str(encoder_folder)
    with pytest.raises(BadOption) as caught:
        encoder_reference("dinov9")
    assert "there is no network 'dinov9' that reads photos; expected " in str(caught.value)
    assert "dinov2-small (partly get dinov2-small)" in str(caught.value)
    assert "or a model folder with model.json" in str(caught.value)


def test_photos_inside_and_beside_a_project_move_with_it(photo_folder: Path, tmp_path: Path) -> None:
    assert photos_reference(photo_folder, tmp_path / "p") == "../photos"
    assert photos_reference(photo_folder, tmp_path / "photos") == "."
    assert photos_reference(photo_folder / "0.png", photo_folder / "p") == "../0.png"
    assert photos_reference(photo_folder, tmp_path / "elsewhere" / "p") == str(photo_folder)


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(BadPhoto, match="no such file"):
        photos_reference(tmp_path / "none", tmp_path / "p")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadPhoto, match="empty: holds no photos"):
        photos_reference(tmp_path / "empty", tmp_path / "p")


def test_a_folder_that_has_moved_or_is_empty(photo_project: Project, tmp_path: Path) -> None:
    shutil.move(tmp_path / "photos", tmp_path / "pictures-of-things")
    with pytest.raises(BadProject) as caught:
        project_photos(photo_project)
    assert caught.value.path == photo_project.folder / "project.toml"
    assert f"has folder = '../photos' in [photos]: {tmp_path / 'photos'} is not there" in str(caught.value)
    assert "If they have moved, write where they are now" in str(caught.value)
    moved = with_photos(photo_project, folder="../pictures-of-things")
    assert len(project_photos(moved)) == len(PHOTO_SHAPES)
    (tmp_path / "photos").mkdir()
    with pytest.raises(BadProject, match=r"names a folder without photos .*Put photos there, or mend folder"):
        project_photos(photo_project)


def test_a_project_that_names_no_photos(project: Project) -> None:
    with pytest.raises(BadProject, match=r"names no folder of photos. Add a table \[photos\]"):
        project_photos(project)


def test_what_the_project_wrote_is_none_of_its_photos(photo_project: Project, tmp_path: Path) -> None:
    for folder in (photo_project.pictures, photo_project.annotations / "overlays", photo_project.runs / "1"):
        write_png(folder / "x.png", np.zeros((4, 4, 3), np.uint8))
    everything = with_photos(photo_project, folder="..")
    names = [photo.name for photo in project_photos(everything)]
    assert names == [f"photos/{seed}.png" for seed in range(len(PHOTO_SHAPES))]
    write_png(photo_project.folder / "mine" / "a.png", np.zeros((4, 4, 3), np.uint8))
    inside = with_photos(photo_project, folder=".")
    assert [photo.name for photo in project_photos(inside)] == ["mine/a.png"]
