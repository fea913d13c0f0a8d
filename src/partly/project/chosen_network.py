"""The auto-shot network that a user means: a model folder, or a project's own."""

from __future__ import annotations

from pathlib import Path

from partly.errors import BadModelFile, BadProject
from partly.models.networks import AutoShotNetwork, load_network
from partly.project.project_folder import is_project


def network_of(folder: Path) -> AutoShotNetwork:
    """Load the network of a project or model folder.

    Raises:
        BadModelFile: it is neither, or the model is damaged.
        BadProject: the project has no network yet.
    """
    if not is_project(folder):
        if not (folder / "model.json").is_file():
            raise BadModelFile(
                "is neither a project nor a model folder",
                expected="a folder with project.toml, or with model.json and model.safetensors",
                path=folder,
            )
        return load_network(folder)
    model = folder / "models" / "auto_shot"
    if not (model / "model.json").is_file():
        raise BadProject("has no auto-shot network yet", remedy=f"Run: partly distil {folder}", path=folder)
    return load_network(model)
