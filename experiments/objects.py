"""Photos of objects without a generator, with part masks: horses and cars, and draws of labelled ones.

Research-only data, no part of Partly, in the folder of ``--data``:

- ``horses.zip``: Weizmann horses, 24 of them with parts drawn inside the silhouettes.
- ``faces_labelled_512.zip``: see :mod:`experiments.photos`; here faces are objects like others.
- ``cars_labelled_128.zip``: 400 of the Car-Parts-Segmentation data; see :mod:`benchmarks.cars`.

Photos of truth that nobody labels in a draw are what the draw is measured on.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from benchmarks.cars import PARTS as CAR_PARTS
from benchmarks.cars import merged as merged_car_parts
from PIL import Image

from experiments.bench import Bench
from experiments.photos import FILE_NAME as FACES
from experiments.protocol import PARTS_OF_IDS, PROTOCOL, Half
from partly.data.labels import FACE_PARTS, Annotation, LabelMap, PartSet
from partly.data.photos import PhotoSource, find_photos
from partly.errors import NotAvailable
from partly.evaluation.segmentation import TruthMapping
from partly.fewshot.acquisition import representative_among
from partly.fewshot.features import FeatureStore, PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.inference.segment import segment_by_teacher
from partly.models.encoders import Representation

HORSE_PARTS = PartSet.from_names(("background", "head", "body", "leg", "tail"))
N_OTHERS = 150
"""Photos without labels that a draw may learn from; none of them is ever measured on."""
N_FACES_TO_LEARN = 150
"""Photos of faces, of the choices half, that may be labelled or learned from; the others are measured on."""


_N_PROPOSED = 10  # of which one is labelled


@dataclass(frozen=True)
class ObjectKind:
    """One kind of object.

    Attributes:
        file_name: of the zip with ``images/NAME.jpg`` and ``labels/NAME.png``.
        others: of the zip with photos without labels.
        part_set: the parts.
        ids: the data's own label map as one of these parts.
        twins: photos that are nearly the same: one must not teach where the other is measured.
        n_measured: photos that a draw is measured on, at most.
        n_to_learn: only the first so many photos with truth are labelled or learned from without labels, and
            none of them is measured on; None: all may be labelled, and those that are not are measured on.
    """

    file_name: str
    others: str
    part_set: PartSet
    ids: Callable[[LabelMap], LabelMap]
    twins: tuple[frozenset[str], ...] = ()
    n_measured: int = 100
    n_to_learn: int | None = None


def _face_parts(ids: LabelMap) -> LabelMap:
    return TruthMapping(PARTS_OF_IDS, FACE_PARTS).apply(ids, "a face")


KINDS: Mapping[str, ObjectKind] = {
    "horses": ObjectKind(
        "horses.zip", "horses.zip", HORSE_PARTS, lambda ids: ids, (frozenset({"horse193", "horse254"}),)
    ),
    "cars": ObjectKind("cars_labelled_128.zip", "cars_unlabelled_128.zip", CAR_PARTS, merged_car_parts),
    "faces": ObjectKind(FACES, FACES, FACE_PARTS, _face_parts, n_measured=250, n_to_learn=N_FACES_TO_LEARN),
}


@dataclass(frozen=True)
class ObjectPhotos:
    """Photos of one kind of object, and the truth of some.

    Attributes:
        kind: of object.
        encoder: reads them.
        store: keeps features.
        known: photos with truth, by name.
        others: photos without.
        truths: label maps ``[h, w]`` by the photos' names.
    """

    kind: ObjectKind
    encoder: Representation
    store: FeatureStore
    known: Mapping[str, PhotoSource]
    others: Sequence[PhotoSource]
    truths: Mapping[str, LabelMap]

    @cached_property
    def source(self) -> PhotoFeatures:
        """Features of the photos with truth, to measure on."""
        return PhotoFeatures(self.encoder, list(self.known.values()), store=self.store)

    def source_of(self, labelled: Sequence[Annotation]) -> PhotoFeatures:
        """Features of what a draw may learn from: its labelled photos, and others without truth."""
        own = {str(annotation.photo): self.known[str(annotation.photo)] for annotation in labelled}
        others = [photo for photo in self.others if photo.name not in own]
        return PhotoFeatures(self.encoder, [*own.values(), *others], store=self.store)

    def labelled(self, n: int, draw: int) -> list[Annotation]:
        """The labels of a draw: ``n`` photos at random, each draw others as far as there are enough.

        A photo that is labelled alone shows every part.
        """
        names = sorted(self.known)[: self.kind.n_to_learn]
        if n == 1:
            names = [name for name in names if self._shows_all(name)]
        return [self.annotation(name) for name in drawn(names, n, draw)]

    def proposed(self, n: int, draw: int) -> list[Annotation]:
        """The labels of the ``n`` photos that ``partly pictures`` proposes; each draw is another seed.

        One photo is the first, second, ... of ten proposed ones that show every part.
        """
        names = sorted(self.known)[: self.kind.n_to_learn]
        pictures = [self.source.picture(name) for name in names]
        if n > 1:
            return [
                self.annotation(names[at]) for at, _ in representative_among(self.source, pictures, n, draw)
            ]
        chosen = [names[at] for at, _ in representative_among(self.source, pictures, _N_PROPOSED)]
        return [self.annotation([name for name in chosen if self._shows_all(name)][draw])]

    def measured(self, labelled: Sequence[Annotation]) -> list[str]:
        """Names of the photos that a draw is measured on: with truth, not labelled, and no twins of those."""
        used = {str(annotation.photo) for annotation in labelled}
        to_measure = sorted(self.known)[self.kind.n_to_learn or 0 :]
        return without_twins(self.kind, to_measure, used)[: self.kind.n_measured]

    def said_by(self, teacher: Teacher, name: str) -> LabelMap:
        """What a teacher that reads :attr:`source` makes of a photo, at its own size."""
        return segment_by_teacher(teacher, self.source.picture(name)).label_map

    def _shows_all(self, name: str) -> bool:
        return set(range(self.kind.part_set.n_parts)) <= set(np.unique(self.truths[name]).tolist())

    def annotation(self, name: str) -> Annotation:
        """The truth of a photo as an annotation of it."""
        picture = self.source.picture(name)
        stem = PurePosixPath(name).stem
        return Annotation(stem, self.truths[name], photo=picture.photo, photo_sha256=picture.photo_sha256)


def drawn(names: Sequence[str], n: int, draw: int) -> list[str]:
    """``n`` names at random; each draw gives others as far as there are enough."""
    order = np.random.default_rng(14).permutation(len(names))
    return [names[order[(draw * n + i) % len(names)]] for i in range(n)]


def without_twins(kind: ObjectKind, names: Sequence[str], used: Collection[str]) -> list[str]:
    """The names that are neither used nor twins of used ones, in their order."""
    left_out = set(used)
    stems = {PurePosixPath(name).stem for name in used}
    for twins in kind.twins:
        left_out |= {name for name in names if PurePosixPath(name).stem in twins} if stems & twins else set()
    return [name for name in names if name not in left_out]


def object_photos(
    data: Path | None, name: str, encoder: Representation, store: Path, half: Half = "choices"
) -> ObjectPhotos:
    """The photos of a kind of object, read by an encoder.

    Faces are learned from in the first 150 of the choices half, and measured on its others or on the figure
    half; horses and cars have no halves.

    Raises:
        NotAvailable: no folder was named, or it lacks a file.
    """
    kind = KINDS[name]
    file, others = file_in(data, kind.file_name), file_in(data, kind.others)
    truths = {f"images/{stem}.jpg": kind.ids(ids) for stem, ids in labels_of(file).items()}
    known = {photo.name: photo for photo in find_photos(file) if photo.name in truths}
    if kind.n_to_learn is not None:
        n_choices, names = PROTOCOL.n_choices, sorted(known)
        measured = names[kind.n_to_learn : n_choices] if half == "choices" else names[n_choices:]
        known = {name: known[name] for name in (*names[: kind.n_to_learn], *measured)}
        unlabelled = [known[name] for name in names[: kind.n_to_learn]]
    else:
        unlabelled = [photo for photo in find_photos(others) if _is_other(photo.name, truths)]
    step = max(1, len(unlabelled) // N_OTHERS)
    return ObjectPhotos(kind, encoder, FeatureStore(store), known, unlabelled[::step][:N_OTHERS], truths)


def objects_of_bench(bench: Bench, name: str, encoder: Representation) -> ObjectPhotos:
    """The photos of a kind of object; all experiments share the features of a photo, on the disk."""
    return object_photos(bench.data, name, encoder, bench.out / "cache" / "photo-features", bench.half)


def _is_other(name: str, truths: Mapping[str, LabelMap]) -> bool:
    """Whether it is a photo, and none with truth."""
    return name not in truths and PurePosixPath(name).parts[0] not in ("labels", "silhouettes")


def file_in(data: Path | None, name: str) -> Path:
    """A file of the folder ``data``.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    file = None if data is None else data / name
    if file is None or not file.is_file():
        raise NotAvailable(
            f"there is no {name}",
            expected="the folder with that zip",
            remedy="Name the folder that has it with --data FOLDER",
            path=data,
        )
    return file


def labels_of(file: Path) -> dict[str, LabelMap]:
    """The label maps of a zip with ``labels/NAME.png``, in the data's own ids, by NAME."""
    found = {}
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("labels/") and name.endswith(".png"):
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    found[PurePosixPath(name).stem] = np.asarray(image, np.uint8)
    return found
