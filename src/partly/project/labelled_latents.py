"""A label file of a photo as an annotation of a project: of the picture at the photo's latent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.labels import annotation_ids, read_label_map, save_annotation
from partly.data.photos import overlay, read_photo, side_by_side, write_jpeg
from partly.errors import BadLabel, BadOption
from partly.inference.invert import Inverted, InvertOptions, annotate_latent, latent_annotation_id
from partly.machine import PROCESSOR, Machine
from partly.project.invert_verb import encoder_of
from partly.project.label_import import overlay_path
from partly.project.project_folder import is_project, open_project
from partly.project.project_generator import load_project_generator
from partly.project.proposed_pictures import keep_picture


@dataclass(frozen=True)
class LabelOfLatent:
    """A label that was moved from a photo to its picture.

    Attributes:
        annotation_id: of the annotation, and of the project's picture.
        overlay: photo, picture and label on the picture, side by side, to look at.
        inverted: what was found of the photo.
    """

    annotation_id: str
    overlay: Path
    inverted: Inverted

    def to_json(self) -> dict[str, Any]:
        """What a script is told."""
        return {
            "annotation": self.annotation_id,
            "overlay": str(self.overlay),
            "distance": self.inverted.distance,
            "compared_by": self.inverted.distance_name,
        }


def label_through_latent(
    folder: str,
    photo_file: Path,
    label_file: Path,
    options: InvertOptions,
    *,
    machine: Machine = PROCESSOR,
    on_step: Callable[[int, int], None] | None = None,
) -> LabelOfLatent:
    """Find a labelled photo in a project's generator; its label becomes one of the picture that is found.

    Args:
        folder: of the project.
        photo_file: the photo.
        label_file: its label map, a PNG of the photo's size with the ids or colours of the project's parts.
        options: how to search.
        machine: what computes.
        on_step: told how many steps are done, of how many.

    Raises:
        BadOption: it is no project.
        BadProject: the project has no generator.
        BadLabel: the label does not fit photo or project, or the photo has become an annotation before.
        BadPhoto: the photo cannot be read, or is too small.
    """
    if not is_project(Path(folder)):
        raise BadOption(
            f"--label with {folder}, which is no project", expected="the project that the label is for"
        )
    project = open_project(folder)
    generator = load_project_generator(project)
    photo = read_photo(photo_file)
    label_map = read_label_map(label_file, project.part_set, size=(photo.height_px, photo.width_px))
    name = latent_annotation_id(photo)
    if name in annotation_ids(project.annotations):
        raise BadLabel(
            f"annotation {name!r} exists already",
            expected="a photo that was not labelled so before",
            remedy=f"Remove {project.annotations / name}.json first, or rename the photo",
        )
    encoder = encoder_of(generator, options)
    annotation, inverted = annotate_latent(
        generator, photo, label_map, options, encoder=encoder, machine=machine, on_step=on_step
    )
    assert annotation.w is not None
    facts = {"purpose": "found for a label", "photo_found": photo.name, "distance": inverted.distance}
    keep_picture(project, generator, annotation.id, annotation.w, facts)
    save_annotation(project.annotations, annotation, project.part_set)
    shown = overlay_path(project, name)
    painted = overlay(inverted.picture, annotation.label_map, project.part_set.colours, opacity=0.55)
    write_jpeg(shown, side_by_side([inverted.square, inverted.picture, painted]))
    return LabelOfLatent(annotation.id, shown, inverted)
