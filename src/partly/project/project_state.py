"""What of a project is done, and what is next; without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from partly.data.labels import Annotation, annotation_ids
from partly.errors import BadArchive, BadProject
from partly.models.zoo import ENCODER, encoder_names, generator_names, model_folder
from partly.project.annotations_of_project import annotations_to_fit, painted_photos_beside
from partly.project.model_digests import annotations_digest, model_card, model_digest, model_part_set
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project
from partly.project.proposed_pictures import picture_ids
from partly.storage import Provenance

Freshness = Literal["missing", "outdated", "ready"]


@dataclass(frozen=True)
class ProjectState:
    """What is done.

    Attributes:
        folder: the project's.
        generator: its name or folder; "" is none.
        generator_digest: None where it has none, or it is not on this machine.
        photos: the folder of photos, as ``project.toml`` says it; "" is none.
        n_photos: photos in it; None where it has none, or the folder is not there.
        encoder: name or folder of the network that reads the photos; "" without photos.
        encoder_digest: None where it has none, or it is not on this machine.
        n_pictures: pictures and photos proposed for labelling.
        annotation_ids: labelled pictures, of which the segmenter is fitted.
        painted_photo_ids: labelled photos beside a generator, from which the networks learn too.
        few_shot: whether the few-shot segmenter is there, and made from the annotations as they are.
        auto_shot: whether the auto-shot network is there, and made from that segmenter.
        labelled_bytes: what the labelled pictures take on the disk.
        next_step: a command.
        why: why that is next.
    """

    folder: Path
    generator: str
    generator_digest: str | None
    photos: str
    n_photos: int | None
    encoder: str
    encoder_digest: str | None
    n_pictures: int
    annotation_ids: tuple[str, ...]
    painted_photo_ids: tuple[str, ...]
    few_shot: Freshness
    auto_shot: Freshness
    labelled_bytes: int
    next_step: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "folder": str(self.folder),
            **self._sources(),
            "n_pictures": self.n_pictures,
            "annotations": list(self.annotation_ids),
            **({"painted_photos": list(self.painted_photo_ids)} if self.painted_photo_ids else {}),
            "few_shot": self.few_shot,
            "auto_shot": self.auto_shot,
            "labelled_bytes": self.labelled_bytes,
            "next_step": self.next_step,
            "why": self.why,
        }

    def _sources(self) -> dict[str, Any]:
        """Generator and photos, as far as the project has them."""
        sources: dict[str, Any] = {}
        if self.generator:
            sources |= {"generator": self.generator, "generator_sha256": self.generator_digest}
        if self.photos:
            sources |= {"photos": self.photos, "n_photos": self.n_photos}
            sources |= {"encoder": self.encoder, "encoder_sha256": self.encoder_digest}
        return sources


def state_of(project: Project) -> ProjectState:
    """Look what is there; nothing is loaded or changed, and no photo is read.

    Raises:
        BadLabel: an annotation is damaged.
    """
    painted = painted_photos_beside(project)
    painted_ids = tuple(annotation.id for annotation in painted)
    ids = [name for name in annotation_ids(project.annotations) if name not in painted_ids]
    few_shot = _few_shot(project)
    auto_shot = _auto_shot(project, few_shot, painted)
    n_pictures = len(picture_ids(project))
    n_photos, lacking = _count_photos(project)
    network_of = "the few-shot segmenter" + (", or what is painted on photos," if painted else "")
    next_step, why = _next(project, lacking, n_pictures, len(ids), few_shot, auto_shot, network_of)
    photos = project.settings.photos
    return ProjectState(
        folder=project.folder,
        generator=project.settings.generator,
        generator_digest=generator_digest_of(project),
        photos=photos.folder,
        n_photos=n_photos,
        encoder=photos.features if photos.folder else "",
        encoder_digest=encoder_digest_of(project),
        n_pictures=n_pictures,
        annotation_ids=tuple(ids),
        painted_photo_ids=painted_ids,
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


def encoder_digest_of(project: Project) -> str | None:
    """Digest of the network that reads the project's photos; None where it has none, or none here."""
    if not project.settings.photos.folder:
        return None
    return model_digest(Path(project.encoder_source)) or model_digest(
        model_folder(project.settings.photos.features)
    )


