"""Photos proposed for labelling: those that stand for the others, or that the segmenter is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from partly.data.labels import is_same_picture
from partly.errors import BadModelFile, BadOption, BadPhoto, BadProject
from partly.project.annotations_of_project import annotations_to_fit
from partly.project.picture_options import PicturesRequest
from partly.project.pictures_by_doubt import by_doubt
from partly.project.project_folder import Project
from partly.project.proposed_pictures import (
    SHEET_NAME,
    ProposedPicture,
    keep_photo,
    propose_pictures,
    write_sheet,
)

if TYPE_CHECKING:
    from partly.fewshot.acquisition import Proposal
    from partly.fewshot.features import PhotoFeatures
    from partly.machine import Machine

MOST_LOOKED_AT = 100
"""Of a large folder, unless another number is asked for: a network reads each for a second or two."""

Report = Callable[[str, int, int], None]


def propose(
    project: Project,
    request: PicturesRequest,
    on_progress: Report | None = None,
    machine: Machine | None = None,
) -> list[ProposedPicture]:
    """Choose the pictures or photos of a project that are best labelled, and write them with a contact sheet.

    Args:
        project: whose folder of pictures is written to.
        request: how many, and which.
        on_progress: told what is done, how much of it and of how much.
        machine: looks at the candidates; None: the processor.

    Returns:
        Best first.

    Raises:
        NotAvailable: generator or encoder are not on this machine.
        BadOption: more pictures than candidates, or a truncation or size of photos.
        BadModelFile: a model is damaged, or ``unsure`` before anything was fitted.
        BadProject: the photos are not where they should be, or all are labelled.
    """
    from partly.fewshot.features import GeneratorFeatures, PhotoFeatures
    from partly.machine import PROCESSOR
    from partly.project.project_features import project_source

    source = project_source(project, machine or PROCESSOR)
    if isinstance(source, GeneratorFeatures):
        return propose_pictures(project, source.generator, request, on_progress, source.machine)
    assert isinstance(source, PhotoFeatures)
    return propose_photos(project, source, request, on_progress)


def propose_photos(
    project: Project, source: PhotoFeatures, request: PicturesRequest, on_progress: Report | None = None
) -> list[ProposedPicture]:
    """Choose the photos that are best labelled, and write them; arguments and result as for :func:`propose`.

    They are the k-medoids of up to a hundred photos over their features or, with ``unsure`` or ``unsure_of``,
    those of which the fitted segmenter is least sure. Labelled photos are left out, and those that cannot be
    read.
    """
    if request.truncation is not None:
        raise BadOption("a truncation of photos", expected="none: it is of generated pictures")
    if request.size_px is not None:
        raise BadOption("a size of photos", expected="none: photos are painted on at their own size")

    def report(what: str) -> Callable[[int, int], None]:
        return lambda done, total: on_progress(what, done, total) if on_progress else None

    names = _candidates(project, source, request, report("reading photos"))
    few = source.among(names)
    n, seed = min(request.n_pictures, len(names)), request.seed
    options: dict[str, Any] = {"n_candidates": len(names), "on_progress": report("comparing photos")}
    chosen = _chosen(project, few, replace(request, n_pictures=n), options)
    photos = {photo.name: photo for photo in source.photos}
    pictures = []
    for done, proposal in enumerate(chosen, start=1):
        facts = {"purpose": proposal.purpose, "seed": seed, "score": proposal.score}
        pictures.append(keep_photo(project, photos[proposal.picture.id], facts))
        report("writing photos")(done, len(chosen))
    write_sheet(project.pictures / SHEET_NAME, pictures)
    return pictures


def _candidates(
    project: Project, source: PhotoFeatures, request: PicturesRequest, report: Callable[[int, int], None]
) -> list[str]:
    """Names of photos without labels that can be read, as many as are to be looked at.

    Raises:
        BadProject: there are none.
    """
    from partly.models.generators import Truncation

    annotations = annotations_to_fit(project)
    assert source.n_pictures is not None
    n_wanted = max(request.n_candidates or MOST_LOOKED_AT, request.n_pictures)
    names: list[str] = []
    for index in range(source.n_pictures):
        # Photos that cannot be read, whose place others take.
        with suppress(BadPhoto):
            photo = source.plain("proposals", request.seed, index, Truncation(1.0, 1.0))
            if not any(is_same_picture(photo, annotation) for annotation in annotations):
                source.pyramid(photo, source.levels[-1].size_px)
                names.append(photo.id)
        report(len(names), min(n_wanted, source.n_pictures))
        if len(names) == n_wanted:
            break
    if not names:
        raise BadProject(
            f"has no photo to propose: all of its {source.n_pictures} are labelled, or cannot be read",
            expected="a photo without labels",
            remedy="Put more photos into the folder",
            path=project.photo_folder,
        )
    return names


def _chosen(
    project: Project, few: PhotoFeatures, request: PicturesRequest, options: dict[str, Any]
) -> Sequence[Proposal]:
    from partly.fewshot.acquisition import representative
    from partly.fewshot.fitting import Teacher

    if not request.by_doubt:
        return representative(few, request.n_pictures, seed=request.seed, **options)
    try:
        teacher = Teacher.load(project.few_shot, few)
    except (BadModelFile, BadOption) as error:
        raise BadModelFile(
            f"cannot tell what it is unsure of ({error.found})",
            remedy=f"Fit the labelled photos first: partly fit {project.folder}",
            path=project.few_shot,
        ) from error
    return by_doubt(project, few, teacher, request, **options)
