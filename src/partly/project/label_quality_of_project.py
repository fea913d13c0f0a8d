"""How good the labels of a project are, as its last fit measured it; without torch."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from partly.fewshot.fitting import LabelQuality
from partly.project.model_digests import model_card
from partly.project.project_folder import Project

QUALITY = "quality"
"""Name of it in the card of the segmenter, and in what a run of the fit wrote down."""


def kept_quality(project: Project) -> LabelQuality | None:
    """What was measured when the project's segmenter was fitted; None where nobody wrote it down."""
    values = model_card(project.few_shot).get(QUALITY)
    try:
        return LabelQuality.from_json(values) if isinstance(values, dict) else None
    except (KeyError, TypeError):
        return None


def label_next(folder: Path, quality: LabelQuality | None) -> str | None:
    """The command that proposes what to label next, for the part that is worst; None where none is."""
    worst = quality.worst if quality is not None else None
    return None if worst is None else f"partly pictures {folder} --unsure-of {shlex.quote(worst.part)}"


def described_quality(project: Project) -> dict[str, Any]:
    """The same as plain JSON values, for ``partly info``; empty where nobody wrote it down."""
    quality = kept_quality(project)
    if quality is None:
        return {}
    worst = quality.worst
    return {
        "label_quality": quality.to_json(),
        "worst_part": None if worst is None else worst.part,
        "label_next": label_next(project.folder, quality),
    }
