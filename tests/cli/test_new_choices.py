"""A new project begins with what is best known for its generator."""

from __future__ import annotations

import pytest

from partly.cli.command_line import run
from partly.fewshot.fitting.fit_options import ON_PHOTOS
from partly.project.photo_options import PhotoOptions
from partly.project.project_folder import open_project
from partly.project.project_settings import DRAWN_PORTRAITS, FEW_CHANNELS
from partly.synthesis.distil.distil_options import DistilConfig


def test_drawn_portraits_have_choices_of_their_own(tmp_path):
    assert run(["new", str(tmp_path / "drawn"), "--generator", "portraits"]) == 0
    settings = open_project(tmp_path / "drawn").settings
    assert (settings.few_shot, settings.auto_shot) == (FEW_CHANNELS, DRAWN_PORTRAITS)


def test_others_have_the_defaults(tmp_path):
    assert run(["new", str(tmp_path / "faces")]) == 0
    assert open_project(tmp_path / "faces").settings.auto_shot == DistilConfig()


PARTS = "background,head,body"


def test_photos_of_any_object(tmp_path, photo_folder, encoder_folder, capsys):
    project = tmp_path / "things"
    asked = ["--photos", str(photo_folder), "--features", str(encoder_folder), "--features-px", "112"]
    assert run(["new", str(project), *asked, "--parts", PARTS]) == 0
    said = capsys.readouterr().out
    assert f"Found 6 photos in {photo_folder}\n" in said
    assert f"Next: partly label {project}" in said
    settings = open_project(project).settings
    assert settings.generator == ""
    assert settings.photos == PhotoOptions("../photos", str(encoder_folder), 112)
    assert settings.few_shot == ON_PHOTOS
    assert settings.part_set.names == ("background", "head", "body")


def test_a_network_that_is_to_be_got_first(tmp_path, photo_folder, capsys):
    assert run(["new", str(tmp_path / "p"), "--photos", str(photo_folder), "--parts", PARTS]) == 0
    assert "Next: partly get dinov2-small" in capsys.readouterr().out


def test_generator_and_photos(tmp_path, photo_folder):
    made = ["new", str(tmp_path / "p"), "--photos", str(photo_folder), "--generator", "portraits"]
    assert run(made) == 0
    settings = open_project(tmp_path / "p").settings
    assert (settings.generator, settings.fitted_on, settings.few_shot) == (
        "portraits",
        "generator",
        FEW_CHANNELS,
    )
    assert settings.photos.folder == "../photos"
    assert run([*made[:1], str(tmp_path / "q"), *made[2:], "--fit-on-photos"]) == 0
    settings = open_project(tmp_path / "q").settings
    assert (settings.fitted_on, settings.few_shot) == ("photos", ON_PHOTOS)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--photos", "none"], "none: no such file; expected a photo"),
        (["--photos", "empty"], "empty: holds no photos; expected files named"),
        (["--photos", "photos"], "photos of an object without its parts; expected --parts with their"),
        (
            ["--photos", "photos", "--parts", PARTS, "--features", "dinov9"],
            "there is no network 'dinov9' that reads photos; expected ",
        ),
        (["--photos", "photos", "--parts", PARTS, "--classes", "a"], "classes without a generator; expected"),
        (["--features-px", "448"], "a network that reads photos, without photos; expected --photos with"),
        (["--photos", "photos", "--parts", PARTS, "--features-px", "0"], "features_px is 0; expected 1 or"),
    ],
)
def test_what_is_refused(tmp_path, photo_folder, monkeypatch, capsys, asked, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert photo_folder.name == "photos"
    assert run(["new", "project", *asked]) in (1, 2)
    assert said in capsys.readouterr().err
    assert not (tmp_path / "project").exists()
