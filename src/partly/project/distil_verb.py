"""The project's few-shot segmenter to its auto-shot network."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from partly.data.labels import Annotation
from partly.errors import BadOption, BadProject
from partly.fewshot.features import FeatureSource, GeneratorFeatures, PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import FewShotSegmenter
from partly.machine import (
    ALONE,
    Machine,
    MachineOptions,
    SpreadOptions,
    machine_of_workers,
    usable_processors,
)
from partly.models.generators import pictures_digest
from partly.models.networks import ObjectFinder, load_network
from partly.models.zoo import encoder_weights
from partly.project.annotations_of_project import annotations_to_fit
from partly.project.beside_generator import Beside
from partly.project.best_network import make_best
from partly.project.finder_of_project import make_finder
from partly.project.model_digests import (
    annotations_digest,
    classes_drawn,
    model_card,
    model_digest,
    model_part_set,
)
from partly.project.project_features import project_encoder, project_photo_features, project_source
from partly.project.project_folder import Project, open_project
from partly.storage import (
    Run,
    begin_run,
    given_of,
    remove_leftovers,
    sha256_of,
    streams_as_of,
    values_of,
)
from partly.synthesis.distil import (
    EFFORTS,
    SECOND_ROUND_FOLDER,
    DistilConfig,
    DistilReports,
    DistilRequest,
    completed,
    distil,
    distil_finder,
    distil_head,
    finder_config_of,
    keep_features,
    unpainted_photos,
)
from partly.synthesis.shards import (
    OnPicture,
    Place,
    SynthesisReport,
    labels_identity,
    pictures_identity,
    synthesise_share,
)

_MOST_WORKERS = 8
# Choices that a head depends on besides the networks that teach it.
_OF_HEAD = ("seed", "painted_share", "painted_photo_share")


@dataclass(frozen=True)
class DistilResult:
    """A trained network.

    Attributes:
        folder: its model folder.
        run_folder: where its log and panels are; those of a second round in a folder below.
        held_out_iou: mean IoU with the few-shot segmenter on held-out pictures, in [0, 1], or None.
        was_there: an earlier run had done it all.
        best_folder: model folder of the best network, where it was asked for.
        finder_folder: model folder of the object finder, where it was asked for.
    """

    folder: Path
    run_folder: Path
    held_out_iou: float | None
    was_there: bool
    best_folder: Path | None = None
    finder_folder: Path | None = None

    @property
    def panel_folders(self) -> list[Path]:
        """Where panels of held-out pictures are: a folder for each round that has some."""
        rounds = (self.run_folder, self.run_folder / SECOND_ROUND_FOLDER)
        return [folder / "panels" for folder in rounds if (folder / "panels").is_dir()]


def distil_config(
    project: Project,
    effort: str = "usual",
    **given: Any,
) -> DistilConfig:
    """The choices of ``project.toml``, with those of the effort and those that are given in their place.

    Args:
        project: whose ``project.toml``.
        effort: a name of :data:`partly.synthesis.distil.EFFORTS`.
        **given: by the names of :class:`DistilConfig`; None is not given.

    Raises:
        BadOption: a choice that cannot be, or a truncation of photos.
    """
    usual, given = project.settings.auto_shot, given_of(given)
    DistilRequest(effort=effort)
    if given.get("architecture") != usual.architecture:
        given = completed(given)
    if "truncation" in given and project.settings.fitted_on == "photos":
        raise BadOption(
            "a truncation of photos",
            expected="none: it is of generated pictures",
            remedy="Leave --truncation out",
        )
    return replace(usual, **EFFORTS[effort].applied(values_of(usual)) | given)


def distil_project(
    project: Project,
    config: DistilConfig,
    *,
    n_workers: int | None = None,
    anew: bool = False,
    reports: DistilReports | None = None,
    machine_options: MachineOptions | None = None,
    spread: SpreadOptions | None = None,
) -> DistilResult:
    """Label pictures or photos, train the network, keep it; after a stop, the same call goes on.

    Processes that ``torchrun`` started train together, each on a GPU of its own where there are some; the
    first of them makes what all read, and keeps the networks. Where ``spread`` names a cluster of Ray, that
    makes the pictures, or reads the photos.

    Args:
        project: whose network is made.
        config: the choices.
        n_workers: processes that make pictures.
        anew: begin a new training where there is a finished one.
        reports: who is told what.
        machine_options: where it is computed, and how precisely; nothing that the network is told apart by.
        spread: may name a cluster of Ray; its share is of no matter here.

    Raises:
        BadProject: there is no few-shot segmenter yet.
        BadOption: there is no such device, workers of Ray are to use a GPU, or processes cannot share a batch
            evenly.
        NotAvailable: generator or encoder are not on this machine.
        BadModelFile: a model is damaged.
        BadArchive: labelled pictures are damaged.
        TrainingDiverged: the loss is no number.
        TooLittleMemory: the device has too little for a step; the last checkpoint is kept.
    """
    by_cluster = None
    if spread is not None and spread.ray is not None:
        # A GPU for its workers is refused here, before anything is made.
        workers = machine_of_workers(machine_options, spread)
        everything = replace(spread, share=None)
        by_cluster = partial(_make_share, workers, project, config, everything, n_workers, reports)
    with Machine.for_training(machine_options) as machine:
        return _distil_on(machine, project, config, n_workers, anew, reports, by_cluster)


def _distil_on(
    machine: Machine,
    project: Project,
    config: DistilConfig,
    n_workers: int | None,
    anew: bool,
    reports: DistilReports | None,
    by_cluster: Callable[[], object] | None,
) -> DistilResult:
    """As :func:`distil_project`, on a machine; a cluster makes the pictures beforehand, if there is one."""
    ranks = machine.ranks
    ranks.check(config.batch_size)
    if ranks.is_first:
        remove_leftovers(project.folder)
    # Pictures and labels are made where the network is trained, by the first process alone.
    source = project_source(project, replace(machine, ranks=ALONE))
    teacher = _load_teacher(project, source, config)
    weights = encoder_weights() if config.pretrained else None
    # Refused before the long work, if it is not on this machine.
    encoder = project_encoder(project) if config.best else None
    beside = Beside.of(project, source, config, encoder)
    parents = {
        **_source_parents(project, source),
        "few_shot_sha256": teacher.digest,
        "encoder_sha256": sha256_of(weights) if weights else None,
        **classes_drawn(project),
        **beside.parents,
    }
    described = _described(config, source, beside)
    extra = {"config": described, "parents": parents}
    asked = {"part_set": teacher.part_set.to_json(), **extra}
    run = ranks.first_then_others(lambda: begin_run(project.runs, "distil", asked, anew=anew))
    place = _place(project, teacher, config, run.folder)
    n_workers = n_workers or default_workers()

    done = _finished(project, run)
    if done is None:
        with streams_as_of(run.streams):
            if by_cluster is not None:
                if ranks.is_first:
                    by_cluster()
                ranks.wait()
            result = distil(
                teacher,
                place,
                config,
                reports,
                encoder_weights=weights,
                n_workers=n_workers,
                own=beside.own,
                machine=machine,
            )
        if ranks.is_first:
            saved = result.network.save(project.auto_shot, extra | machine.described)
            run.finish(
                {
                    "network_sha256": saved.weights_sha256,
                    "held_out_iou": result.held_out_iou,
                    "training_time_s": round(result.time_s, 1),
                    **machine.described,
                }
            )
        ranks.wait()
        done = DistilResult(project.auto_shot, run.folder, result.held_out_iou, was_there=False)
    if not config.anywhere and beside.reader is None:
        return done
    fast = load_network(project.auto_shot)
    made_from = {"few_shot_sha256": teacher.digest, **beside.parents}
    if config.anywhere:
        finder_config = finder_config_of(config)

        def train() -> ObjectFinder:
            return distil_finder(
                teacher,
                place,
                config,
                fast,
                beside.own,
                reports,
                finder_config=finder_config,
                encoder_weights=weights,
                n_workers=n_workers,
                machine=machine,
            )

        of_finder = {"network_sha256": fast.digest, "finder": asdict(finder_config)}
        with streams_as_of(run.streams):
            finder_was_there = make_finder(project, train, made_from | of_finder, machine)
        done = replace(done, finder_folder=project.finder, was_there=done.was_there and finder_was_there)
    reader = beside.reader
    if reader is None:
        return done

    def head() -> FewShotSegmenter:
        return distil_head(
            teacher,
            place,
            config,
            reader,
            fast,
            beside.own,
            reports,
            n_workers=n_workers,
            machine=machine,
        )

    of_head = {name: described[name] for name in _OF_HEAD if name in described}
    made_from |= of_head
    if isinstance(source, PhotoFeatures):
        made_from["segmenter"] = "head"  # Before, it was the teacher's own.
    with streams_as_of(run.streams):
        best_was_there = make_best(project, fast, reader.encoder, head, made_from, machine)
    return replace(done, best_folder=project.best, was_there=done.was_there and best_was_there)


def make_project_share(
    project: Project,
    config: DistilConfig,
    spread: SpreadOptions,
    *,
    n_workers: int | None = None,
    reports: DistilReports | None = None,
    machine_options: MachineOptions | None = None,
) -> int:
    """Make one share of what :func:`distil_project` begins with, and no more.

    With a generator, these are labelled pictures; in a project of photos, features of the photos that the
    network will learn from.

    Args:
        project: on a disk that those who make the other shares have, too.
        config: the same for all shares.
        spread: which share, and who makes it.
        n_workers: processes; on GPUs there is one for each of them at most.
        reports: who is told what; of every photo, too.
        machine_options: where generator and encoder compute, and how precisely.

    Returns:
        How many pictures or photos the share has.

    Raises:
        BadProject: as for :func:`distil_project`, as all others are.
    """
    machine = machine_of_workers(machine_options, spread)
    return _make_share(machine, project, config, spread, n_workers, reports)


def _make_share(
    machine: Machine,
    project: Project,
    config: DistilConfig,
    spread: SpreadOptions,
    n_workers: int | None,
    reports: DistilReports | None,
) -> int:
    """As :func:`make_project_share`, on the machine of the workers."""
    reports = reports or DistilReports()
    source = project_source(project, machine)
    teacher = _load_teacher(project, source, config)
    n_workers = n_workers or usual_workers(spread)
    if isinstance(source, PhotoFeatures):
        return _keep_features(project, teacher, config, spread, n_workers, reports.on_picture)
    return synthesise_share(
        teacher,
        config.synthesis(),
        _place(project, teacher, config, project.runs),
        spread,
        n_workers=n_workers,
        on_picture=reports.on_picture,
        on_halved=reports.halved,
    )


@dataclass(frozen=True)
class _ProjectFeatures:
    """Gives the features of a project's photos in a worker, which makes them on a machine of its own."""

    folder: Path
    machine: Machine

    def __call__(self) -> PhotoFeatures:
        return project_photo_features(open_project(self.folder), machine=self.machine.of_worker())