def _count_photos(project: Project) -> tuple[int | None, str | None]:
    """How many photos there are, and what is wrong with them; None where there are none, or all is well."""
    if not project.settings.photos.folder:
        return None, None
    try:
        return len(project_photos(project)), None
    except (BadProject, BadArchive) as error:
        return None, error.found


def _few_shot(project: Project) -> Freshness:
    card = model_card(project.few_shot)
    if not card:
        return "missing"
    parents = dict(card.get("parents", {}))
    held = {
        "annotations": parents.get("annotations_sha256"),
        "generator": parents.get("generator_sha256"),
        "part set": model_part_set(project.few_shot),
        "classes": parents.get("classes", []),
        "features": photo_features_of(parents),
    }
    made_from: dict[str, Any] = {
        "annotations": annotations_digest(annotations_to_fit(project)),
        "generator": None,
        "part set": project.part_set.to_json(),
        "classes": list(project.settings.classes),
        "features": None,
    }
    # A model that is not on this machine cannot be another one.
    if project.settings.fitted_on == "photos":
        digest = encoder_digest_of(project) or parents.get("encoder_sha256")
        made_from |= {"features": [digest, project.settings.photos.features_px], "classes": []}
    else:
        made_from["generator"] = generator_digest_of(project) or held["generator"]
    return "ready" if Provenance(made_from).matches(held) else "outdated"


def photo_features_of(parents: Mapping[str, Any]) -> list[Any] | None:
    """Encoder and size of photos that a segmenter was fitted on, by its card; None for a generator's.

    The size is None where it was the usual one.
    """
    if "encoder_sha256" not in parents:
        return None
    return [parents["encoder_sha256"], None if parents.get("is_usual_px") else parents.get("features_px")]


def _auto_shot(project: Project, few_shot: Freshness, painted: Sequence[Annotation]) -> Freshness:
    card = model_card(project.auto_shot)
    if not card:
        return "missing"
    parents = card.get("parents", {})
    learned_from = painted if project.settings.auto_shot.painted_photo_share else ()
    made_from = {
        "segmenter": model_digest(project.few_shot),
        "part set": project.part_set.to_json(),
        "painted photos": annotations_digest(learned_from),
    }
    held = {
        "segmenter": parents.get("few_shot_sha256"),
        "part set": model_part_set(project.auto_shot),
        "painted photos": parents.get("painted_photos_sha256", annotations_digest(())),
    }
    same = few_shot == "ready" and Provenance(made_from).matches(held)
    return "ready" if same else "outdated"


def _next(
    project: Project,
    lacking: str | None,
    n_pictures: int,
    n_annotations: int,
    few_shot: Freshness,
    auto_shot: Freshness,
    network_of: str,
) -> tuple[str, str]:
    """The next command, and why; ``network_of`` says what the network is made of."""
    folder = project.folder
    if few_shot == auto_shot == "ready":
        return f"partly segment {folder} PHOTOS", "everything is made"
    if source := _next_for_source(project, lacking):
        return source
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
    return f"partly distil {folder}", _why(auto_shot, "network", network_of)


def _next_for_source(project: Project, lacking: str | None) -> tuple[str, str] | None:
    """What is to be done before anything can be labelled; None where all is there."""
    if project.settings.fitted_on == "generator":
        if generator_digest_of(project) is None:
            return _get(project.settings.generator, "generator", generator_names())
        return None
    if lacking is not None:
        return "edit folder in [photos] of project.toml", f"it {lacking}"
    if encoder_digest_of(project) is None:
        return _get(project.settings.photos.features, "features", encoder_names())
    return None


def _get(name: str, key: str, known: Sequence[str]) -> tuple[str, str]:
    what = {"generator": "generator", "features": "network that reads photos"}[key]
    if name in known:
        return f"partly get {name}", f"the {what} is not on this machine"
    return f"edit {key} in project.toml", f"there is no {what} at {name}"


def _why(state: Freshness, what: str, source: str) -> str:
    return f"there is no {what} yet" if state == "missing" else f"{source} changed since the {what} was made"
