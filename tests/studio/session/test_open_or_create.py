import pytest

from partly.data.labels.part_sets import FACE_PARTS
from partly.errors import BadOption, BadProject
from partly.models.zoo.downloads import model_folder
from partly.project.project_folder import open_project
from partly.studio.session.project_opening import open_or_create


def put_in_cache(name):
    folder = model_folder(name)
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}")


def test_with_nothing_there_it_is_the_embedded_generator(tmp_path):
    start = open_or_create(tmp_path / "my-parts")
    assert start.project.settings.generator == "portraits"
    assert start.project.part_set == FACE_PARTS
    assert not start.project.settings.auto_shot.pretrained
    assert start.notes == (
        f"Made {tmp_path / 'my-parts'} with the generator portraits and the parts of a face.",
        "These are drawn portraits. For photos of faces: partly get ffhq, then partly label my-faces.",
    )
    assert open_or_create(tmp_path / "my-parts") == type(start)(start.project, ())


def test_faces_if_their_generator_is_here(tmp_path):
    put_in_cache("ffhq")
    start = open_or_create(tmp_path / "a")
    assert start.project.settings.generator == "ffhq"
    assert not open_project(tmp_path / "a").settings.auto_shot.pretrained
    assert len(start.notes) == 1
    put_in_cache("efficientnet-lite0")
    assert open_or_create(tmp_path / "b").project.settings.auto_shot.pretrained


def test_a_generator_of_ones_own(tmp_path, generator_folder):
    start = open_or_create(tmp_path / "a", str(generator_folder))
    assert start.project.settings.generator == str(generator_folder)
    assert open_or_create(tmp_path / "a", str(generator_folder)).notes == ()
    with pytest.raises(BadOption, match=r"the project has the generator .*; expected portraits. Leave out"):
        open_or_create(tmp_path / "a", "portraits")


def test_a_folder_with_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadProject, match="is not empty"):
        open_or_create(tmp_path)