def _keep_features(
    project: Project,
    teacher: Teacher,
    config: DistilConfig,
    spread: SpreadOptions,
    n_workers: int | None,
    on_picture: OnPicture | None,
) -> int:
    """Keep the features of the photos that a network will learn from."""
    source = teacher.source
    assert isinstance(source, PhotoFeatures)
    photos = unpainted_photos(source, teacher.annotations, config.seed, config.n_pictures)
    names = [photo.name for photo in photos]
    began = time.monotonic()

    def report(n_done: int, n_photos: int) -> None:
        if on_picture:
            rate = n_done / max(time.monotonic() - began, 1e-9)
            on_picture(SynthesisReport(n_done, n_photos, rate, (n_photos - n_done) / rate))

    if n_workers is not None and spread.ray is None:
        n_workers = len(source.machine.for_workers(n_workers))
    executor = spread.executor_of(n_workers)
    load = _ProjectFeatures(project.folder, source.machine)
    return keep_features(source, load, names, executor, spread.the_share, report)


def _described(config: DistilConfig, source: FeatureSource, beside: Beside) -> dict[str, Any]:
    """The choices that the auto-shot network depends on."""
    no_matter = {"anywhere", "finder_steps"}
    if beside.reader is None or not isinstance(source, GeneratorFeatures):
        no_matter.add("best")  # which makes larger pictures
    if beside.own is None or not beside.own.annotations:
        no_matter.add("painted_photo_share")
    return {name: value for name, value in asdict(config).items() if name not in no_matter}


