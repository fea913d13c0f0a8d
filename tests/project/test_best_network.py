"""Distilling a project of photos, and the slower, better network beside the auto-shot network."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.data.labels.annotation import Annotation, save_annotation
from partly.errors import BadProject, NotAvailable
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.inference.segment.encoder_network import EncoderNetwork, load_part_network
from partly.project.distil_verb import distil_config, distil_project
from partly.project.fit_verb import fit_project
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project, open_project
from partly.project.project_state import state_of
from partly.project.proposed_pictures import keep_photo
from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.head_training import HeadConfig
from tests.conftest import PHOTO_SHAPES
from tests.fakes import thing_labels, thing_photo


def label(project: Project, seed: int) -> None:
    photo = next(p for p in project_photos(project) if p.name == f"{seed}.png")
    annotation = keep_photo(project, photo).annotation(thing_labels(*PHOTO_SHAPES[seed], seed))
    save_annotation(project.annotations, annotation, project.part_set)


@pytest.fixture
def fitted(photo_project: Project) -> Project:
    label(photo_project, 0)
    fit_project(photo_project)
    return photo_project


def test_a_project_of_photos_gets_both_networks(
    fitted: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["distil", str(fitted.folder), "--best", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["best_folder"] == str(fitted.best)
    assert state_of(fitted).auto_shot == "ready"
    best = load_part_network(fitted.best)
    assert isinstance(best, EncoderNetwork)
    assert isinstance(best.segmenter, RidgeSegmenter)
    assert best.fast is not None
    assert best.fast.digest == load_part_network(fitted.auto_shot).digest
    pixels = thing_photo(80, 120, 40)
    said = best.segment(pixels).label_map
    assert (said == thing_labels(80, 120, 40)).mean() > 0.7
    photos = str(fitted.folder / ".." / "photos")
    assert run(["segment", str(fitted.folder), photos, "--with", "best", "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out" / "labels").glob("*.png"))) == len(PHOTO_SHAPES)


def test_what_is_there_is_not_made_again(fitted: Project) -> None:
    fast_only = distil_project(fitted, distil_config(fitted))
    assert (fast_only.was_there, fast_only.best_folder) == (False, None)
    both = distil_project(fitted, distil_config(fitted, best=True))
    assert (both.was_there, both.best_folder) == (False, fitted.best)
    assert both.run_folder == fast_only.run_folder
    weights = (fitted.best / "model.json").stat().st_mtime_ns
    again = distil_project(fitted, distil_config(fitted, best=True))
    assert again.was_there
    assert (fitted.best / "model.json").stat().st_mtime_ns == weights


def test_painted_photos_are_learned_from_as_painted(fitted: Project) -> None:
    config = replace(distil_config(fitted), painted_share=0.5)
    first = distil_project(fitted, config)
    assert not first.was_there
    label(fitted, 1)
    with pytest.raises(BadProject, match="annotations have changed since the few-shot segmenter was fitted"):
        distil_project(fitted, config)


def test_a_fit_on_another_encoder_is_refused(fitted: Project) -> None:
    path = fitted.folder / "project.toml"
    path.write_text(path.read_text().replace("features_px = 112", "features_px = 140"))
    with pytest.raises(
        BadProject,
        match=r"was fitted with other features of photos; expected the features of photos of project.toml",
    ):
        distil_project(open_project(fitted.folder), distil_config(fitted))


def test_a_generators_teacher_gives_a_head(
    labelled_project: Project,
    annotation: Annotation,
    encoder_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = HeadConfig(n_steps=3, batch_size=2, label_px=16)
    monkeypatch.setattr(head_distillation, "HeadConfig", lambda: quick)
    path = labelled_project.folder / "project.toml"
    table = f'[photos]\nfolder = ""\nfeatures = "{encoder_folder}"\nfeatures_px = 112\n\n[few_shot]'
    path.write_text(path.read_text().replace("[few_shot]", table, 1))
    project = open_project(labelled_project.folder)
    fit_project(project)
    result = distil_project(project, distil_config(project, best=True))
    best = load_part_network(project.best)
    assert isinstance(best, EncoderNetwork)
    assert isinstance(best.segmenter, HeadSegmenter)
    assert best.multiple_px == 14
    assert result.best_folder == project.best
    assert best.segment(thing_photo(64, 80, 3)).label_map.shape == (64, 80)


def test_a_missing_encoder_is_told_before_the_long_work(
    labelled_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_project(labelled_project)
    monkeypatch.setenv("PARTLY_CACHE", str(tmp_path / "empty"))
    with pytest.raises(NotAvailable, match="dinov2-small"):
        distil_project(labelled_project, distil_config(labelled_project, best=True))
    assert not labelled_project.labelled.exists()
    shutil.rmtree(tmp_path / "empty", ignore_errors=True)
