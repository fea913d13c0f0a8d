"""The pictures of a project's generator that are nearest to photos, to be painted on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from partly.data.labels import annotation_id_from
from partly.data.photos import PhotoSource, bare_name, find_photos
from partly.errors import BadProject, counted
from partly.inference.invert import (
    InvertOptions,
    PictureDistance,
    chosen_distance,
    has_mapping,
    invert_photos,
)
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import LatentEncoder
from partly.models.generators import Generator
from partly.project.invert_verb import encoder_of
from partly.project.project_folder import Project
from partly.project.project_generator import load_project_generator
from partly.project.proposed_pictures import (
    SHEET_NAME,
    ProposedPicture,
    facts_of,
    find_picture,
    keep_picture,
    picture_ids,
    write_sheet,
)

OnProgress = Callable[[str, int, int], None]
_SEARCH = "nearest to"


def pictures_like(
    project: Project,
    photos: Sequence[Path],
    *,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] | None = None,
    on_progress: OnProgress | None = None,
) -> list[ProposedPicture]:
    """Find the generated picture that is nearest to each photo, and keep it among the project's pictures.

    It is searched for in ``w``, or ``z`` where there is no mapping, so that it is one that the generator
    makes: what is painted on it is as good as on any other picture. A photo that was searched for before in
    the same way is not searched for again.

    Args:
        project: whose generator and folder of pictures.
        photos: files, folders, zips.
        machine: what computes.
        on_note: told, before it begins, what photos are compared by and where searches begin.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadProject: the project has no generator.
        BadPhoto: there is no photo, or one cannot be read.
        BadModelFile: a model is damaged.
        NotAvailable: the generator must be got first.
    """
    generator = load_project_generator(project)
    sources = find_photos(photos)
    options = InvertOptions(space="w" if has_mapping(generator) else "z", enlarge=True)
    encoder = encoder_of(generator, options)
    chosen = chosen_distance(options.distance, options.compared_px)
    n_steps = options.steps(from_encoder=encoder is not None)
    told = [chosen.note] if chosen.note else []
    told.append(
        f"{counted(len(sources), 'photo')} to find in the generator, {counted(n_steps, 'step')} each."
    )
    if encoder is None:
        told.append("An encoder makes it much shorter: partly invert --learn.")
    for note in told:
        if on_note:
            on_note(note)
    found = []
    for number, source in enumerate(sources):
        progress = _told(on_progress, number, len(sources))
        found.append(_like(project, generator, source, options, chosen.distance, encoder, machine, progress))
    write_sheet(project.pictures / SHEET_NAME, found)
    return found


def _like(
    project: Project,
    generator: Generator,
    source: PhotoSource,
    options: InvertOptions,
    distance: PictureDistance,
    encoder: LatentEncoder | None,
    machine: Machine,
    on_step: Callable[[int, int], None],
) -> ProposedPicture:
    """The picture nearest to one photo: the one that was found before, or a new one."""
    facts: dict[str, Any] = {
        "purpose": _SEARCH,
        "like": source.name,
        "like_sha256": source.digest(),
        "search": f"{options} {distance.name} {distance.digest} {encoder and encoder.digest}",
    }
    name = annotation_id_from(f"like-{bare_name(source.name)}")
    for known in picture_ids(project):
        if known.startswith(name) and facts.items() <= facts_of(project, known).items():
            picture = find_picture(project, known)
            if picture.generator_digest == generator.digest:
                return picture
    [inverted] = invert_photos(
        generator,
        [source.read()],
        options,
        distance=distance,
        encoder=encoder,
        machine=machine,
        on_step=on_step,
    )
    w = inverted.latent
    try:
        return keep_picture(project, generator, name, w, facts)
    except BadProject:
        # Another photo of that name, or the same one searched for in another way.
        return keep_picture(
            project, generator, f"{name}-{hashlib.sha256(w.tobytes()).hexdigest()[:8]}", w, facts
        )


def _told(on_progress: OnProgress | None, number: int, n_photos: int) -> Callable[[int, int], None]:
    """Steps of one photo as those of all."""

    def told(done: int, total: int) -> None:
        if on_progress:
            on_progress("searching", number * total + done, n_photos * total)

    return told
