"""A project whose generator knows classes: which of them its pictures show."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from partly.cli.command_line import cli
from partly.errors import BadProject
from partly.fewshot.acquisition.representative_pictures import representative
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.models.generators.dcgan_generator import DCGAN, DCGANShape
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import pictures_digest
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import create_project, open_project
from partly.project.project_generator import load_project_generator
from partly.project.project_settings import Settings
from partly.project.project_state import state_of
from partly.project.proposed_pictures import find_picture, propose_pictures
from partly.studio.session.picture_supply import GeneratedPictures
from tests.fakes import TWO_PARTS, tiny_generator

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


def test_the_best_of_each_class_is_proposed_first(tmp_path, generator_folder):
    project = create_project(tmp_path / "p", Settings(str(generator_folder), TWO_PARTS))
    generator = load_project_generator(open_project(project.folder))
    for together in (False, True):
        pictures = propose_pictures(
            project, generator, PicturesRequest(4, n_candidates=30, together=together, seed=int(together))
        )
        first = pictures if together else pictures[:3]
        assert {shown(picture) for picture in first} == set(NAMES)
        for picture in pictures:
            assert find_picture(project, picture.id).kind == picture.kind == shown(picture)
    alone = propose_pictures(project, generator, PicturesRequest(1, n_candidates=30, seed=0))
    assert alone[0].id == propose_pictures(project, generator, PicturesRequest(4, n_candidates=30))[0].id


def test_classes_that_are_covered_are_not_proposed_first(tmp_path, generator_folder):
    source = GeneratorFeatures(load_generator(generator_folder))
    known = []
    for seed in range(3):
        [one] = representative(source, 1, n_candidates=12, seed=seed, known=known)
        assert one.picture.kind not in {picture.kind for picture in known}
        known.append(one.picture)
    assert {picture.kind for picture in known} == set(NAMES)
    four = representative(source, 4, n_candidates=12, seed=9)
    assert {proposal.picture.kind for proposal in four} == set(NAMES)
    assert sum(proposal.score for proposal in four) == pytest.approx(1)


def test_the_studio_begins_with_a_picture_of_each_code(tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        codes = tuple(f"code {i}" for i in range(1, 11))
        shape = MLPShape(8, z_dim=4, hidden=(6,), classes=codes, n_continuous_codes=1)
        generator = MLPGenerator(shape).eval()
    source = GeneratorFeatures(generator)
    supply = GeneratedPictures(None, source)
    assert supply.n_at_first(8) == 10
    assert supply.n_at_first(12) == 12
    proposals = representative(source, supply.n_at_first(8), n_candidates=40)
    assert sorted(p.picture.kind for p in proposals) == sorted(codes)
    assert GeneratedPictures(None, GeneratorFeatures(tiny_generator())).n_at_first(8) == 8
