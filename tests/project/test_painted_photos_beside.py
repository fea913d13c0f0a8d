"""A project with a generator and photos: networks learn from painted photos too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partly.cli.command_line import run
from partly.data.label_formats.label_formats import write_labels
from partly.data.labels.annotation import Annotation, save_annotation
from partly.inference.segment.encoder_network import load_part_network
from partly.project.annotations_of_project import annotations_to_fit, painted_photos_beside
from partly.project.distil_verb import distil_config, distil_project
from partly.project.fit_verb import fit_project
from partly.project.model_digests import model_card
from partly.project.photo_options import PhotoOptions
from partly.project.project_folder import Project, create_project, open_project
from partly.project.project_settings import Settings
from partly.project.project_state import state_of
from tests.conftest import PHOTO_SHAPES, TINY_CHOICES, label_photo
from tests.fakes import TWO_PARTS, thing_labels, thing_photo


@pytest.fixture
def both(
    tmp_path: Path, generator_folder: Path, photo_folder: Path, encoder_folder: Path, annotation: Annotation
) -> Project:
    """A project of the tiny generator, with one label, and of the photos."""
    photos = PhotoOptions("../photos", str(encoder_folder), 56)
    settings = Settings(str(generator_folder), TWO_PARTS, auto_shot=TINY_CHOICES, photos=photos)
    project = create_project(tmp_path / "both", settings)
    save_annotation(project.annotations, annotation, project.part_set)
    return project


def test_each_kind_of_annotation_has_its_use(both: Project, annotation: Annotation) -> None:
    fitted = fit_project(both)
    label_photo(both, 1)
    assert [one.id for one in annotations_to_fit(both)] == [annotation.id]
    assert [one.id for one in painted_photos_beside(both)] == ["1"]
    assert fitted.annotation_ids == (annotation.id,)
    assert state_of(both).few_shot == "ready"
    assert fit_project(both).was_there
    path = both.folder / "project.toml"
    path.write_text(path.read_text().replace("fit_on_photos = false", "fit_on_photos = true"))
    on_photos = open_project(both.folder)
    assert [one.id for one in annotations_to_fit(on_photos)] == ["1"]
    assert painted_photos_beside(on_photos) == []


def test_label_files_of_photos_are_taken(
    both: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, label_map = tmp_path / "2.png", thing_labels(*PHOTO_SHAPES[2], 2)
    write_labels(path, [("2.png", label_map)], TWO_PARTS, format_name="png")
    assert run(["label", str(both.folder), str(path)]) == 0
    assert "2 is labelled" in capsys.readouterr().out
    (painted,) = painted_photos_beside(both)
    assert painted.photo == "2.png"
    assert np.array_equal(painted.label_map, label_map)


def test_painted_photos_make_another_network(both: Project, capsys: pytest.CaptureFixture[str]) -> None:
    fit_project(both)
    config = distil_config(both)
    assert config.painted_photo_share == 0.7
    plain = distil_project(both, config)
    assert state_of(both).auto_shot == "ready"
    assert "painted_photo_share" not in model_card(both.auto_shot)["config"]
    label_photo(both, 0)
    state = state_of(both)
    assert (state.auto_shot, state.painted_photo_ids) == ("outdated", ("0",))
    assert state.why == (
        "the few-shot segmenter, or what is painted on photos, changed since the network was made"
    )
    assert state.to_json()["painted_photos"] == ["0"]
    taught = distil_project(both, config)
    assert state_of(both).auto_shot == "ready"
    assert not taught.was_there
    assert taught.run_folder != plain.run_folder
    assert model_card(both.auto_shot)["config"]["painted_photo_share"] == 0.7
    assert distil_project(both, config).was_there
    label_photo(both, 3)
    assert not distil_project(both, config).was_there
    without = distil_project(both, replace(config, painted_photo_share=0.0))
    assert without.run_folder == plain.run_folder
    assert run(["distil", str(both.folder), "--painted-photo-share", "0.3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["folder"] == str(both.auto_shot)


def test_both_networks_learn_from_them(both: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partly.synthesis.distil.own_photos._N_CHANGED", 2)
    fit_project(both)
    label_photo(both, 0)
    result = distil_project(both, distil_config(both, best=True))
    assert result.best_folder == both.best
    parents = model_card(both.best)["parents"]
    assert parents["painted_photos_sha256"] == model_card(both.auto_shot)["parents"]["painted_photos_sha256"]
    assert distil_project(both, distil_config(both, best=True)).was_there
    best = load_part_network(both.best)
    assert best.segment(thing_photo(64, 80, 3)).label_map.shape == (64, 80)
