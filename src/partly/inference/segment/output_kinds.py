"""The kinds of files that segmenting a photo gives: each says how its files are called, and writes them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet
from partly.data.photos import JPEG_MAX_SIDE_PX, Photo, thumbnail, write_jpeg, write_png
from partly.data.photos import overlay as overlaid
from partly.errors import BadOption
from partly.inference.segment.object_frames import with_frames
from partly.inference.segment.object_kinds import Crops, ObjectMaps
from partly.inference.segment.segment_options import OutputOptions
from partly.inference.segment.segmentation import Segmentation
from partly.storage import atomic_path, safe_names

SCALE_16_BIT = 65535
"""The value of a probability of 1 in 16-bit PNGs."""

_MOST_JOINED = 120  # characters of the folder of a cutout of many parts
_DATE = (1980, 1, 1, 0, 0, 0)  # the same photo gives the same bytes


class OutputKind(Protocol):
    """One kind of files of each photo.

    Attributes:
        folder: where they are within the folder of results, such as "masks".
    """

    @property
    def folder(self) -> str:
        """See the class."""

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:
        """The files of a photo as POSIX paths within the folder of results.

        Args:
            name: of the photo's outputs, a relative POSIX path without suffix; unique among all photos.
            objects: numbers of the objects that were found in it.
        """

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write all files of a photo, each atomically: those of the objects of the segmentation.

        Args:
            root: the folder of results.
            name: as for :meth:`files`.
            photo: the photo.
            segmentation: of the photo.
        """


@dataclass(frozen=True)
class LabelMaps:
    """``labels/NAME.png``: part ids, as a palette PNG in the parts' colours."""

    folder: str = "labels"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One."""
        return (f"{self.folder}/{name}.png",)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:  # noqa: ARG002
        """Write the label map."""
        segmentation.save(root / self.files(name)[0])


@dataclass(frozen=True)
class Overlays:
    """``overlays/NAME.jpg``: the parts' colours over the photo, and over them the frames of objects."""

    folder: str = "overlays"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One."""
        return (f"{self.folder}/{name}.jpg",)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write the overlay, reduced where JPEG knows no such size."""
        outline_px = max(1, round(max(photo.pixels.shape) / 1000))
        label_map, colours = segmentation.label_map, segmentation.part_set.colours
        picture = overlaid(photo.pixels, label_map, colours, outline_px=outline_px)
        if segmentation.objects:
            picture = with_frames(picture, segmentation.objects)
        write_jpeg(root / self.files(name)[0], thumbnail(picture, JPEG_MAX_SIDE_PX))


