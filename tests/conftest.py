"""What tests of several rooms need: an empty cache, a generator on disk, a project with a label."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from partly.data.labels.annotation import Annotation, save_annotation
from partly.data.labels.part_sets import PartSet
from partly.data.photos.encoding import write_png
from partly.fewshot.fitting.fit_options import ON_PHOTOS
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from partly.project.fit_verb import fit_project
from partly.project.photo_options import PhotoOptions
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project, create_project
from partly.project.project_settings import Settings
from partly.project.proposed_pictures import keep_photo
from partly.synthesis.distil.distil_options import DistilConfig
from tests.fakes import TWO_PARTS, thing_annotation, thing_labels, thing_photo, tiny_encoder, tiny_generator
from tests.folder_budgets import FolderBudgets, Spent, read_budgets

PHOTO_SHAPES = ((90, 120), (120, 90), (100, 100), (70, 140), (140, 60), (96, 128))
"""Of the photos in ``photo_folder``, which are called 0.png, 1.png, ..."""

TINY_CHOICES = DistilConfig(n_pictures=30, size_px=32, architecture="unet-small", pretrained=False, n_steps=3)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--budgets", action="store_true", help="Fail where a folder of tests is over its budget of time."
    )


def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs the tests in the background lets them ignore Ctrl-C, which some of them press.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    budgets = FolderBudgets(Spent(read_budgets()), strict=config.getoption("budgets"))
    config.pluginmanager.register(budgets, "folder-budgets")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, so that no test sees, or changes, the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PARTLY_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def generator_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of a generator of 64 px with random weights."""
    folder = tmp_path_factory.mktemp("generator")
    tiny_generator().save(folder, {"title": "tiny"})
    return folder


@pytest.fixture(scope="session")
def generator(generator_folder: Path) -> MobileStyleGAN:
    """The generator of ``generator_folder``."""
    made = tiny_generator()
    made.save(generator_folder, {"title": "tiny"})
    return made


@pytest.fixture
def annotation(generator: MobileStyleGAN) -> Annotation:
    """A labelled picture of the tiny generator."""
    return thing_annotation(generator, 0)


@pytest.fixture
def make_project(tmp_path: Path, generator_folder: Path) -> Callable[..., Project]:
    """Makes a project of the tiny generator with tiny choices."""

    def make(name: str = "project", part_set: PartSet = TWO_PARTS) -> Project:
        settings = Settings(str(generator_folder), part_set, auto_shot=TINY_CHOICES)
        return create_project(tmp_path / name, settings)

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """An empty project."""
    return make_project()


@pytest.fixture
def labelled_project(project: Project, annotation: Annotation) -> Project:
    """A project with one annotation."""
    save_annotation(project.annotations, annotation, project.part_set)
    return project


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of a tiny network that reads photos of any shape."""
    folder = tmp_path_factory.mktemp("encoder")
    tiny_encoder().save(folder, {"title": "tiny"})
    return folder


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Photos of things, of several shapes; photo ``i`` is drawn from the seed ``i``."""
    for seed, (height, width) in enumerate(PHOTO_SHAPES):
        write_png(tmp_path / "photos" / f"{seed}.png", thing_photo(height, width, seed))
    return tmp_path / "photos"


@pytest.fixture
def photo_project(tmp_path: Path, photo_folder: Path, encoder_folder: Path) -> Project:
    """A project of these photos without a generator, and without labels."""
    photos = PhotoOptions("../photos", str(encoder_folder), 112)
    settings = Settings("", TWO_PARTS, ON_PHOTOS, TINY_CHOICES, photos=photos)
    return create_project(tmp_path / "project-of-photos", settings)


def label_photo(project: Project, seed: int) -> None:
    """Label the photo of a seed in a project of these photos, by the truth."""
    photo = next(photo for photo in project_photos(project) if photo.name == f"{seed}.png")
    annotation = keep_photo(project, photo).annotation(thing_labels(*PHOTO_SHAPES[seed], seed))
    save_annotation(project.annotations, annotation, project.part_set)


@pytest.fixture
def fitted_photos(photo_project: Project) -> Project:
    """The project of these photos with one of them labelled, and fitted."""
    label_photo(photo_project, 0)
    fit_project(photo_project)
    return photo_project
