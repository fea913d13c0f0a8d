"""The project's annotations to its few-shot segmenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from partly.data.labels import list_annotations
from partly.data.photos import grid, overlay, side_by_side, thumbnail, write_jpeg, write_png
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import FewShotConfig, Teacher, check_annotations, fit_teacher
from partly.models.generators import Truncation, pixels_of, sample_w
from partly.project.model_digests import annotations_digest, classes_drawn, model_digest, model_part_set
from partly.project.project_folder import PREVIEW_NAME, Project
from partly.project.project_generator import load_project_generator
from partly.storage import begin_run, given_of, picture_seed, remove_leftovers, streams_as_of

OnProgress = Callable[[str, int, int], None]
_PREVIEW_PX = 256
_N_PREVIEWS = 8
_OPACITY = 0.6


@dataclass(frozen=True)
class FitResult:
    """A fitted segmenter.

    Attributes:
        folder: its model folder.
        annotation_ids: what it was fitted on.
        missing_parts: names of the parts that no annotation shows, and that it never predicts.
        previews: unseen pictures with their labels.
        was_there: an earlier run had done it all.
    """

    folder: Path
    annotation_ids: tuple[str, ...]
    missing_parts: tuple[str, ...]
    previews: Path
    was_there: bool


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
) -> FitResult:
    """Fit on all annotations and keep the segmenter; preview it on pictures that nobody labelled.

    Raises:
        NotAvailable: the generator is not on this machine.
        BadLabel: annotations are missing, damaged, or of another generator.
        BadModelFile: the generator's files are damaged.
    """
    config = config or few_shot_config(project)
    remove_leftovers(project.folder)
    annotations = list_annotations(project.annotations, project.part_set)
    generator = load_project_generator(project)
    source = GeneratorFeatures(generator)
    missing = check_annotations(
        annotations, project.part_set, source, allow_missing_parts=config.allow_missing_parts
    )
    extra = {
        "config": config.described(),
        "parents": {
            "generator_sha256": generator.digest,
            "annotations": [annotation.id for annotation in annotations],
            "annotations_sha256": annotations_digest(annotations),
            **classes_drawn(project),
        },
    }
    run = begin_run(project.runs, "fit", {"part_set": project.part_set.to_json(), **extra}, anew=anew)
    result = FitResult(
        project.few_shot,
        tuple(a.id for a in annotations),
        tuple(project.part_set.names[i] for i in missing),
        run.folder / PREVIEW_NAME,
        was_there=True,
    )
    # The weights are the same whatever the parts' colours are.
    same_parts = model_part_set(project.few_shot) == project.part_set.to_json()
    if run.result and run.result["few_shot_sha256"] == model_digest(project.few_shot) and same_parts:
        return result
    with streams_as_of(run.streams):
        teacher = fit_teacher(source, annotations, project.part_set, config, on_progress)
    write_previews(result.previews, teacher, on_progress)
    card = teacher.save(project.few_shot, extra)
    run.finish({"few_shot_sha256": card.weights_sha256})
    return replace(result, was_there=False)


@torch.inference_mode()
def write_previews(path: Path, teacher: Teacher, on_progress: OnProgress | None = None) -> None:
    """Write new pictures beside their labels: each as a JPEG in a folder, all of them as one PNG."""
    generator, segmenter, colours = teacher.generator, teacher.segmenter, teacher.part_set.colours
    finest_px = max(generator.levels[i].size_px for i in segmenter.level_indexes)
    rows = []
    for index in range(_N_PREVIEWS):
        w = sample_w(generator, picture_seed("previews"), index, Truncation(0.7, 1.0), "previews")
        synthesis = generator.synthesise(w, features_px=finest_px)
        picture = thumbnail(pixels_of(synthesis), _PREVIEW_PX)
        labels = segmenter(synthesis.pyramid, picture.shape[0])[0].argmax(0).to(torch.uint8).numpy()
        rows.append(side_by_side([picture, overlay(picture, labels, colours, _OPACITY)]))
        write_jpeg(path.with_suffix("") / f"preview-{index + 1}.jpg", rows[-1])
        if on_progress:
            on_progress("previewing", index + 1, _N_PREVIEWS)
    write_png(path, grid(rows, 2, gap_px=0))
