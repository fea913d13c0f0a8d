"""The teacher: a fitted few-shot segmenter with the features that it reads and the parts that it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.data.labels import Annotation, LabelMap, PartSet, Pictured
from partly.data.photos import Photo, photo_of
from partly.errors import BadModelFile, BadOption
from partly.fewshot.features.feature_source import FeatureSource
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.few_shot_method import OnProgress
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.segmenter_folders import load_segmenter, save_segmenter, segmenter_digest
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.machine import PROCESSOR, Machine
from partly.models.generators import Generator, draw_classes, load_generator, synthesise_on
from partly.storage import ModelCard, load_card


@dataclass(eq=False)
class Teacher:
    """A fitted few-shot segmenter, and what belongs to it.

    Attributes:
        segmenter: feature pyramid to logits.
        part_set: what the logits mean.
        source: where its features come from; None where it was read from a folder and given none since.
        annotations: what it was fitted on, where that is at hand.
        folder: the model folder that it was last read from or written to, absolute; None before.
        source_digest: of the source that it was fitted on; None where nobody wrote it down.
    """

    segmenter: FewShotSegmenter
    part_set: PartSet
    source: FeatureSource | None = None
    annotations: Sequence[Annotation] = ()
    folder: Path | None = None
    source_digest: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of its weights, as its model folder has them; the one by which everything refers to it."""
        return segmenter_digest(self.segmenter)

    def save(self, folder: str | Path, extra: Mapping[str, Any] | None = None) -> ModelCard:
        """Write it as a model folder; source and annotations stay where they are.

        Args:
            folder: made if missing.
            extra: what else the card says: plain JSON values.
        """
        facts = dict(extra or {})
        if self.source_digest is not None:
            facts["parents"] = {"source_sha256": self.source_digest, **facts.get("parents", {})}
        card = save_segmenter(Path(folder), self.segmenter, self.part_set, facts)
        self.folder = Path(folder).absolute()
        return card

    @classmethod
    def load(cls, folder: str | Path, source: FeatureSource | Generator | None = None) -> Teacher:
        """Read it from a model folder.

        Args:
            folder: the model folder.
            source: where its features come from, or the generator whose they are; None: see :meth:`reading`.

        Raises:
            BadModelFile: it is damaged, or of another kind.
            BadOption: it was fitted on another source.
        """
        segmenter, part_set, card = load_segmenter(Path(folder))
        parents = dict(card.extra.get("parents", {}))
        # Folders of version 0.1 know generators only, and those of its Python API not even these.
        fitted_on = parents.get("source_sha256", parents.get("generator_sha256"))
        teacher = cls(segmenter, part_set, folder=Path(folder).absolute(), source_digest=fitted_on)
        return teacher if source is None else teacher.reading(source)

    def reading(self, source: FeatureSource | Generator) -> Teacher:
        """The same teacher with this source of features, to whose machine its segmenter is moved.

        Raises:
            BadOption: it was fitted on another.
        """
        source = feature_source(source)
        if self.source_digest not in (None, source.digest):
            raise BadOption(
                f"a teacher that was fitted on features of {str(self.source_digest)[:12]}…",
                expected=f"{source.digest[:12]}…, of the source that is given",
                remedy="Use the generator, or the photos' network, that it was fitted on",
            )
        source.machine.place(self.segmenter)
        return replace(self, source=source, source_digest=source.digest)

    @property
    def machine(self) -> Machine:
        """Where its source makes features, and its segmenter reads them; the processor without a source."""
        return PROCESSOR if self.source is None else self.source.machine

    def on(self, machine: Machine) -> Teacher:
        """The same teacher on another machine; models are moved there.

        Raises:
            BadOption: it has no source.
        """
        return self.reading(self._at_hand().on(machine))

    def to(self, device: torch.device | str) -> Teacher:
        """As :meth:`on`, by the name of a device, with float32; without a source the segmenter is moved."""
        machine = Machine(torch.device(device))
        if self.source is not None:
            return self.on(machine)
        machine.place(self.segmenter)
        return self

    @torch.inference_mode()
    def __call__(self, picture: Pictured, size_px: int = 256) -> Tensor:
        """Logits ``[1, k, size_px, size_px]`` of one picture of the source, annotated or not.

        Raises:
            BadOption: the teacher has no source.
            BadLabel: the picture is none of the source.
        """
        source = self._at_hand()
        finest_px = max(source.levels[i].size_px for i in self.segmenter.level_indexes)
        return self.segmenter(source.pyramid(picture, finest_px), size_px)

    @torch.inference_mode()
    def label(self, generator: Generator, w: Tensor, size_px: int = 256) -> Tensor:
        """Logits ``[b, k, size_px, size_px]`` of the pictures that ``generator`` makes of ``w [b, l, v]``.

        Raises:
            BadOption: the teacher was fitted on another source.
        """
        machine = self._machine_of(generator)
        finest_px = max(generator.levels[i].size_px for i in self.segmenter.level_indexes)
        made = synthesise_on(machine, generator, w, features_px=finest_px, images=False)
        return self.segmenter(made.pyramid, size_px)

    @torch.inference_mode()
    def segment(self, photo: Photo | str | Path) -> LabelMap:
        """Label map uint8 ``[h, w]`` of any photo; 255 where the source does not look.

        Raises:
            BadOption: the teacher does not read photos.
            BadPhoto: it cannot be read.
        """
        source = self._at_hand()
        if not isinstance(source, PhotoFeatures):
            raise BadOption(
                "a teacher that reads the pictures of a generator",
                expected="one that was fitted on features of photos",
                remedy="Make a network for photos of it: partly.distil",
            )
        pixels = photo_of(photo).pixels
        height, width = pixels.shape[:2]
        finest_px = max(source.levels[i].size_px for i in self.segmenter.level_indexes)
        pyramid = source.read(pixels, finest_px).pyramid
        best = self.segmenter(pyramid, source.square_px(height, width))[0].argmax(0)
        return source.placed(best.byte().cpu().numpy(), height, width)

    @property
    def generator(self) -> Generator:
        """The generator whose pictures it labels.

        Raises:
            BadOption: it has no source, or reads photos.
        """
        source = self._at_hand()
        if not isinstance(source, GeneratorFeatures):
            raise BadOption(
                "a teacher that reads photos",
                expected="one that was fitted on pictures of a generator, to label those that it makes",
                remedy="Fit on the generator's pictures, or label photos: teacher.segment(photo)",
            )
        return source.generator

    def _machine_of(self, generator: Generator) -> Machine:
        """Where a generator that it reads is, and now its segmenter too.

        Raises:
            BadOption: it was fitted on another source.
        """
        if isinstance(self.source, GeneratorFeatures) and self.source.generator is generator:
            return self.source.machine
        return self.reading(generator).machine

    def _at_hand(self) -> FeatureSource:
        if self.source is None:
            raise BadOption(
                "a teacher without a source of features",
                expected="the generator, or the photos' network, that it was fitted on",
                remedy="Give it: teacher.reading(generator)",
            )
        return self.source


