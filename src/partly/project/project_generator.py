"""The generator of a project, which draws the classes that its ``project.toml`` names."""

from __future__ import annotations

from partly.errors import BadOption, BadProject
from partly.models.generators import Generator, draw_classes
from partly.models.zoo import load_generator
from partly.project.project_folder import Project
from partly.project.project_settings import FILE_NAME


def load_project_generator(project: Project) -> Generator:
    """The project's generator; its pictures show the classes of ``project.toml`` in turn, or all.

    Raises:
        NotAvailable: it is not on this machine.
        BadModelFile: it is damaged.
        BadProject: the project has none, or it knows no such class.
    """
    if not project.settings.generator:
        raise BadProject(
            "names no generator: this is a project of photos",
            expected="a project with a generator",
            path=project.folder / FILE_NAME,
        )
    generator = load_generator(project.generator_source)
    try:
        draw_classes(generator, project.settings.classes)
    except BadOption as error:
        raise BadProject(
            f"{error.found} (classes)",
            expected=error.expected,
            remedy="Mend it by hand; without the key, all classes are drawn in turn",
            path=project.folder / FILE_NAME,
        ) from error
    return generator
