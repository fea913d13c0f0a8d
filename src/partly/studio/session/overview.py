"""All that the page shows, as plain JSON values."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from partly.studio.session.model_ages import MadeModels, next_step
from partly.studio.session.photo_network import MAX_PHOTO_BYTES, MAX_PHOTO_PIXELS
from partly.studio.session.workspace import Workspace


def parts_json(workspace: Workspace) -> list[dict[str, Any]]:
    """The parts, in order of their ids."""
    with workspace.lock:
        parts = workspace.parts.history.part_set.parts
    return [{"name": part.name, "colour": list(part.colour), "mirror": part.mirror} for part in parts]


def picture_json(workspace: Workspace, picture_id: str) -> dict[str, Any]:
    """A picture of the tray."""
    with workspace.lock:
        choices, facts = workspace.tray.choices(picture_id), workspace.label_maps.facts(picture_id)
    is_accepted = choices.accepted is not None and facts.n_strokes >= choices.accepted
    painted = "accepted" if is_accepted else "painted"
    return {
        "id": picture_id,
        "status": painted if facts.labelled_share else "new",
        "pinned": choices.pinned,
        "skipped": choices.skipped,
        "reason": choices.reason,
        "score": choices.score,
        "labelled_share": facts.labelled_share,
        "n_parts_labelled": len(facts.parts),
    }


def overview(workspace: Workspace, models: MadeModels) -> dict[str, Any]:
    """Project, parts, pictures and models."""
    with workspace.lock:
        project = workspace.parts.project
        pictures = [picture_json(workspace, picture_id) for picture_id in workspace.tray.ids()]
        sizes_px = [workspace.tray.picture(picture["id"]).size_px for picture in pictures[:1]]
        parts, parts_version = parts_json(workspace), workspace.parts.history.version
        ids = frozenset().union(*(workspace.label_maps.facts(picture["id"]).parts for picture in pictures))
    missing = [part["name"] for i, part in enumerate(parts) if i not in ids]
    n_labelled = sum(picture["labelled_share"] > 0 for picture in pictures)
    return {
        "version": version("partly"),
        "project": {
            "name": project.folder.resolve().name,
            "folder": str(project.folder),
            "generator": project.settings.generator,
            "size_px": sizes_px[0] if sizes_px else None,
        },
        "parts": parts,
        "parts_version": parts_version,
        "pictures": pictures,
        "models": {"few_shot": models.few_shot, "auto_shot": models.auto_shot, "onnx": models.onnx},
        "limits": {"photo_bytes": MAX_PHOTO_BYTES, "photo_pixels": MAX_PHOTO_PIXELS},
        "missing_parts": missing,
        "next_step": next_step(len(pictures), n_labelled, len(ids), missing, models),
    }
