"""What ``partly info`` tells: of this installation, of a model, of a project; without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from partly.errors import BadModelFile
from partly.models.zoo import DOWNLOADS, model_folder
from partly.project.label_quality_of_project import QUALITY, described_quality
from partly.project.model_digests import model_card
from partly.project.project_folder import is_project, open_project
from partly.project.project_state import state_of
from partly.storage import cache_folder, environment, list_runs


def describe(folder: Path | None) -> dict[str, Any]:
    """The installation (None), a project, or a model, as plain JSON values.

    Raises:
        BadModelFile: the folder is neither project nor model.
        BadProject: the project is damaged.
    """
    if folder is None:
        return _installation()
    if is_project(folder):
        return _project(folder)
    card = model_card(folder)
    if not card:
        raise BadModelFile(
            "is neither a project nor a model",
            expected="a folder with project.toml, or with a readable model.json",
            path=folder,
        )
    return {"model": str(folder), **_short(card)}


def _installation() -> dict[str, Any]:
    return {
        "versions": environment(),
        "cache": str(cache_folder()),
        "models": [
            {
                "name": name,
                "title": download.title,
                "is_here": (model_folder(name) / "model.json").is_file(),
                "folder": str(model_folder(name)),
            }
            for name, download in DOWNLOADS.items()
        ],
    }


def _project(folder: Path) -> dict[str, Any]:
    project = open_project(folder)
    return {
        **state_of(project).to_json(),
        "parts": list(project.part_set.names),
        **described_quality(project),
        "models": {
            name: _short(card)
            for name, path in (("few_shot", project.few_shot), ("auto_shot", project.auto_shot))
            if (card := model_card(path))
        },
        "runs": [
            {"folder": str(run.folder), "verb": run.verb, "is_finished": run.result is not None}
            for run in list_runs(project.runs)
        ],
    }


def _short(card: dict[str, Any]) -> dict[str, Any]:
    """A model's card, its part set by names only; what it says of labels stands beside the models."""
    values = {name: value for name, value in card.items() if name not in ("arguments", QUALITY)}
    arguments = dict(card.get("arguments", {}))
    for holder in (values, arguments):
        if isinstance(holder.get("part_set"), list):
            holder["part_set"] = [part.get("name") for part in holder["part_set"]]
    return {**values, "arguments": arguments}
