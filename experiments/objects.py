"""Photos of objects without a generator, with part masks: horses and cars, and draws of labelled ones.

Research-only data, no part of Partly, in the folder of ``--data``:

- ``horses.zip``: Weizmann horses, 24 of them with parts drawn inside the silhouettes.
- ``cars_labelled_128.zip``: 400 of the Car-Parts-Segmentation data; see :mod:`benchmarks.cars`.

Photos of truth that nobody labels in a draw are what the draw is measured on.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from benchmarks.cars import PARTS as CAR_PARTS
from benchmarks.cars import merged as merged_car_parts
from PIL import Image

from partly.data.labels import Annotation, LabelMap, PartSet
from partly.data.photos import PhotoSource, find_photos
from partly.errors import NotAvailable
from partly.fewshot.features import FeatureStore, PhotoFeatures
from partly.models.encoders import Representation

HORSE_PARTS = PartSet.from_names(("background", "head", "body", "leg", "tail"))
_N_PHOTOS = 166
_N_MEASURED = 100


@dataclass(frozen=True)
class ObjectKind:
    """One kind of object.

    Attributes:
        file_name: of the zip with ``images/NAME.jpg`` and ``labels/NAME.png``.
        part_set: the parts.
        ids: the data's own label map as one of these parts.
        twins: photos that are nearly the same: one must not teach where the other is measured.
        n_most: photos that are looked at, those with truth first.
        n_measured: photos that a draw is measured on.
    """

    file_name: str
    part_set: PartSet
    ids: Callable[[LabelMap], LabelMap]
    twins: tuple[frozenset[str], ...] = ()
    n_most: int = _N_PHOTOS
    n_measured: int = _N_MEASURED


KINDS: Mapping[str, ObjectKind] = {
    "horses": ObjectKind(
        "horses.zip", HORSE_PARTS, lambda ids: ids, (frozenset({"horse193", "horse254"}),), _N_PHOTOS, 24
    ),
    "cars": ObjectKind("cars_labelled_128.zip", CAR_PARTS, merged_car_parts),
}


@dataclass(frozen=True)
class ObjectPhotos:
    """Photos of one kind of object, and the truth of some.

    Attributes:
        kind: of object.
        source: features of the photos.
        truths: label maps ``[h, w]`` by the photos' names.
    """

    kind: ObjectKind
    source: PhotoFeatures
    truths: Mapping[str, LabelMap]

    @cached_property
    def _shuffled(self) -> list[str]:
        order = np.random.default_rng(14).permutation(len(self.truths))
        names = sorted(self.truths)
        return [names[i] for i in order]

    def labelled(self, n: int, draw: int) -> list[Annotation]:
        """The labels of a draw: ``n`` photos at random, each draw others as far as there are enough."""
        names, n_all = self._shuffled, len(self._shuffled)
        chosen = [names[(draw * n + i) % n_all] for i in range(n)]
        return [self._annotation(name) for name in chosen]

    def measured(self, labelled: list[Annotation]) -> list[str]:
        """Names of the photos that a draw is measured on: with truth, not labelled, and no twins of those."""
        used = {str(annotation.photo) for annotation in labelled}
        for twins in self.kind.twins:
            names = {name for name in self.truths if PurePosixPath(name).stem in twins}
            used |= names if used & names else set()
        return [name for name in sorted(self.truths) if name not in used][: self.kind.n_measured]

    def _annotation(self, name: str) -> Annotation:
        picture = self.source.picture(name)
        stem = PurePosixPath(name).stem
        return Annotation(stem, self.truths[name], photo=picture.photo, photo_sha256=picture.photo_sha256)


def object_photos(data: Path | None, name: str, encoder: Representation, store: Path) -> ObjectPhotos:
    """The photos of a kind of object, read by an encoder.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    kind = KINDS[name]
    file = None if data is None else data / kind.file_name
    if file is None or not file.is_file():
        raise NotAvailable(
            f"there is no {kind.file_name}",
            expected="a folder with images/NAME.jpg and labels/NAME.png in that zip",
            remedy="Name the folder that has it with --data FOLDER",
            path=data,
        )
    truths = {f"images/{stem}.jpg": kind.ids(ids) for stem, ids in _labels(file).items()}
    found = [photo for photo in find_photos(file) if photo.name.startswith("images/")]
    others = [photo for photo in found if photo.name not in truths]
    known: list[PhotoSource] = [photo for photo in found if photo.name in truths]
    photos = (known + others)[: kind.n_most]
    truths = {photo.name: truths[photo.name] for photo in photos if photo.name in truths}
    return ObjectPhotos(kind, PhotoFeatures(encoder, photos, store=FeatureStore(store)), truths)


def _labels(file: Path) -> dict[str, LabelMap]:
    found = {}
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("labels/") and name.endswith(".png"):
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    found[PurePosixPath(name).stem] = np.asarray(image, np.uint8)
    return found
