"""The project's few-shot segmenter to its auto-shot network."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from partly.data.labels import Annotation, PartSet, list_annotations
from partly.errors import BadProject
from partly.fewshot.fitting import load_segmenter
from partly.fewshot.segmenters import FewShotSegmenter
from partly.models.generators import pictures_digest
from partly.models.zoo import encoder_weights, generator_folder
from partly.project.model_digests import annotations_digest, classes_drawn, model_digest, model_part_set
from partly.project.project_folder import Project
from partly.project.project_generator import generator_of_classes, load_project_generator
from partly.storage import ModelCard, Run, begin_run, given_of, remove_leftovers, sha256_of, values_of
from partly.synthesis.distil import (
    EFFORTS,
    SECOND_ROUND_FOLDER,
    DistilConfig,
    DistilReports,
    DistilRequest,
    completed,
    distil,
)
from partly.synthesis.shards import Models, labels_identity, pictures_identity

_MOST_WORKERS = 8


@dataclass(frozen=True)
class DistilResult:
    """A trained network.

    Attributes:
        folder: its model folder.
        run_folder: where its log and panels are; those of a second round in a folder below.
        held_out_iou: mean IoU with the few-shot segmenter on held-out pictures, in [0, 1], or None.
        was_there: an earlier run had done it all.
    """

    folder: Path
    run_folder: Path
    held_out_iou: float | None
    was_there: bool

    @property
    def panel_folders(self) -> list[Path]:
        """Where panels of held-out pictures are: a folder for each round that has some."""
        rounds = (self.run_folder, self.run_folder / SECOND_ROUND_FOLDER)
        return [folder / "panels" for folder in rounds if (folder / "panels").is_dir()]


def distil_config(project: Project, effort: str = "usual", **given: Any) -> DistilConfig:
    """The choices of ``project.toml``, with those of the effort and those that are given in their place.

    Args:
        project: whose ``project.toml``.
        effort: a name of :data:`partly.synthesis.distil.EFFORTS`.
        **given: by the names of :class:`DistilConfig`; None is not given.

    Raises:
        BadOption: a choice that cannot be.
    """
    usual, given = project.settings.auto_shot, given_of(given)
    DistilRequest(effort=effort)
    if given.get("architecture") != usual.architecture:
        given = completed(given)
    return replace(usual, **EFFORTS[effort].applied(values_of(usual)) | given)


def distil_project(
    project: Project,
    config: DistilConfig,
    *,
    n_workers: int | None = None,
    anew: bool = False,
    reports: DistilReports | None = None,
) -> DistilResult:
    """Label generated pictures, train the network, keep it; after a stop, the same call goes on.

    Raises:
        BadProject: there is no few-shot segmenter yet.
        NotAvailable: generator or encoder are not on this machine.
        BadModelFile: a model is damaged.
        BadArchive: labelled pictures are damaged.
        TrainingDiverged: the loss is no number.
    """
    remove_leftovers(project.folder)
    generator = load_project_generator(project)
    segmenter, part_set, card = _load_fitted(project, generator.digest)
    weights = encoder_weights() if config.pretrained else None
    parents = {
        "generator_sha256": generator.digest,
        "few_shot_sha256": card.weights_sha256,
        "encoder_sha256": sha256_of(weights) if weights else None,
        **classes_drawn(project),
    }
    extra = {"config": asdict(config), "parents": parents}
    asked = {"part_set": part_set.to_json(), **extra}
    run = begin_run(project.runs, "distil", asked, anew=anew)
    if done := _finished(project, run):
        return done
    folders = generator_folder(project.generator_source).absolute(), project.few_shot.absolute()
    pictures_key, labels_key = _keys(config, pictures_digest(generator), card.weights_sha256)
    result = distil(
        generator,
        segmenter,
        part_set,
        config,
        pictures_folder=project.labelled / "pictures" / pictures_key,
        labels_folder=project.labelled / "labels" / labels_key,
        training_folder=run.folder,
        annotations=_annotations(project, card) if config.painted_share else (),
        encoder_weights=weights,
        load_models=partial(load_models, *folders, project.settings.classes),
        n_workers=n_workers or default_workers(),
        reports=reports,
    )
    saved = result.network.save(project.auto_shot, extra)
    run.finish(
        {
            "network_sha256": saved.weights_sha256,
            "held_out_iou": result.held_out_iou,
            "training_time_s": round(result.time_s, 1),
        }
    )
    return DistilResult(project.auto_shot, run.folder, result.held_out_iou, was_there=False)


def load_models(generator_source: Path, segmenter_folder: Path, classes: tuple[str, ...] = ()) -> Models:
    """Generator, which draws these classes, and segmenter, in a worker process."""
    return generator_of_classes(generator_source, classes), load_segmenter(segmenter_folder)[0]


def default_workers() -> int:
    """A process for each processor that this one may use, up to eight: each takes half a gigabyte."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_WORKERS)


def _load_fitted(project: Project, generator_digest: str) -> tuple[FewShotSegmenter, PartSet, ModelCard]:
    """The few-shot segmenter, checked to be one for the generator and the parts of today."""
    if not (project.few_shot / "model.json").is_file():
        raise BadProject(
            "there is no few-shot segmenter yet",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    segmenter, part_set, card = load_segmenter(project.few_shot)
    fitted_on = dict(card.extra.get("parents", {})).get("generator_sha256")
    if fitted_on != generator_digest or part_set != project.part_set:
        what = "parts" if fitted_on == generator_digest else "generator"
        raise BadProject(
            f"the few-shot segmenter was fitted with other {what}",
            expected=f"the {what} of project.toml",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    return segmenter, part_set, card


def _annotations(project: Project, card: ModelCard) -> list[Annotation]:
    """What the segmenter was fitted on, if it is still so.

    Raises:
        BadProject: annotations were added, changed or taken away since.
    """
    annotations = list_annotations(project.annotations, project.part_set)
    if annotations_digest(annotations) != dict(card.extra.get("parents", {})).get("annotations_sha256"):
        raise BadProject(
            "annotations have changed since the few-shot segmenter was fitted",
            expected="those that it was fitted on, from which the network learns too (painted_share)",
            remedy=f"Run: partly fit {project.folder}",
            path=project.annotations,
        )
    return annotations


def _finished(project: Project, run: Run) -> DistilResult | None:
    """The result of a run that is finished and whose network is the project's now."""
    if not run.result or run.result["network_sha256"] != model_digest(project.auto_shot):
        return None
    # The weights are the same whatever the parts' colours are.
    if model_part_set(project.auto_shot) != project.part_set.to_json():
        return None
    return DistilResult(project.auto_shot, run.folder, run.result["held_out_iou"], was_there=True)


def _keys(config: DistilConfig, generator_digest: str, few_shot_digest: str) -> tuple[str, str]:
    """Names of the folders of pictures and of labels: digests of all that these depend on but their number.

    All teachers of a project share its pictures; each has labels of its own.
    """
    synthesis = config.synthesis()
    identities = (
        pictures_identity(synthesis, generator_digest),
        labels_identity(synthesis, generator_digest, few_shot_digest),
    )
    pictures, labels = (json.dumps(identity, sort_keys=True).encode() for identity in identities)
    return hashlib.sha256(pictures).hexdigest()[:12], hashlib.sha256(labels).hexdigest()[:12]
