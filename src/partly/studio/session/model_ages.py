"""Which models a project has, and whether they are made from the labels of now."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from partly.errors import BadLabel
from partly.project import FILE_NAME, Freshness, Project, model_digest, state_of
from partly.studio.session.studio_paths import changed_at

Age = Literal["missing", "stale", "ready"]
_AGES: dict[Freshness, Age] = {"missing": "missing", "outdated": "stale", "ready": "ready"}


@dataclass(frozen=True)
class MadeModels:
    """Which models there are, and whether they are made from the labels of now.

    Attributes:
        few_shot: the few-shot segmenter.
        auto_shot: the auto-shot network.
        onnx: whether the exported file is that of the network.
    """

    few_shot: Age = "missing"
    auto_shot: Age = "missing"
    onnx: bool = False


class ModelAges:
    """Looks which models are made from the labels of now; again only when something has changed."""

    def __init__(self) -> None:
        self._key: object = None
        self._models = MadeModels()

    def models(self, project: Project, *, has_unsaved: bool) -> MadeModels:
        """The models of a project; labels that are not written yet make those that are there stale."""
        watched = [
            project.folder / FILE_NAME,
            *sorted(project.annotations.glob("*.json")),
            *(project.folder / "models").glob("*/*"),
        ]
        key = (has_unsaved, "torch" in sys.modules, [(path, changed_at(path)) for path in watched])
        if key != self._key:
            self._models, self._key = _look(project, has_unsaved), key
        return self._models


def _look(project: Project, has_unsaved: bool) -> MadeModels:
    try:
        state = state_of(project)
    except BadLabel:
        # A damaged annotation is told where it is opened; no model is made from such labels.
        ages = [_age_by_file(folder) for folder in (project.few_shot, project.auto_shot)]
    else:
        ages = [_AGES[state.few_shot], _AGES[state.auto_shot]]
    if has_unsaved:
        ages = ["stale" if age == "ready" else age for age in ages]
    return MadeModels(ages[0], ages[1], _is_exported(project))


def _age_by_file(folder: Path) -> Age:
    return "missing" if model_digest(folder) is None else "stale"


def _is_exported(project: Project) -> bool:
    if not (project.auto_shot / "network.onnx").is_file():
        return False
    if "torch" not in sys.modules:
        return True  # looking closer imports torch, which the worker is about to do
    from partly.project import current_network_file

    return current_network_file(project.folder) is not None
