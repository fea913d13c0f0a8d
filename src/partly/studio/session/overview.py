"""All that the page shows, as plain JSON values, and what to do next, in the words of the page."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from partly.errors import listed
from partly.project import Project
from partly.storage import values_of
from partly.studio.session.job_forms import job_forms
from partly.studio.session.model_ages import MadeModels
from partly.studio.session.photo_network import MAX_PHOTO_BYTES, MAX_PHOTO_PIXELS
from partly.synthesis.distil import EFFORTS

if TYPE_CHECKING:
    from partly.studio.session.session import Session


def overview(session: Session) -> dict[str, Any]:
    """All that the page shows; pictures and labels that another command has made meanwhile are taken in."""
    workspace, proposing = session.workspace, session.proposals.progress
    if workspace.look():
        session.follower.ask()
        session.wall.look()
    models = session.model_ages.models(session.project, has_unsaved=session.saver.has_unsaved)
    album = _album(session)
    return (
        {"version": version("partly")}
        | _pictures_and_parts(session, models)
        | {
            "models": {"few_shot": models.few_shot, "auto_shot": models.auto_shot, "onnx": models.onnx},
            "distil": _distil_by_effort(session.project),
            "forms": job_forms(session.project.settings),
            "limits": {"photo_bytes": MAX_PHOTO_BYTES, "photo_pixels": MAX_PHOTO_PIXELS},
            "wall": session.wall.ids(),
            "wall_ready": session.wall.ready(),
            "proposing": None if proposing is None else {"done": proposing[0], "total": proposing[1]},
            "live": session.models.state,
            "quality": session.quality.to_json(),
            "jobs": [job.to_json() for job in session.jobs.list()],
            "problems": workspace.problems,
            "n_photos": session.photo_folder.count() if album is None else album["n_photos"],
            "album": album,
        }
    )


def _pictures_and_parts(session: Session, models: MadeModels) -> dict[str, Any]:
    workspace = session.workspace
    with workspace.lock:
        project = workspace.parts.project
        pictures = [session.pictures.facts(picture_id) for picture_id in workspace.tray.ids()]
        parts, parts_version = workspace.parts.to_json(), session.parts.version
        ids = frozenset().union(*(workspace.label_maps.facts(picture["id"]).parts for picture in pictures))
    missing = [part["name"] for i, part in enumerate(parts) if i not in ids]
    n_labelled = sum(picture["labelled_share"] > 0 for picture in pictures)
    return {
        "project": {
            "name": project.folder.resolve().name,
            "folder": str(project.folder),
            "generator": project.settings.generator,
            "labels": "photos" if session.photo_choosing is not None else "pictures",
            "photos": project.settings.photos.folder,
        },
        "parts": parts,
        "parts_version": parts_version,
        "pictures": pictures,
        "missing_parts": missing,
        "next_step": next_step(
            len(pictures), n_labelled, len(ids), missing, models, project.settings.fitted_on
        ),
    }


def _album(session: Session) -> dict[str, Any] | None:
    """The photos that are labelled, and how far their features are; None where pictures are generated."""
    if session.photo_choosing is None or session.maker is None:
        return None
    done, total = session.maker.progress
    return {
        "n_photos": len(session.photo_choosing),
        "features": {"done": done, "total": total},
        "passed_over": session.photo_choosing.passed_over,
    }


def _distil_by_effort(project: Project) -> dict[str, dict[str, Any]]:
    """What each effort of ``distil`` comes to in this project."""
    usual = values_of(project.settings.auto_shot)
    names = ("n_pictures", "n_steps", "size_px", "second_round")
    return {
        name: {"says": effort.says} | {one: effort.applied(usual)[one] for one in names}
        for name, effort in EFFORTS.items()
    }


def next_step(
    n_pictures: int,
    n_labelled: int,
    n_parts_labelled: int,
    missing: Sequence[str],
    models: MadeModels,
    fitted_on: Literal["generator", "photos"] = "generator",
) -> str:
    """What to do next, for the user of the page.

    Args:
        n_pictures: pictures in the tray.
        n_labelled: those with labels.
        n_parts_labelled: parts that have a pixel in one of them.
        missing: names of the parts that have none.
        models: what was made of them.
        fitted_on: whether pictures of a generator are labelled, or photos.
    """
    of_photos = fitted_on == "photos"
    one = "photo" if of_photos else "picture"
    if not n_pictures:
        return f"Wait a moment: the first {one} is being {'chosen' if of_photos else 'made'}."
    if not n_labelled:
        return f"Choose a part and paint it on the {one}. A few scribbles are enough."
    if n_parts_labelled < 2:
        return f"Paint a second part, the background for one: then the other {one}s follow."
    if models.auto_shot == "ready":
        return f"Drop a photo, or turn the camera on. Or label another {one} to make it better."
    if models.auto_shot == "stale":
        return "The labels have changed: distil again when you like what the wall shows."
    if missing:
        return (
            f"Correct what the wall shows wrongly. Not painted yet: {listed(missing)}. "
            "A part without a stroke is never found."
        )
    return "Correct what the wall shows wrongly. When you like it, distil: that makes the network for photos."
