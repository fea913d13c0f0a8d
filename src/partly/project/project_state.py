"""What of a project is done, and what is next; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from partly.data.labels import annotation_ids, list_annotations
from partly.models.zoo import ENCODER, generator_names, model_folder
from partly.project.model_digests import annotations_digest, model_card, model_digest, model_part_set
from partly.project.project_folder import Project
from partly.project.proposed_pictures import picture_ids
from partly.storage import Provenance

Freshness = Literal["missing", "outdated", "ready"]


@dataclass(frozen=True)
class ProjectState:
    """What is done.

    Attributes:
        folder: the project's.
        generator: its name or folder.
        generator_digest: None where it is not on this machine.
        n_pictures: pictures proposed for labelling.
        annotation_ids: labelled pictures.
        few_shot: whether the few-shot segmenter is there, and made from the annotations as they are.
        auto_shot: whether the auto-shot network is there, and made from that segmenter.
        labelled_bytes: what the labelled pictures take on the disk.
        next_step: a command.
        why: why that is next.
    """

    folder: Path
    generator: str
    generator_digest: str | None
    n_pictures: int
    annotation_ids: tuple[str, ...]
    few_shot: Freshness
    auto_shot: Freshness
    labelled_bytes: int
    next_step: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "folder": str(self.folder),
            "generator": self.generator,
            "generator_sha256": self.generator_digest,
            "n_pictures": self.n_pictures,
            "annotations": list(self.annotation_ids),
            "few_shot": self.few_shot,
            "auto_shot": self.auto_shot,
            "labelled_bytes": self.labelled_bytes,
            "next_step": self.next_step,
            "why": self.why,
        }


def state_of(project: Project) -> ProjectState:
    """Look what is there; nothing is loaded or changed.

    Raises:
        BadLabel: an annotation is damaged.
    """
    generator_digest = generator_digest_of(project)
    ids = annotation_ids(project.annotations)
    few_shot = _few_shot(project, generator_digest)
    auto_shot = _auto_shot(project, few_shot)
    n_pictures = len(picture_ids(project))
    next_step, why = _next(project, generator_digest, n_pictures, len(ids), few_shot, auto_shot)
    return ProjectState(
        folder=project.folder,
        generator=project.settings.generator,
        generator_digest=generator_digest,
        n_pictures=n_pictures,
        annotation_ids=tuple(ids),
        few_shot=few_shot,
        auto_shot=auto_shot,
        labelled_bytes=sum(path.stat().st_size for path in project.labelled.rglob("*.tar")),
        next_step=next_step,
        why=why,
    )


def generator_digest_of(project: Project) -> str | None:
    """Digest of the project's generator, by its card; None where it has none, or none on this machine."""
    if not project.settings.generator:
        return None
    return model_digest(Path(project.generator_source)) or model_digest(
        model_folder(project.settings.generator)
    )


def _few_shot(project: Project, generator_digest: str | None) -> Freshness:
    card = model_card(project.few_shot)
    if not card:
        return "missing"
    parents = card.get("parents", {})
    annotations = list_annotations(project.annotations, project.part_set)
    made_from = {
        "annotations": annotations_digest(annotations),
        "generator": generator_digest,
        "part set": project.part_set.to_json(),
        "classes": list(project.settings.classes),
    }
    # A generator that is not on this machine cannot be another one.
    unknown = frozenset({"generator"} if generator_digest is None else ())
    held = {
        "annotations": parents.get("annotations_sha256"),
        "generator": parents.get("generator_sha256"),
        "part set": model_part_set(project.few_shot),
        "classes": parents.get("classes", []),
    }
    return "ready" if Provenance(made_from, unknown).matches(held) else "outdated"


def _auto_shot(project: Project, few_shot: Freshness) -> Freshness:
    card = model_card(project.auto_shot)
    if not card:
        return "missing"
    made_from = {"segmenter": model_digest(project.few_shot), "part set": project.part_set.to_json()}
    held = {
        "segmenter": card.get("parents", {}).get("few_shot_sha256"),
        "part set": model_part_set(project.auto_shot),
    }
    same = few_shot == "ready" and Provenance(made_from).matches(held)
    return "ready" if same else "outdated"


def _next(
    project: Project,
    generator_digest: str | None,
    n_pictures: int,
    n_annotations: int,
    few_shot: Freshness,
    auto_shot: Freshness,
) -> tuple[str, str]:
    folder = project.folder
    if few_shot == auto_shot == "ready":
        return f"partly segment {folder} PHOTOS", "everything is made"
    if generator_digest is None:
        return _get(project.settings.generator)
    if not n_annotations and not n_pictures:
        return f"partly label {folder}", "nothing is painted yet; it opens the studio, with a picture"
    if not n_annotations:
        return f"partly label {folder}", f"paint one of the pictures in {project.pictures}"
    if few_shot != "ready":
        return f"partly fit {folder}", _why(few_shot, "segmenter", "the annotations")
    if project.settings.auto_shot.pretrained and model_digest(model_folder(ENCODER)) is None:
        return (
            f"partly get {ENCODER}",
            "the pretrained encoder is not on this machine",
        )
    return f"partly distil {folder}", _why(auto_shot, "network", "the few-shot segmenter")


def _get(generator: str) -> tuple[str, str]:
    if generator in generator_names():
        return f"partly get {generator}", "the generator is not on this machine"
    return "edit generator in project.toml", f"there is no generator at {generator}"


def _why(state: Freshness, what: str, source: str) -> str:
    return f"there is no {what} yet" if state == "missing" else f"{source} changed since the {what} was made"