def _source_parents(project: Project, source: FeatureSource) -> dict[str, Any]:
    """What the labels come from, as the card says it."""
    if isinstance(source, GeneratorFeatures):
        return {"generator_sha256": source.digest}
    return {"source_sha256": source.digest, "features": project.settings.photos.features}


def default_workers() -> int:
    """A process for each processor that this one may use, up to eight: each takes half a gigabyte."""
    return min(usable_processors(), _MOST_WORKERS)


def usual_workers(spread: SpreadOptions | None) -> int | None:
    """Those of this machine; None, which is all that there are, with a cluster."""
    return default_workers() if spread is None or spread.ray is None else None


def _load_teacher(project: Project, source: FeatureSource, config: DistilConfig) -> Teacher:
    """The project's teacher, checked to be one for the source of features and the parts of today.

    Raises:
        BadProject: it is not, there is none, or the network learns from annotations that have changed since.
    """
    if not (project.few_shot / "model.json").is_file():
        raise BadProject(
            "there is no few-shot segmenter yet",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    teacher = Teacher.load(project.few_shot)
    if teacher.source_digest != source.digest or teacher.part_set != project.part_set:
        of_source = "generator" if isinstance(source, GeneratorFeatures) else "features of photos"
        what = "parts" if teacher.source_digest == source.digest else of_source
        raise BadProject(
            f"the few-shot segmenter was fitted with other {what}",
            expected=f"the {what} of project.toml",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    teacher = teacher.reading(source)
    knows_labels = config.painted_share or isinstance(source, PhotoFeatures)
    return replace(teacher, annotations=_annotations(project)) if knows_labels else teacher


def _annotations(project: Project) -> list[Annotation]:
    """What the segmenter was fitted on, if it is still so.

    Raises:
        BadProject: annotations were added, changed or taken away since.
    """
    annotations = annotations_to_fit(project)
    parents = dict(model_card(project.few_shot).get("parents", {}))
    if annotations_digest(annotations) != parents.get("annotations_sha256"):
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


def _place(project: Project, teacher: Teacher, config: DistilConfig, training: Path) -> Place:
    """Folders of pictures and labels are named by digests of all that these depend on but their number.

    All teachers of a project share its pictures; each has labels of its own.
    """
    synthesis = config.synthesis()
    identities: tuple[Any, Any]
    if isinstance(teacher.source, PhotoFeatures):
        squares = ["photos", synthesis.size_px, config.n_pictures, config.seed]
        identities = squares, [*squares, synthesis.label_px, teacher.digest]
    else:
        generator_digest = pictures_digest(teacher.generator)
        identities = (
            pictures_identity(synthesis, generator_digest),
            labels_identity(synthesis, generator_digest, teacher.digest),
        )
    texts = (json.dumps(identity, sort_keys=True).encode() for identity in identities)
    pictures, labels = (hashlib.sha256(text).hexdigest()[:12] for text in texts)
    return Place(project.labelled / "pictures" / pictures, project.labelled / "labels" / labels, training)
