"""Distilling a project of photos, and the slower, better network beside the auto-shot network."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.data.labels.annotation import Annotation
from partly.errors import BadProject, NotAvailable
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.inference.segment.encoder_network import EncoderNetwork, load_part_network
from partly.project.distil_verb import distil_config, distil_project
from partly.project.fit_verb import fit_project
from partly.project.project_folder import Project, open_project
from partly.project.project_state import state_of
from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.head_training import HeadConfig
from tests.conftest import PHOTO_SHAPES, label_photo
from tests.fakes import thing_labels, thing_photo


@pytest.fixture(autouse=True)
def quick_heads(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = HeadConfig(n_steps=30, batch_size=2, label_px=16)
    monkeypatch.setattr(head_distillation, "HeadConfig", lambda: quick)
    monkeypatch.setattr("partly.synthesis.distil.own_photos._N_CHANGED", 8)


def test_a_project_of_photos_gets_both_networks(
    fitted_photos: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["distil", str(fitted_photos.folder), "--best", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["best_folder"] == str(fitted_photos.best)
    assert state_of(fitted_photos).auto_shot == "ready"
    best = load_part_network(fitted_photos.best)
    assert isinstance(best, EncoderNetwork)
    assert isinstance(best.segmenter, HeadSegmenter)
    assert best.fast is not None
    assert best.fast.digest == load_part_network(fitted_photos.auto_shot).digest
    pixels = thing_photo(80, 120, 40)
    said = best.segment(pixels).label_map
    assert (said == thing_labels(80, 120, 40)).mean() > 0.7
    photos = str(fitted_photos.folder / ".." / "photos")
    out = str(tmp_path / "out")
    assert run(["segment", str(fitted_photos.folder), photos, "--with", "best", "--out", out]) == 0
    assert len(list((tmp_path / "out" / "labels").glob("*.png"))) == len(PHOTO_SHAPES)


def test_networks_made_in_halves_say_so_and_are_there_for_every_machine(
    fitted_photos: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    distil = ["distil", str(fitted_photos.folder), "--best", "--device", "cpu", "--json"]
    assert run([*distil, "--precision", "bfloat16"]) == 0
    for folder in (fitted_photos.auto_shot, fitted_photos.best):
        assert json.loads((folder / "model.json").read_text())["made_on"] == "cpu, bfloat16"
    capsys.readouterr()
    assert run(distil) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["was_there"]
    result = json.loads((Path(told["run_folder"]) / "result.json").read_text())
    assert result["made_on"] == "cpu, bfloat16"
    assert run([*distil, "--precision", "float16"]) == 2
    assert "a training in float16, whose gradients vanish" in capsys.readouterr().err


def test_what_is_there_is_not_made_again(fitted_photos: Project) -> None:
    fast_only = distil_project(fitted_photos, distil_config(fitted_photos))
    assert (fast_only.was_there, fast_only.best_folder) == (False, None)
    both = distil_project(fitted_photos, distil_config(fitted_photos, best=True))
    assert (both.was_there, both.best_folder) == (False, fitted_photos.best)
    assert both.run_folder == fast_only.run_folder
    weights = (fitted_photos.best / "model.json").stat().st_mtime_ns
    again = distil_project(fitted_photos, distil_config(fitted_photos, best=True))
    assert again.was_there
    assert (fitted_photos.best / "model.json").stat().st_mtime_ns == weights


def test_painted_photos_are_learned_from_as_painted(fitted_photos: Project) -> None:
    config = replace(distil_config(fitted_photos), painted_share=0.5)
    first = distil_project(fitted_photos, config)
    assert not first.was_there
    label_photo(fitted_photos, 1)
    with pytest.raises(BadProject, match="annotations have changed since the few-shot segmenter was fitted"):
        distil_project(fitted_photos, config)


def test_a_fit_on_another_encoder_is_refused(fitted_photos: Project) -> None:
    path = fitted_photos.folder / "project.toml"
    path.write_text(path.read_text().replace("features_px = 112", "features_px = 140"))
    with pytest.raises(
        BadProject,
        match=r"was fitted with other features of photos; expected the features of photos of project.toml",
    ):
        distil_project(open_project(fitted_photos.folder), distil_config(fitted_photos))


def test_a_generators_teacher_gives_a_head(
    labelled_project: Project,
    annotation: Annotation,
    encoder_folder: Path,
) -> None:
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
