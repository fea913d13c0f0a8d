"""The photos of a project: where they are, and whether they are there; without torch."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from partly.data.photos import PhotoSource, PhotoSources, find_photos
from partly.errors import BadOption, BadPhoto, BadProject
from partly.models.zoo import encoder_names
from partly.project.project_folder import Project
from partly.project.project_settings import FILE_NAME


def photos_reference(photos: Path, project_folder: Path) -> str:
    """What ``project.toml`` says of a folder or zip of photos.

    Args:
        photos: as the user says it.
        project_folder: of the project, which need not be there yet.

    Returns:
        Its path seen from the project if it is inside of it or beside it, so that both can move together;
        else the whole path.

    Raises:
        BadPhoto: there is no photo.
        BadArchive: it is a damaged zip.
    """
    find_photos(photos)
    place, project = photos.resolve(), project_folder.resolve()
    if place.is_relative_to(project.parent):
        return Path(os.path.relpath(place, project)).as_posix()
    return str(place)


def encoder_reference(text: str) -> str:
    """What ``project.toml`` says of a network that reads photos: its name, or the path of its model folder.

    Raises:
        BadOption: there is none of that name, or in that folder.
    """
    if text in encoder_names():
        return text
    if (Path(text) / "model.json").is_file():
        return str(Path(text).resolve())
    known = [f"{name} (partly get {name})" for name in encoder_names()]
    raise BadOption(
        f"there is no network {text!r} that reads photos",
        expected=f"{', '.join(known)}, or a model folder with model.json",
    )


def project_photos(project: Project) -> PhotoSources:
    """The photos of a project, in order of their names, and behind them those that were added to it.

    Photos that were added are in the project's own folder ``photos``, and so their names begin. What else the
    project wrote is none of them.

    Raises:
        BadProject: it has none, or their folder is not where ``project.toml`` says.
        BadArchive: they are in a zip that is damaged.
    """
    folder = project.photo_folder
    if folder is None:
        raise BadProject(
            "names no folder of photos",
            remedy='Add a table [photos] with a line such as folder = "../photos"',
            path=project.folder / FILE_NAME,
        )
    if not folder.exists():
        raise BadProject(
            f"has folder = {project.settings.photos.folder!r} in [photos]: {folder.resolve()} is not there",
            expected="the folder or zip of photos",
            remedy="If they have moved, write where they are now",
            path=project.folder / FILE_NAME,
        )
    added = _added_photos(project, folder)
    try:
        found = find_photos(
            folder,
            leave_out=[*_own_folders(project), project.added_photos],
            max_pages=project.settings.photos.max_pages,
        )
    except BadPhoto as error:
        if added:
            return PhotoSources(added)
        raise BadProject(
            f"names a folder without photos ({folder.resolve()} {error.found})",
            expected=error.expected,
            remedy="Put photos there, or mend folder in [photos]",
            path=project.folder / FILE_NAME,
        ) from None
    names = {photo.name.casefold() for photo in found}
    sources = (*found, *(p for p in added if p.name.casefold() not in names))
    return PhotoSources(sources, found.passed_over, found.notes)


def _added_photos(project: Project, folder: Path) -> tuple[PhotoSource, ...]:
    """Photos in the project's own folder of photos, unless that is where all of them are."""
    own = project.added_photos
    if not own.is_dir() or own.resolve() == folder.resolve():
        return ()
    try:
        found = find_photos(own, max_pages=project.settings.photos.max_pages)
    except BadPhoto:
        return ()
    return tuple(replace(photo, name=f"{own.name}/{photo.name}") for photo in found)


def _own_folders(project: Project) -> list[Path]:
    """Where a project writes images, which are not to be found in a folder of photos that holds it."""
    names = ("models", "studio", "segmented")
    own = (project.pictures, project.latents, project.annotations, project.features, project.runs)
    return [project.folder, *own, project.labelled, *(project.folder / name for name in names)]
