"""The project that a studio opens: the one that is there, or a new one with nothing to prepare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from partly.data.labels import FACE_PARTS
from partly.errors import BadOption
from partly.models.zoo import ENCODER, model_folder
from partly.project import (
    EMBEDDED,
    NO_DOWNLOAD,
    Project,
    Settings,
    create_project,
    generator_reference,
    is_project,
    open_project,
    usual_choices,
)

DEFAULT_FOLDER = Path("my-parts")
_FACES = "ffhq"


@dataclass(frozen=True)
class OpenedProject:
    """What is opened.

    Attributes:
        project: the project.
        notes: what should be known of it, a line each.
    """

    project: Project
    notes: tuple[str, ...]


def open_or_create(folder: Path, generator: str | None = None) -> OpenedProject:
    """The project in a folder, made if it is not there.

    Args:
        folder: where it is, or will be.
        generator: of a new one: a name or a model folder. None: faces if their generator is on this machine,
            else the portraits that come with Partly.

    Raises:
        BadOption: there is no such generator, or the project has another one.
        BadProject: the project is damaged, or the folder holds something else.
    """
    if is_project(folder):
        project = open_project(folder)
        _check_generator(project, generator)
        return OpenedProject(project, ())
    chosen, why = _generator(generator)
    few_shot, auto_shot = usual_choices(chosen)
    if auto_shot.pretrained and not _is_here(ENCODER):
        # It must work with what is on this machine.
        auto_shot = NO_DOWNLOAD
    project = create_project(folder, Settings(chosen, FACE_PARTS, few_shot, auto_shot))
    return OpenedProject(
        project, (f"Made {folder} with the generator {chosen} and the parts of a face.", *why)
    )


def _generator(asked: str | None) -> tuple[str, tuple[str, ...]]:
    if asked is not None:
        return generator_reference(asked), ()
    if _is_here(_FACES):
        return _FACES, ()
    return EMBEDDED, (
        f"These are drawn portraits. For photos of faces: partly get {_FACES}, then partly label my-faces.",
    )


def _is_here(name: str) -> bool:
    return (model_folder(name) / "model.json").is_file()


def _check_generator(project: Project, asked: str | None) -> None:
    if asked is not None and generator_reference(asked) != project.settings.generator:
        raise BadOption(
            f"the project has the generator {project.settings.generator}",
            expected=asked,
            remedy="Leave out --generator, or name a folder for a new project",
            path=project.folder,
        )