def fit_teacher(
    source: FeatureSource | Generator,
    annotations: Sequence[Annotation],
    part_set: PartSet,
    config: FewShotConfig | None = None,
    on_progress: OnProgress | None = None,
) -> Teacher:
    """Fit a teacher on annotated pictures of a source, or of a generator.

    Args:
        source: makes the features; a generator stands for its activations.
        annotations: one or more.
        part_set: what the ids of the label maps mean.
        config: which segmenter, how; the best known one by default.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadLabel: annotations are missing, or of another source, or a part has no pixel.
    """
    source = feature_source(source)
    segmenter = fit_few_shot(source, annotations, part_set, config, on_progress)
    return Teacher(segmenter, part_set, source, tuple(annotations), source_digest=source.digest)


def feature_source(source: FeatureSource | Generator) -> FeatureSource:
    """A source of features; a generator stands for its own activations.

    Raises:
        BadOption: it is neither.
    """
    if isinstance(source, FeatureSource):
        return source
    if isinstance(source, Generator):
        return GeneratorFeatures(source)
    raise BadOption(
        f"a {type(source).__name__} gives no features of pictures",
        expected="a generator, or a source of features",
        remedy="Of a network that reads photos, make one: partly.photo_features(network, photos)",
    )


def teacher_loader(teacher: Teacher, scratch: Path) -> Callable[[], Teacher]:
    """What gives the teacher in a worker process: generator and segmenter are read from model folders.

    Args:
        teacher: of a generator.
        scratch: what has no model folder, or changed since, is written into it.

    Raises:
        BadOption: the generator has no model folder, and cannot be saved.
    """
    generator_folder = _folder_of(teacher.generator, scratch)
    if teacher.folder is None or _digest_in(teacher.folder) != teacher.digest:
        teacher.save(scratch / "teacher")
    assert teacher.folder is not None
    drawn = tuple(teacher.generator.classes[place] for place in teacher.generator.drawn_classes)
    return partial(_load_teacher, generator_folder, teacher.folder, drawn)


def _load_teacher(generator_folder: Path, teacher_folder: Path, classes: tuple[str, ...]) -> Teacher:
    generator = load_generator(generator_folder)
    draw_classes(generator, classes)
    return Teacher.load(teacher_folder, generator)


def _folder_of(generator: Generator, scratch: Path) -> Path:
    folder: Path | None = getattr(generator, "folder", None)
    if folder and _digest_in(folder) == generator.digest:
        return folder
    if not hasattr(generator, "save"):
        raise BadOption(
            f"a generator of type {type(generator).__name__} has no model folder for workers to read",
            remedy="Give n_workers=1, or the type a method save(folder, extra)",
        )
    folder = (scratch / "generator").absolute()
    generator.save(folder, {})
    return folder


def _digest_in(folder: Path) -> str | None:
    """Digest of the weights in a model folder; None where there is none."""
    try:
        return load_card(folder).weights_sha256
    except BadModelFile:
        return None
