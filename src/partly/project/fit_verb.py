"""The project's annotations to its few-shot segmenter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partly.data.labels import Annotation
from partly.fewshot.features import FeatureSource, PhotoFeatures
from partly.fewshot.fitting import (
    FewShotConfig,
    LabelQuality,
    check_annotations,
    fit_teacher,
    measured_quality,
)
from partly.machine import PROCESSOR, Machine
from partly.project.annotations_of_project import annotations_to_fit
from partly.project.fit_previews import write_previews
from partly.project.label_quality_of_project import QUALITY, kept_quality
from partly.project.model_digests import annotations_digest, classes_drawn, model_digest, model_part_set
from partly.project.project_features import project_source
from partly.project.project_folder import PREVIEW_NAME, Project
from partly.storage import begin_run, given_of, remove_leftovers, streams_as_of

OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FitResult:
    """A fitted segmenter.

    Attributes:
        folder: its model folder.
        annotation_ids: what it was fitted on.
        missing_parts: names of the parts that no annotation shows, and that it never predicts.
        previews: unseen pictures with their labels.
        was_there: an earlier run had done it all.
        quality: how good it is, told from the labels; None where an earlier version had fitted it.
    """

    folder: Path
    annotation_ids: tuple[str, ...]
    missing_parts: tuple[str, ...]
    previews: Path
    was_there: bool
    quality: LabelQuality | None


def few_shot_config(project: Project, **given: Any) -> FewShotConfig:
    """What is given, and for the rest what ``project.toml`` says.

    Args:
        project: whose ``project.toml``.
        **given: by the names of :class:`FewShotConfig`; None is not given.

    Raises:
        BadOption: a value that cannot be.
    """
    return replace(project.settings.few_shot, **given_of(given))


def fit_project(
    project: Project,
    config: FewShotConfig | None = None,
    *,
    anew: bool = False,
    on_progress: OnProgress | None = None,
    machine: Machine = PROCESSOR,
) -> FitResult:
    """Fit on all annotations and keep the segmenter; preview it on pictures that nobody labelled.

    Args:
        project: whose annotations.
        config: the choices; None: those of ``project.toml``.
        anew: fit even if nothing changed.
        on_progress: told what is done, how much of it and of how much.
        machine: makes features and fits. What another one fitted is not made anew: it differs by rounding.

    Raises:
        NotAvailable: generator or encoder are not on this machine.
        BadLabel: annotations are missing, damaged, of another generator, or of photos that are not there or
            have changed.
        BadModelFile: a model's files are damaged.
        BadProject: the photos are not where they should be.
    """
    config = config or few_shot_config(project)
    remove_leftovers(project.folder)
    annotations = annotations_to_fit(project)
    source = project_source(project, machine)
    missing = check_annotations(
        annotations, project.part_set, source, allow_missing_parts=config.allow_missing_parts
    )
    extra = {
        "config": config.described(),
        "parents": _made_from(project, source, annotations),
    }
    run = begin_run(project.runs, "fit", {"part_set": project.part_set.to_json(), **extra}, anew=anew)
    result = FitResult(
        project.few_shot,
        tuple(a.id for a in annotations),
        tuple(project.part_set.names[i] for i in missing),
        run.folder / PREVIEW_NAME,
        was_there=True,
        quality=kept_quality(project),
    )
    # The weights are the same whatever the parts' colours are.
    same_parts = model_part_set(project.few_shot) == project.part_set.to_json()
    if run.result and run.result["few_shot_sha256"] == model_digest(project.few_shot) and same_parts:
        return result
    with streams_as_of(run.streams):
        teacher = fit_teacher(source, annotations, project.part_set, config, on_progress)
        quality = measured_quality(teacher, config, on_progress)
    write_previews(result.previews, source, teacher, on_progress)
    measured = {QUALITY: quality.to_json()}
    card = teacher.save(project.few_shot, extra | measured | machine.described)
    run.finish({"few_shot_sha256": card.weights_sha256, **measured, **machine.described})
    return replace(result, was_there=False, quality=quality)


def _made_from(project: Project, source: FeatureSource, annotations: Sequence[Annotation]) -> dict[str, Any]:
    """What a segmenter is made from, as its card says it."""
    of_annotations = {
        "annotations": [annotation.id for annotation in annotations],
        "annotations_sha256": annotations_digest(annotations),
    }
    if isinstance(source, PhotoFeatures):
        return {
            "encoder_sha256": source.encoder.digest,
            "features_px": source.image_size_px,
            "is_usual_px": project.settings.photos.features_px is None,
            **of_annotations,
        }
    return {"generator_sha256": source.digest, **of_annotations, **classes_drawn(project)}
