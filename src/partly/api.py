"""The Python API: one label to a network in five lines, without a project on disk.

>>> import partly
>>> generator = partly.load_generator("ffhq")
>>> teacher = partly.fit_few_shot(generator, partly.load_annotations("faces"))
>>> network = partly.distil(generator, teacher)
>>> labels = network.segment("photo.jpg")
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import overload

import torch
from torch import Tensor

from partly.data.labels import (
    FACE_PARTS,
    SHIPPED_SETS,
    Annotation,
    PartSet,
    annotation_ids,
    list_annotations,
    shipped_set,
)
from partly.errors import BadLabel, BadOption, NotAvailable
from partly.fewshot.fitting import FewShotConfig, load_segmenter, save_segmenter
from partly.fewshot.fitting import fit_few_shot as fit_segmenter
from partly.fewshot.segmenters import FewShotSegmenter
from partly.models.generators import Generator, draw_classes
from partly.models.networks import AutoShotNetwork
from partly.models.networks import load_network as load_network_folder
from partly.models.zoo import encoder_weights, load_generator
from partly.storage import load_card
from partly.synthesis.distil import DistilConfig, DistilReports
from partly.synthesis.distil import distil as distil_into
from partly.synthesis.shards import LoadModels, Models

__all__ = [
    "Annotations",
    "Teacher",
    "distil",
    "fit_few_shot",
    "load_annotations",
    "load_generator",
    "load_network",
]


@dataclass(frozen=True)
class Annotations(Sequence[Annotation]):
    """Annotations with the part set that their ids mean.

    Attributes:
        annotations: in order of their ids.
        part_set: the parts.
    """

    annotations: tuple[Annotation, ...]
    part_set: PartSet

    def __len__(self) -> int:
        return len(self.annotations)

    @overload
    def __getitem__(self, index: int) -> Annotation: ...
    @overload
    def __getitem__(self, index: slice) -> Annotations: ...
    def __getitem__(self, index: int | slice) -> Annotation | Annotations:
        """One annotation, or some of them with the same part set."""
        if isinstance(index, slice):
            return replace(self, annotations=self.annotations[index])
        return self.annotations[index]


@dataclass(frozen=True)
class Teacher:
    """A fitted few-shot segmenter.

    Attributes:
        segmenter: feature pyramid to logits.
        part_set: what the logits mean.
    """

    segmenter: FewShotSegmenter
    part_set: PartSet

    def save(self, folder: str | Path) -> None:
        """Write it as a model folder."""
        save_segmenter(Path(folder), self.segmenter, self.part_set, {})

    @classmethod
    def load(cls, folder: str | Path) -> Teacher:
        """Read it from a model folder.

        Raises:
            BadModelFile: it is damaged, or of another kind.
        """
        segmenter, part_set, _ = load_segmenter(Path(folder))
        return cls(segmenter, part_set)

    def label(self, generator: Generator, w: Tensor, size_px: int = 256) -> Tensor:
        """Logits ``[b, k, size_px, size_px]`` of the pictures of ``w [b, l, v]``."""
        finest_px = max(generator.levels[i].size_px for i in self.segmenter.level_indexes)
        with torch.inference_mode():
            pyramid = generator.synthesise(w, features_px=finest_px, images=False).pyramid
            return self.segmenter(pyramid, size_px)


def load_annotations(source: str | Path = "faces") -> Annotations:
    """The annotations of a folder, or of a set that ships with Partly.

    These are ``"faces"``, for the generator ``"ffhq"``, and ``"portraits"``, for the generator of that name.

    Raises:
        BadLabel: there are none, or one is damaged or has parts that the first one lacks.
    """
    if str(source) in SHIPPED_SETS and not Path(source).is_dir():
        return Annotations(tuple(shipped_set(str(source), FACE_PARTS)), FACE_PARTS)
    folder = Path(source)
    ids = annotation_ids(folder)
    if not ids:
        raise BadLabel(
            "holds no annotations",
            expected="<id>.png with <id>.json, as partly label writes them into a project's annotations",
            path=folder,
        )
    part_set = _part_set_of(folder / f"{ids[0]}.json")
    return Annotations(tuple(list_annotations(folder, part_set)), part_set)


def fit_few_shot(
    generator: Generator,
    annotations: Sequence[Annotation],
    part_set: PartSet | None = None,
    config: FewShotConfig | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Teacher:
    """Fit a few-shot segmenter on annotated pictures of a generator.

    Args:
        generator: the one whose pictures were labelled.
        annotations: one or more.
        part_set: the parts; None takes those that come with the annotations, else the parts of faces.
        config: which segmenter, how; the best known one by default.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadLabel: annotations are missing, or of another generator, or a part has no pixel.
    """
    if part_set is None:
        part_set = annotations.part_set if isinstance(annotations, Annotations) else FACE_PARTS
    return Teacher(fit_segmenter(generator, annotations, part_set, config, on_progress), part_set)


def distil(
    generator: Generator,
    teacher: Teacher,
    config: DistilConfig | None = None,
    *,
    annotations: Sequence[Annotation] = (),
    folder: str | Path | None = None,
    n_workers: int = 1,
    reports: DistilReports | None = None,
) -> AutoShotNetwork:
    """Make a network for photos: the teacher labels generated pictures, the network learns from them.

    Args:
        generator: makes the pictures.
        teacher: labels them.
        config: how many pictures, which network, how long.
        annotations: what the teacher was fitted on; needed for a ``config.painted_share`` above 0.
        folder: keeps pictures, labels, checkpoint and panels, so that the same call goes on after a stop;
            None keeps nothing.
        n_workers: processes that make the pictures, whose number changes no picture. They import the script
            that calls this, so with more than one a script must call it below
            ``if __name__ == "__main__":``.
        reports: who is told what meanwhile.

    Raises:
        NotAvailable: a pretrained encoder is wanted, and not on this machine.
        BadOption: the folder holds something made with other choices, or the generator cannot be given to
            more workers than one.
        TrainingDiverged: the loss is no number.
    """
    config = config or DistilConfig()
    weights = _encoder_weights() if config.pretrained else None
    with _folder_or_temporary(folder) as place:
        return distil_into(
            generator,
            teacher.segmenter,
            teacher.part_set,
            config,
            pictures_folder=place / "pictures",
            labels_folder=place / "labels",
            training_folder=place / "training",
            annotations=annotations,
            encoder_weights=weights,
            load_models=_load_models_from(generator, teacher, place) if n_workers > 1 else None,
            n_workers=n_workers,
            reports=reports,
        ).network


def load_network(folder: str | Path) -> AutoShotNetwork:
    """Read an auto-shot network from its model folder (``models/auto_shot`` of a project).

    Raises:
        BadModelFile: files are missing or damaged, or it is another kind of model.
    """
    return load_network_folder(Path(folder))


def _load_models_from(generator: Generator, teacher: Teacher, place: Path) -> LoadModels:
    """What gives generator and teacher in a worker process: both are read from model folders."""
    teacher.save(place / "teacher")
    folders = _folder_of(generator, place), (place / "teacher").absolute()
    drawn = tuple(generator.classes[place] for place in generator.drawn_classes)
    return partial(_load_models, *folders, drawn)


def _load_models(generator_folder: Path, teacher_folder: Path, classes: tuple[str, ...]) -> Models:
    generator = load_generator(generator_folder)
    draw_classes(generator, classes)
    return generator, Teacher.load(teacher_folder).segmenter


def _folder_of(generator: Generator, place: Path) -> Path:
    """The model folder of a generator; it is written into ``place`` if it has none, or one that changed."""
    folder: Path | None = getattr(generator, "folder", None)
    if folder and (folder / "model.json").is_file() and load_card(folder).weights_sha256 == generator.digest:
        return folder
    if not hasattr(generator, "save"):
        raise BadOption(
            f"a generator of type {type(generator).__name__} has no model folder for workers to read",
            remedy="Give n_workers=1, or the type a method save(folder, extra)",
        )
    folder = (place / "generator").absolute()
    generator.save(folder, {})
    return folder


def _encoder_weights() -> Path:
    try:
        return encoder_weights()
    except NotAvailable as error:
        raise NotAvailable(
            error.found,
            remedy=f"{error.remedy}, or give DistilConfig(architecture='unet-small', pretrained=False)",
            path=error.path,
        ) from None


@contextmanager
def _folder_or_temporary(folder: str | Path | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="partly-") as name:
        yield Path(name)


def _part_set_of(path: Path) -> PartSet:
    try:
        return PartSet.from_json(json.loads(path.read_bytes())["part_set"], path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadLabel(f"names no part set ({error})", remedy="Label the picture again", path=path) from error
