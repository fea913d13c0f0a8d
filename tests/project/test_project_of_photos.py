"""A project of photos from its first label to segmented photos, through the command line; and bad input."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partly.cli.command_line import run
from partly.data.labels.annotation import remove_annotation
from partly.data.labels.label_maps import read_label_map, write_label_map
from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel, BadModelFile, BadOption, BadProject
from partly.fewshot.features.feature_store import FeatureStore
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_photo_file import segment_photo
from partly.models.encoders.dinov2_encoder import DinoV2
from partly.models.feature_pyramid import FeaturePyramid
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.project.evaluate_verb import evaluate_against
from partly.project.evaluation_options import EvaluationChoices
from partly.project.fit_verb import fit_project
from partly.project.model_digests import model_card
from partly.project.photo_segmenters import segmenting_network, teacher_network
from partly.project.photos_of_project import project_photos
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import Project, open_project
from partly.project.project_page import write_project_page
from partly.project.project_state import state_of
from partly.project.proposed_photos import propose
from partly.project.proposed_pictures import find_picture
from partly.project.segment_choices import SegmentChoice
from tests.conftest import PHOTO_SHAPES, label_photo
from tests.fakes import TWO_PARTS, thing_labels, thing_photo


def edit(project: Project, old: str, new: str) -> Project:
    path = project.folder / "project.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return open_project(project.folder)


def make_network(project: Project) -> None:
    few_shot = model_card(project.few_shot)["weights_sha256"]
    network = AutoShotNetwork("unet-small", project.part_set, 32)
    network.save(project.auto_shot, {"parents": {"few_shot_sha256": few_shot}})


def test_one_label_to_segmented_photos(
    tmp_path: Path, photo_folder: Path, encoder_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "things"
    asked = ["--photos", str(photo_folder), "--features", str(encoder_folder), "--features-px", "112"]
    assert run(["new", str(folder), *asked, "--parts", "background,thing"]) == 0
    assert run(["pictures", str(folder), "--n", "2"]) == 0
    write_label_map(tmp_path / "0.png", thing_labels(*PHOTO_SHAPES[0], 0), TWO_PARTS)
    assert run(["label", str(folder), str(tmp_path / "0.png")]) == 0
    assert f"Next: partly fit {folder}" in capsys.readouterr().out
    assert run(["fit", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "Fitted on 0; see" in said
    assert "Next: partly get efficientnet-lite0" in said
    out = tmp_path / "out"
    assert run(["segment", str(folder), str(photo_folder), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "With the few-shot segmenter, as there is no network yet: it takes a second" in said
    agreement = []
    for seed, shape in enumerate(PHOTO_SHAPES):
        found = read_label_map(out / "labels" / f"{seed}.png", TWO_PARTS, size=shape)
        agreement.append(float((found == thing_labels(*shape, seed)).mean()))
    assert np.mean(agreement) > 0.85
    assert run(["segment", str(folder), str(photo_folder), "--out", str(out)]) == 0
    assert "Segmented 0 photos, 6 were done already" in capsys.readouterr().out
    assert run(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text()
    assert "Unseen photos, and what the segmenter makes of them." in page
    assert "../photos (6 photos)" in page
    capsys.readouterr()
    assert run(["info", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "generator" not in told
    assert (told["photos"], told["n_photos"], told["few_shot"]) == ("../photos", 6, "ready")
    assert told["why"] == "the pretrained encoder is not on this machine"


def test_what_a_segmenter_of_photos_is_made_from(fitted_photos: Project, encoder_folder: Path) -> None:
    card = model_card(fitted_photos.few_shot)
    assert card["parents"]["encoder_sha256"] == model_card(encoder_folder)["weights_sha256"]
    assert (card["parents"]["features_px"], card["parents"]["is_usual_px"]) == (112, False)
    assert "generator_sha256" not in card["parents"]
    assert fit_project(fitted_photos).was_there


def test_a_fit_is_outdated_once_what_it_is_made_from_changed(fitted_photos: Project, tmp_path: Path) -> None:
    assert state_of(fitted_photos).few_shot == "ready"
    assert state_of(edit(fitted_photos, "features_px = 112", "features_px = 56")).few_shot == "outdated"
    usual = edit(fitted_photos, "features_px = 56", "# left open")
    assert state_of(usual).few_shot == "outdated"
    fitted_photos = edit(usual, "# left open", "features_px = 112")
    assert state_of(fitted_photos).few_shot == "ready"
    label_photo(fitted_photos, 1)
    state = state_of(fitted_photos)
    assert (state.few_shot, state.next_step) == ("outdated", f"partly fit {fitted_photos.folder}")
    remove_annotation(fitted_photos.annotations, "1")
    # A network that is not on this machine cannot be another one.
    gone = edit(fitted_photos, fitted_photos.settings.photos.features, str(tmp_path / "gone"))
    state = state_of(gone)
    assert (state.few_shot, state.encoder_digest) == ("ready", None)
    assert (state.next_step, state.why) == (
        "edit features in project.toml",
        f"there is no network that reads photos at {tmp_path / 'gone'}",
    )


def test_photos_that_come_and_go_leave_the_fit_as_it_is(fitted_photos: Project, photo_folder: Path) -> None:
    (photo_folder / "5.png").unlink()
    write_png(photo_folder / "new.png", thing_photo(50, 60, 8))
    state = state_of(fitted_photos)
    assert (state.few_shot, state.n_photos) == ("ready", 6)
    assert fit_project(fitted_photos).was_there


def test_a_generator_instead_of_photos_and_back(fitted_photos: Project, generator_folder: Path) -> None:
    both = edit(fitted_photos, "schema_version = 1", f'schema_version = 1\ngenerator = "{generator_folder}"')
    assert state_of(both).few_shot == "outdated"
    photos = edit(both, "fit_on_photos = false", "fit_on_photos = true")
    assert state_of(photos).few_shot == "ready"


def test_what_is_next_in_a_project_of_photos(photo_project: Project, photo_folder: Path) -> None:
    state = state_of(photo_project)
    assert (state.next_step, state.n_photos) == (f"partly label {photo_project.folder}", 6)
    shutil.move(photo_folder, photo_folder.with_name("elsewhere"))
    state = state_of(photo_project)
    assert (state.next_step, state.n_photos) == ("edit folder in [photos] of project.toml", None)
    assert state.why == f"it has folder = '../photos' in [photos]: {photo_folder} is not there"
    write_project_page(photo_project)
    assert "../photos (not there)" in photo_project.report.read_text()


def test_a_labelled_photo_that_changed_or_went_is_refused_by_name(
    fitted_photos: Project, photo_folder: Path
) -> None:
    photo = (photo_folder / "0.png").read_bytes()
    write_png(photo_folder / "0.png", thing_photo(*PHOTO_SHAPES[0], 9))
    with pytest.raises(BadLabel) as caught:
        fit_project(fitted_photos)
    assert "annotation '0' belongs to the photo '0.png' as it was before" in str(caught.value)
    (photo_folder / "0.png").unlink()
    with pytest.raises(BadLabel) as caught:
        fit_project(fitted_photos)
    assert "annotation '0' belongs to the photo '0.png', which is not there" in str(caught.value)
    # Renamed, it is the same photo.
    (photo_folder / "deep").mkdir()
    (photo_folder / "deep" / "renamed.png").write_bytes(photo)
    assert fit_project(fitted_photos).was_there


def test_segmenting_needs_neither_the_photos_nor_labels(fitted_photos: Project, photo_folder: Path) -> None:
    shutil.rmtree(photo_folder)
    network = teacher_network(fitted_photos)
    found = network.segment(thing_photo(80, 130, 3)).label_map
    assert (found == thing_labels(80, 130, 3)).mean() > 0.8


def test_teacher_or_network(fitted_photos: Project, project: Project, tmp_path: Path) -> None:
    chosen = segmenting_network(fitted_photos.folder)
    assert (chosen.kind, chosen.made_of) == ("teacher", {"with_encoder": True, "with_fast": False})
    make_network(fitted_photos)
    chosen = segmenting_network(fitted_photos.folder)
    assert (chosen.kind, chosen.made_of["with_encoder"], chosen.note) == ("network", False, "")
    assert segmenting_network(fitted_photos.folder, SegmentChoice("teacher")).kind == "teacher"
    label_photo(fitted_photos, 1)
    chosen = segmenting_network(fitted_photos.folder)
    assert chosen.kind == "teacher"
    assert chosen.note.startswith("With the few-shot segmenter, fitted before labels or settings changed: ")
    fit_project(fitted_photos)
    chosen = segmenting_network(fitted_photos.folder)
    assert (chosen.kind, "as the network is older than it" in chosen.note) == ("teacher", True)
    assert segmenting_network(fitted_photos.folder, SegmentChoice("network")).kind == "network"
    assert segmenting_network(fitted_photos.auto_shot).kind == "network"
    with pytest.raises(BadOption, match="a model folder, and --with teacher; expected a project, or"):
        segmenting_network(fitted_photos.auto_shot, SegmentChoice("teacher"))
    with pytest.raises(BadProject, match=r"has no best network yet. Run: partly distil .* --best"):
        segmenting_network(fitted_photos.folder, SegmentChoice("best"))
    teacher_network(fitted_photos).save(fitted_photos.best)
    for best in (
        segmenting_network(fitted_photos.folder, SegmentChoice("best")),
        segmenting_network(fitted_photos.best),
    ):
        assert (best.kind, best.made_of["with_encoder"]) == ("best", True)


def test_what_cannot_segment(photo_project: Project, labelled_project: Project) -> None:
    with pytest.raises(BadProject, match="has no auto-shot network yet"):
        segmenting_network(photo_project.folder)
    with pytest.raises(BadProject, match=r"there is no few-shot segmenter yet. Run: partly fit"):
        segmenting_network(photo_project.folder, SegmentChoice("teacher"))
    fit_project(labelled_project)
    with pytest.raises(BadOption, match="a few-shot segmenter that reads the pictures of a generator"):
        segmenting_network(labelled_project.folder, SegmentChoice("teacher"))
    with pytest.raises(BadProject, match="has no auto-shot network yet"):
        segmenting_network(labelled_project.folder)


def test_a_teacher_of_another_size(fitted_photos: Project) -> None:
    other = edit(fitted_photos, "features_px = 112", "features_px = 56")
    with pytest.raises(
        BadProject, match=r"fitted with another network that reads photos, or at another size"
    ):
        teacher_network(other)


def test_a_teacher_is_evaluated(fitted_photos: Project, photo_folder: Path, tmp_path: Path) -> None:
    for seed, shape in enumerate(PHOTO_SHAPES):
        write_label_map(tmp_path / "truth" / f"{seed}.png", thing_labels(*shape, seed), TWO_PARTS)
    evaluation = evaluate_against(
        fitted_photos.folder, tmp_path / "truth", EvaluationChoices(photos=photo_folder, segmenter="teacher")
    )
    assert 0.7 < evaluation.mean_iou.pooled < 1


def test_large_photos_in_little_memory(fitted_photos: Project, tmp_path: Path) -> None:
    pixels = thing_photo(300, 400, 3).repeat(5, 0).repeat(5, 1)
    write_png(tmp_path / "large" / "a.png", pixels)
    large, out = str(tmp_path / "large"), str(tmp_path / "o")
    assert run(["segment", str(fitted_photos.folder), large, "--out", out]) == 0
    found = read_label_map(tmp_path / "o" / "labels" / "a.png", TWO_PARTS, size=(1500, 2000))
    assert (found[::5, ::5] == thing_labels(300, 400, 3)).mean() > 0.8


def test_ten_thousand_photos(
    photo_project: Project, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10_000):
        os.link(photo_folder / "2.png", photo_folder / f"link{number:05}.png")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a photo was read")

    with monkeypatch.context() as patch:
        patch.setattr("partly.data.photos.photo_location.open_file", never)
        assert state_of(photo_project).n_photos == 10_006
    label_photo(photo_project, 0)
    result = fit_project(photo_project)
    assert result.annotation_ids == ("0",)
    # The statistics come from 32 photos, and few were read for them.
    assert len(list((photo_project.folder / "features").rglob("*.features"))) <= len(PHOTO_SHAPES)


def test_photos_of_very_different_shapes_and_sizes(photo_project: Project, photo_folder: Path) -> None:
    shapes = {"line": (3, 400), "tower": (300, 4), "dot": (2, 2), "large": (900, 1400)}
    for seed, (name, shape) in enumerate(shapes.items()):
        write_png(photo_folder / f"{name}.png", thing_photo(*shape, seed))
    label_photo(photo_project, 0)
    fit_project(photo_project)
    assert {p.id for p in propose(photo_project, PicturesRequest(20))} >= set(shapes)
    for name, shape in shapes.items():
        assert find_picture(photo_project, name).shape == shape
    network = teacher_network(photo_project)
    for seed, (height, width) in enumerate(shapes.values()):
        found = network.segment(thing_photo(height, width, seed))
        assert found.label_map.shape == (height, width)


def test_a_zip_of_photos(
    tmp_path: Path, photo_folder: Path, encoder_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.make_archive(str(tmp_path / "things"), "zip", photo_folder)
    asked = ["--photos", str(tmp_path / "things.zip"), "--features", str(encoder_folder)]
    folder = tmp_path / "p"
    assert run(["new", str(folder), *asked, "--features-px", "112", "--parts", "background,thing"]) == 0
    project = open_project(folder)
    assert project.settings.photos.folder == "../things.zip"
    label_photo(project, 2)
    fit_project(project)
    assert propose(project, PicturesRequest(1, unsure=True))[0].id != "2"
    (tmp_path / "things.zip").write_bytes((tmp_path / "things.zip").read_bytes()[:300])
    state = state_of(project)
    assert (state.n_photos, state.next_step) == (None, "edit folder in [photos] of project.toml")
    assert state.why.startswith("it cannot be read as a zip")


def test_an_encoder_of_another_kind(photo_project: Project, generator_folder: Path) -> None:
    label_photo(photo_project, 0)
    other = edit(photo_project, photo_project.settings.photos.features, str(generator_folder))
    with pytest.raises(BadModelFile, match="expected a representation"):
        fit_project(other)


def test_photos_that_were_read_are_not_read_again(
    fitted_photos: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(DinoV2, "read", counted(DinoV2.read, read))
    folder, photos = fitted_photos.folder, find_photos(tmp_path / "photos")
    write_png(tmp_path / "photos" / "new.png", thing_photo(60, 80, 30))
    network = segmenting_network(folder).network
    segment_all(network, find_photos(tmp_path / "photos"), tmp_path / "out", mirror_average=False)
    assert len(read) == 1
    network.store = None
    for photo in photos:
        said = segment_photo(network, photo.read().pixels, mirror_average=False)
        kept = read_label_map(tmp_path / "out" / "labels" / photo.name, TWO_PARTS)
        assert (said.label_map == kept).mean() > 0.99
    assert len(read) == 1 + len(photos)
    shutil.rmtree(fitted_photos.features)
    again = segment_all(segmenting_network(folder).network, photos, tmp_path / "again", mirror_average=False)
    assert len(again.segmented) == len(photos)
    for photo in photos:
        paths = [tmp_path / name / "labels" / photo.name for name in ("out", "again")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not fitted_photos.features.exists()


def counted(read: Callable[..., Any], calls: list[int]) -> Callable[..., Any]:
    """The method, each of whose calls is noted."""

    def reading(self: DinoV2, images: torch.Tensor) -> Any:
        calls.append(len(images))
        return read(self, images)

    return reading


def kept(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in project.features.rglob("*.features")}


def test_shares_of_the_features_that_a_network_is_taught_with(
    fitted_photos: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partly.synthesis.distil.kept_features._PHOTOS_PER_PIECE", 2)
    (project_photos(fitted_photos)[2].path).write_bytes(b"no photo")
    shutil.rmtree(fitted_photos.features, ignore_errors=True)
    command = ["distil", str(fitted_photos.folder), "--workers", "1"]
    # Five photos are not labelled, one of which cannot be read.
    n_kept = []
    for share in ("2/2", "1/2", "2/2"):
        capsys.readouterr()
        assert run([*command, "--share", share, "--json"]) == 0
        n_kept.append((json.loads(capsys.readouterr().out)["n_pictures"], len(kept(fitted_photos))))
    assert n_kept == [(2, 2), (3, 4), (2, 4)]
    made = kept(fitted_photos)
    read_anew: list[str] = []
    keep = FeatureStore.keep

    def note(self: FeatureStore, source_digest: str, photo_sha256: str, pyramid: FeaturePyramid) -> bool:
        read_anew.append(photo_sha256)
        return keep(self, source_digest, photo_sha256, pyramid)

    monkeypatch.setattr(FeatureStore, "keep", note)
    assert run(command) == 0
    assert read_anew == []
    assert made.items() <= kept(fitted_photos).items()
    assert not fitted_photos.features.joinpath(".partly").exists()
