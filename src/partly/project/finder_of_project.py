"""The project's object finder, with which photos are segmented wherever the objects in them are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from partly.errors import BadOption, BadProject
from partly.machine import PROCESSOR, Machine
from partly.models.networks import ObjectFinder, load_finder
from partly.project.model_digests import model_card, model_digest
from partly.project.project_folder import Project, is_project, open_project
from partly.storage import Provenance


def make_finder(
    project: Project,
    train: Callable[[], ObjectFinder],
    parents: dict[str, Any],
    machine: Machine = PROCESSOR,
) -> bool:
    """Make the object finder, and keep it in the project, unless it is there.

    Args:
        project: where it is kept.
        train: gives it.
        parents: what it depends on: plain JSON values.
        machine: what it is made on; of several processes, the first keeps it.

    Returns:
        Whether it was there already.
    """
    was_there = Provenance(parents).matches(model_card(project.finder).get("parents", {}))
    if was_there:
        return True
    finder = train()
    if machine.ranks.is_first:
        finder.save(project.finder, {"parents": parents, **machine.described})
    machine.ranks.wait()
    return False


def has_finder(project: Project) -> bool:
    """Whether the project has an object finder that was made for the network of now."""
    network = model_digest(project.auto_shot)
    return network is not None and _network_of_finder(project) == network


def finder_of(folder: Path) -> ObjectFinder:
    """Load the object finder of a project, for use.

    Raises:
        BadOption: the folder is no project.
        BadProject: the project has none yet, or one for another network.
        BadModelFile: it is damaged.
    """
    if not is_project(folder):
        raise BadOption(
            "--anywhere with a model folder",
            expected="a project, whose models/finder finds the objects",
            path=folder,
        )
    project = open_project(folder)
    if not (project.finder / "model.json").is_file():
        raise BadProject(
            "has no object finder yet", remedy=f"Run: partly distil {folder} --anywhere", path=folder
        )
    if not has_finder(project):
        raise BadProject(
            "the object finder was made for another network, whose objects it knows",
            expected="one that was made for the network of now",
            remedy=f"Run: partly distil {folder} --anywhere",
            path=project.finder,
        )
    return load_finder(project.finder).for_inference()


def _network_of_finder(project: Project) -> Any:
    return dict(model_card(project.finder).get("parents", {})).get("network_sha256")