@dataclass(frozen=True)
class Masks:
    """``masks/PART/NAME.png``: 8-bit grey, 255 where the label map has the part and 0 elsewhere."""

    part_set: PartSet
    folder: str = "masks"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One for each part."""
        return _files_of_parts(self.folder, self.part_set, name)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:  # noqa: ARG002
        """Write the masks of all parts."""
        for part, file in zip(self.part_set.names, self.files(name), strict=True):
            write_png(root / file, segmentation.mask(part).view(np.uint8) * np.uint8(255))


@dataclass(frozen=True)
class ProbabilityPngs:
    """``probabilities/PART/NAME.png``: 16-bit grey, 65535 times the probability of the part."""

    part_set: PartSet
    folder: str = "probabilities"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One for each part."""
        return _files_of_parts(self.folder, self.part_set, name)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write the probabilities of all parts, one part in memory at a time."""
        for part, file in zip(self.part_set.names, self.files(name), strict=True):
            values = np.empty((photo.height_px, photo.width_px), np.uint16)
            top = 0
            for strip in segmentation.probability_strips(part):
                values[top : top + len(strip)] = np.rint(strip * np.float32(SCALE_16_BIT))
                top += len(strip)
            write_png(root / file, values)


@dataclass(frozen=True)
class ProbabilityArrays:
    """``probabilities/NAME.npz``: ``probabilities`` float16 ``[k, h, w]``, and ``parts``, the ``k`` names."""

    part_set: PartSet
    folder: str = "probabilities"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One."""
        return (f"{self.folder}/{name}.npz",)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write the file part by part, a strip of rows in memory at a time."""
        shape = (self.part_set.n_parts, photo.height_px, photo.width_px)
        strips = (
            strip.astype("<f2")
            for part in self.part_set.names
            for strip in segmentation.probability_strips(part)
        )
        names = np.array(self.part_set.names)
        with (
            atomic_path(root / self.files(name)[0]) as path,
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        ):
            _add_array(archive, "probabilities", shape, np.dtype("<f2"), strips)
            _add_array(archive, "parts", names.shape, names.dtype, iter([names]))


@dataclass(frozen=True)
class Cutouts:
    """``cutouts/PART/NAME.png``: the photo where some parts are, with soft edges; the rest is empty.

    Of several parts the folder is called after all of them, in the order of the part set: ``hair+skin``.

    Attributes:
        part_set: all parts.
        parts: those that are cut out together, in its order.
    """

    part_set: PartSet
    parts: tuple[str, ...]

    @property
    def folder(self) -> str:
        """One for each choice of parts."""
        safe = dict(zip(self.part_set.names, safe_names(self.part_set.names), strict=True))
        joined = "+".join(safe[part] for part in self.parts)
        if len(joined.encode()) > _MOST_JOINED:
            digest = hashlib.sha256(joined.encode()).hexdigest()[:8]
            joined = f"{safe[self.parts[0]]}+{len(self.parts) - 1}~{digest}"
        return f"cutouts/{joined}"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One."""
        return (f"{self.folder}/{name}.png",)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write the cutout; nothing of the photo stays where it is empty."""
        opacity = segmentation.opacity(self.parts)
        cutout = np.empty((*opacity.shape, 4), np.uint8)
        cutout[..., :3], cutout[..., 3] = photo.pixels, opacity
        cutout[opacity == 0] = 0
        write_png(root / self.files(name)[0], cutout)


def kinds_asked_for(
    part_set: PartSet, options: OutputOptions, *, looks_for_objects: bool = False
) -> tuple[OutputKind, ...]:
    """The kinds of files that are asked for, label maps first.

    Args:
        part_set: the network's.
        options: what is asked for.
        looks_for_objects: whether objects are looked for in photos.

    Raises:
        BadOption: a part to cut out that there is not, or files of objects that nobody looks for.
    """
    options.check_objects(looks_for_objects=looks_for_objects)
    kinds: list[OutputKind] = [LabelMaps()]
    if options.overlay is not False:
        kinds.append(Overlays())
    if options.masks:
        kinds.append(Masks(part_set))
    if options.probabilities == "png":
        kinds.append(ProbabilityPngs(part_set))
    if options.probabilities == "npz":
        kinds.append(ProbabilityArrays(part_set))
    if options.cutout:
        kinds.append(Cutouts(part_set, _known_parts(part_set, options.cutout)))
    if options.objects:
        kinds.append(ObjectMaps())
    if options.crops:
        kinds.append(Crops(options.upright))
    return tuple(kinds)


def _known_parts(part_set: PartSet, parts: Sequence[str]) -> tuple[str, ...]:
    """Parts in the order of the part set, each once."""
    if unknown := [part for part in parts if part not in part_set.names]:
        raise BadOption(
            f"there is no part {', '.join(map(repr, unknown))} to cut out",
            expected=f"one or several of {', '.join(part_set.names)}",
        )
    return tuple(name for name in part_set.names if name in parts)


def _files_of_parts(folder: str, part_set: PartSet, name: str) -> tuple[str, ...]:
    return tuple(str(PurePosixPath(folder, part, f"{name}.png")) for part in safe_names(part_set.names))


def _add_array(
    archive: zipfile.ZipFile,
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    pieces: Iterator[NDArray[np.generic]],
) -> None:
    """Add an array to an ``.npz``, of which only a piece is in memory at a time."""
    member = zipfile.ZipInfo(f"{name}.npy", _DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(member, "w", force_zip64=True) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece).tobytes())
