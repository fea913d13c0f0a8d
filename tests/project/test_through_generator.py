"""``partly segment PROJECT PHOTO --through-generator``: what it says and writes, and what it refuses."""

import json

import pytest

from partly.cli.command_line import run
from partly.data.photos import write_png
from partly.errors import BadOption, BadProject
from partly.machine import PROCESSOR
from partly.models.generators import pixels_of, sample_w
from partly.project.fit_verb import fit_project
from partly.project.segment_choices import SegmentChoice
from partly.project.through_generator import loader_of, network_through_generator, what_segments
from partly.project.through_generator_options import ThroughGenerator
from tests.fakes import tiny_generator

QUICK = ThroughGenerator(is_chosen=True, n_steps=2)


@pytest.fixture
def photo(tmp_path, generator):
    write_png(tmp_path / "photo.png", pixels_of(generator.synthesise(sample_w(generator, 3, 0)))[:48])
    return tmp_path / "photo.png"


@pytest.fixture
def fitted(labelled_project):
    fit_project(labelled_project)
    return labelled_project


def segment(project, photo, out, *more):
    line = ["segment", str(project.folder), str(photo), "--out", str(out), "--through-generator"]
    return run([*line, *more])


def test_a_photo_is_segmented_without_a_network_and_kept(fitted, photo, tmp_path, capsys):
    out = tmp_path / "out"
    assert segment(fitted, photo, out, "--search-steps", "2", "--json") == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["with"] == "through generator"
    assert told["segmented"] == ["photo.png"]
    assert (
        "Each photo is searched for in the generator, by pixel distance: 2 steps a photo, about" in said.err
    )
    assert "partly invert --learn" in said.err
    assert segment(fitted, photo, out, "--search-steps", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["kept"] == ["photo.png"]
    assert segment(fitted, photo, out, "--search-steps", "3", "--json") == 0
    assert json.loads(capsys.readouterr().out)["segmented"] == ["photo.png"]


def test_other_processes_load_the_same(fitted):
    loaded = loader_of(fitted.folder, SegmentChoice(), QUICK, None)()
    assert loaded.digest == network_through_generator(fitted.folder, QUICK).digest


def test_an_engine_is_refused(fitted, photo, tmp_path, capsys):
    assert segment(fitted, photo, tmp_path / "out", "--engine", "onnxruntime") != 0
    assert "a search needs slopes" in capsys.readouterr().err


def test_options_that_do_not_go_together(fitted, photo, tmp_path, capsys):
    assert segment(fitted, photo, tmp_path / "out", "--with", "network") != 0
    assert "both --with network and --through-generator" in capsys.readouterr().err
    with pytest.raises(BadOption, match="--search-steps without --through-generator"):
        ThroughGenerator(n_steps=3).check_with(SegmentChoice())


def test_a_project_that_is_not_fitted(labelled_project):
    with pytest.raises(BadProject, match=r"no few-shot segmenter yet.*Run: partly fit"):
        network_through_generator(labelled_project.folder, QUICK)


def test_a_project_of_photos_has_no_generator(photo_project):
    with pytest.raises(BadProject, match="names no generator"):
        network_through_generator(photo_project.folder, QUICK)


def test_a_segmenter_that_reads_photos(fitted):
    card = fitted.few_shot / "model.json"
    told = json.loads(card.read_text())
    told["parents"]["encoder_sha256"] = "0" * 64
    card.write_text(json.dumps(told))
    with pytest.raises(BadOption, match=r"reads photos.*Leave --through-generator out"):
        network_through_generator(fitted.folder, QUICK)


def test_a_folder_that_is_no_project(tmp_path):
    with pytest.raises(BadOption, match="--through-generator without a project"):
        network_through_generator(tmp_path, QUICK)


def test_a_segmenter_of_another_generator(fitted, tmp_path):
    tiny_generator(1).save(tmp_path / "other", {"title": "other"})
    file = fitted.folder / "project.toml"
    text = file.read_text()
    old = next(line for line in text.splitlines() if line.startswith("generator ="))
    file.write_text(text.replace(old, f'generator = "{tmp_path / "other"}"'))
    with pytest.raises(BadProject, match=r"fitted with another generator.*Run: partly fit"):
        network_through_generator(fitted.folder, QUICK)


def test_without_it_a_network_segments(fitted):
    with pytest.raises(BadProject, match="no auto-shot network yet"):
        what_segments(fitted.folder, SegmentChoice(), ThroughGenerator(), PROCESSOR)
