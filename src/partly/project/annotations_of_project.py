"""Which of a project's annotations its few-shot segmenter is fitted on, where there are two kinds of them."""

from __future__ import annotations

from partly.data.labels import Annotation, list_annotations
from partly.project.project_folder import Project


def annotations_to_fit(project: Project) -> list[Annotation]:
    """Those of generated pictures, or those of photos, where a project has a generator and photos; else all.

    Raises:
        BadLabel: an annotation is damaged.
    """
    annotations = list_annotations(project.annotations, project.part_set)
    if not _has_both(project):
        return annotations
    on_photos = project.settings.fitted_on == "photos"
    return [one for one in annotations if (one.photo is not None) == on_photos]


def painted_photos_beside(project: Project) -> list[Annotation]:
    """Annotations of photos in a project that is fitted on its generator: its networks learn from them too.

    Raises:
        BadLabel: an annotation is damaged.
    """
    if not _has_both(project) or project.settings.fitted_on == "photos":
        return []
    annotations = list_annotations(project.annotations, project.part_set)
    return [annotation for annotation in annotations if annotation.photo is not None]


def _has_both(project: Project) -> bool:
    return bool(project.settings.generator and project.settings.photos.folder)
