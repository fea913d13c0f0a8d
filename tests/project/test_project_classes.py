"""A project whose generator knows classes: which of them its pictures show."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.errors import BadProject
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.latent_sampling import pictures_digest
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import create_project, open_project
from partly.project.project_generator import load_project_generator
from partly.project.project_settings import Settings
from partly.project.project_state import state_of
from partly.project.proposed_pictures import propose_pictures
from tests.fakes import TWO_PARTS

NAMES = ("cat", "dog", "cow")


@pytest.fixture
def generator_folder(tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        generator = DCGAN(DCGANShape(16, z_dim=4, last_channels=4, classes=NAMES)).eval()
    generator.class_means[:, 4:] = 2 * torch.eye(3)
    generator.save(tmp_path / "generator", {})
    return tmp_path / "generator"


def shown(picture) -> str:
    return NAMES[int(picture.w[0, 4:].argmax())]


@pytest.mark.parametrize("classes", [(), ("dog",), ("cow", "cat")])
def test_proposals_show_the_classes_of_the_project(tmp_path, generator_folder, classes):
    project = create_project(tmp_path / "p", Settings(str(generator_folder), TWO_PARTS, classes=classes))
    generator = load_project_generator(open_project(project.folder))
    pictures = propose_pictures(project, generator, PicturesRequest(12, n_candidates=12))
    counts = {name: [shown(p) for p in pictures].count(name) for name in NAMES}
    wanted = classes or NAMES
    assert counts == {name: 12 // len(wanted) if name in wanted else 0 for name in NAMES}
    assert (pictures_digest(generator) == generator.digest) == (not classes)


def test_a_class_that_the_generator_does_not_know(tmp_path, generator_folder):
    project = create_project(tmp_path / "p", Settings(str(generator_folder), TWO_PARTS, classes=("horse",)))
    text = r"project\.toml: the generator knows no class 'horse' \(classes\); expected one of cat, dog, cow"
    with pytest.raises(BadProject, match=text):
        load_project_generator(project)


def test_a_new_project_of_some_classes(tmp_path, generator_folder):
    words = ["new", str(tmp_path / "p"), "--generator", str(generator_folder), "--parts", "background,thing"]
    result = CliRunner().invoke(cli, [*words, "--classes", "dog, cow"])
    assert result.exit_code == 0, result.output
    assert open_project(tmp_path / "p").settings.classes == ("dog", "cow")
    words[1] = str(tmp_path / "other")
    result = CliRunner().invoke(cli, [*words, "--classes", "horse"])
    assert "knows no class 'horse'" in str(result.exception) + result.output
    assert not (tmp_path / "other").exists()


def test_a_segmenter_of_other_classes_is_outdated(tmp_path, generator_folder):
    settings = Settings(str(generator_folder), TWO_PARTS, classes=("dog",))
    project = create_project(tmp_path / "p", settings)
    digest = json.loads((generator_folder / "model.json").read_text())["weights_sha256"]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    parents = {"generator_sha256": digest, "annotations_sha256": empty, "classes": ["dog"]}
    project.few_shot.mkdir(parents=True)
    card = {"parents": parents, "part_set": TWO_PARTS.to_json()}
    (project.few_shot / "model.json").write_text(json.dumps(card))
    assert state_of(project).few_shot == "ready"
    assert state_of(replace(project, settings=replace(settings, classes=()))).few_shot == "outdated"
