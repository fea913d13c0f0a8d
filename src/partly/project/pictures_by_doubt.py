"""Pictures and photos that the project's segmenter is unsure of: of the whole, or of one part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from partly.errors import BadLabel, BadOption
from partly.project.annotations_of_project import annotations_to_fit
from partly.project.picture_options import PicturesRequest
from partly.project.project_folder import Project

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.fewshot.features import FeatureSource
    from partly.fewshot.fitting import Teacher


def by_doubt(
    project: Project,
    source: FeatureSource,
    teacher: Teacher,
    request: PicturesRequest,
    **options: Any,
) -> Sequence[Proposal]:
    """Those that the project's segmenter is least sure of, worst first.

    Args:
        project: whose labels say which parts are known.
        source: has the candidates.
        teacher: the project's.
        request: how many; with ``unsure_of``, by which part.
        **options: for ``least_sure``.

    Raises:
        BadOption: there is no such part, or more pictures are asked for than there are.
        BadLabel: no label shows the part.
    """
    from partly.fewshot.acquisition import doubt_about, least_sure, propose_unsure

    if request.unsure_of is None:
        return propose_unsure(source, teacher.segmenter, request.n_pictures, request.seed, **options)
    part = _known_part(project, teacher, request.unsure_of)
    doubt_of = doubt_about(source, teacher.segmenter, part)
    return least_sure(source, doubt_of, request.n_pictures, request.seed, **options)


def _known_part(project: Project, teacher: Teacher, name: str) -> int:
    """Id that the segmenter gives to a part of this name."""
    names = teacher.part_set.names
    if name not in names:
        raise BadOption(
            f"there is no part {name!r}",
            expected=f"one of {', '.join(names)}",
            remedy=f"If it is new, label it, and: partly fit {project.folder}",
        )
    part = names.index(name)
    annotations = annotations_to_fit(project)
    own_id = project.part_set.names.index(name) if name in project.part_set.names else part
    if not any((annotation.label_map == own_id).any() for annotation in annotations):
        raise BadLabel(
            f"no label shows {name}, so that nothing is known of it to be unsure of",
            remedy=f"Label a picture that shows it: partly pictures {project.folder}",
            path=project.annotations,
        )
    return part
