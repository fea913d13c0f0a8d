"""What a new project's ``project.toml`` says, by what a user asks for; without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from partly.errors import BadOption
from partly.project.part_set_files import part_set_from
from partly.project.photo_options import PhotoOptions
from partly.project.photos_of_project import encoder_reference, photos_reference
from partly.project.project_settings import Settings, check_classes, generator_reference, usual_choices

_USUAL_GENERATOR = "ffhq"


def new_settings(
    folder: Path,
    generator: str | None = None,
    photos: PhotoOptions | None = None,
    parts: str | None = None,
    classes: Sequence[str] = (),
) -> Settings:
    """Settings of a new project, with what is best known for its source of pictures.

    Args:
        folder: of the project, which need not be there.
        generator: name or model folder; None: ``ffhq`` where there are no photos, and else none.
        photos: the folder as the user says it, and how photos are read.
        parts: see :func:`part_set_from`; None: those of faces, for a generator.
        classes: what generated pictures show.

    Raises:
        BadOption: an unknown generator, network or class, or a choice that another one is missing for.
        BadPhoto: there are no photos.
        BadLabel: no such parts.
    """
    photos = photos or PhotoOptions()
    if photos.folder:
        photos = replace(
            photos,
            folder=photos_reference(Path(photos.folder), folder),
            features=encoder_reference(photos.features),
        )
    elif photos != PhotoOptions():
        raise BadOption("a network that reads photos, without photos", expected="--photos with their folder")
    if generator is None and not photos.folder:
        generator = _USUAL_GENERATOR
    chosen = generator_reference(generator) if generator else ""
    if parts is None and not chosen:
        raise BadOption(
            "photos of an object without its parts",
            expected="--parts with their names, the background first: background,head,body",
        )
    on_photos = photos.fit_on_photos or not chosen
    settings = Settings(
        chosen,
        part_set_from(parts or "faces"),
        *usual_choices(chosen, on_photos=on_photos),
        classes=tuple(classes),
        photos=photos,
    )
    check_classes(generator or "", settings.classes)
    return settings
