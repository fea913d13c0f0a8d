"""By what the project's models know what they were made from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partly.data.labels import Annotation
from partly.project.project_folder import Project
from partly.storage import parsed_json


def classes_drawn(project: Project) -> dict[str, Any]:
    """The classes that the project draws, among what a model was made from; nothing where it draws all."""
    return {"classes": list(project.settings.classes)} if project.settings.classes else {}


def annotations_digest(annotations: Sequence[Annotation]) -> str:
    """SHA-256 of ids, label maps, latents and photos of annotations."""
    digest = hashlib.sha256()
    for annotation in annotations:
        digest.update(f"{annotation.id} {annotation.label_map.shape}\n".encode())
        digest.update(annotation.label_map.tobytes())
        digest.update(b"" if annotation.w is None else annotation.w.tobytes())
        digest.update((annotation.photo_sha256 or "").encode())
    return digest.hexdigest()


def model_digest(folder: Path) -> str | None:
    """Digest of the weights of a model folder by its card; None where there is no readable card."""
    digest = model_card(folder).get("weights_sha256")
    return digest if isinstance(digest, str) else None


def model_part_set(folder: Path) -> Any:
    """The part set of a model folder as JSON, by its card; None where there is none."""
    card = model_card(folder)
    return card.get("part_set", card.get("arguments", {}).get("part_set"))


def fitted_on_photos(folder: Path) -> bool:
    """Whether a model folder holds a few-shot segmenter that was fitted on features of photos."""
    return "encoder_sha256" in dict(model_card(folder).get("parents", {}))


def model_card(folder: Path) -> dict[str, Any]:
    """``model.json`` of a model folder as it stands there, without torch; empty where there is none."""
    try:
        values = parsed_json((folder / "model.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
