"""``partly invert PROJECT PHOTO --label FILE``: an annotation that can be fitted on, and what is refused."""

import json

import numpy as np
import pytest

from partly.cli.command_line import run
from partly.data.labels import list_annotations, write_label_map
from partly.data.photos import read_photo, write_png
from partly.errors import BadLabel, BadOption, BadProject
from partly.inference.invert import InvertOptions
from partly.models.generators import pixels_of, sample_w
from partly.project.fit_verb import fit_project
from partly.project.labelled_latents import label_through_latent
from partly.project.proposed_pictures import find_picture
from tests.fakes import TWO_PARTS

QUICK = InvertOptions(n_steps=2)


@pytest.fixture
def photo(tmp_path, generator):
    write_png(tmp_path / "cat.png", pixels_of(generator.synthesise(sample_w(generator, 3, 0))))
    return tmp_path / "cat.png"


@pytest.fixture
def label(tmp_path):
    label_map = np.zeros((64, 64), np.uint8)
    label_map[20:40, 10:50] = 1
    write_label_map(tmp_path / "label.png", label_map, TWO_PARTS)
    return tmp_path / "label.png"


def test_a_photo_becomes_a_labelled_picture(project, photo, label, capsys):
    line = ["invert", str(project.folder), str(photo), "--label", str(label), "--steps", "2"]
    assert run([*line, "--json"]) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["annotation"] == "found-cat"
    [annotation] = list_annotations(project.annotations, TWO_PARTS)
    picture = find_picture(project, "found-cat")
    assert annotation.w.tobytes() == picture.w.tobytes()
    assert annotation.label_map.sum() == 20 * 40
    assert read_photo(told["overlay"]).pixels.shape[1] > 3 * 64
    assert "See that photo, picture and label agree" in said.err
    fit_project(project)
    assert run(line) != 0
    assert "annotation 'found-cat' exists already" in capsys.readouterr().err


def test_a_label_of_another_size(project, photo, tmp_path):
    write_label_map(tmp_path / "small.png", np.ones((32, 32), np.uint8), TWO_PARTS)
    with pytest.raises(BadLabel, match="64"):
        label_through_latent(str(project.folder), photo, tmp_path / "small.png", QUICK)


def test_a_generator_alone_has_no_parts(generator_folder, photo, label):
    with pytest.raises(BadOption, match="is no project"):
        label_through_latent(str(generator_folder), photo, label, QUICK)


def test_a_project_of_photos(photo_project, photo, label):
    with pytest.raises(BadProject, match="names no generator"):
        label_through_latent(str(photo_project.folder), photo, label, QUICK)


def test_one_photo_at_a_time(project, photo, label, capsys):
    assert run(["invert", str(project.folder), str(photo), str(photo), "--label", str(label)]) != 0
    assert "--label takes one photo" in capsys.readouterr().err
