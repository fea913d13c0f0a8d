"""Kinds of files that photos give where objects were looked for: object maps, and each object cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import decode_png, resize_label_map, write_label_map
from partly.data.photos import JPEG_MAX_SIDE_PX, Photo, thumbnail, write_jpeg, write_png
from partly.errors import BadLabel
from partly.inference.find import seen_in
from partly.inference.segment.object_crops import (
    around_object,
    labels_of_object,
    labels_seen_in,
    upright_size_px,
)
from partly.inference.segment.segmentation import FoundObject, Segmentation


@dataclass(frozen=True)
class ObjectMaps:
    """``objects/NAME.png``: 16-bit grey, the number of the object that each pixel belongs to, else 0."""

    folder: str = "objects"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:  # noqa: ARG002
        """One."""
        return (f"{self.folder}/{name}.png",)

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:  # noqa: ARG002
        """Write the object map."""
        if segmentation.object_map is None:
            raise ValueError("of this segmentation no objects are known")
        write_png(root / self.files(name)[0], segmentation.object_map)


def read_object_map(path: Path) -> NDArray[np.uint16]:
    """An object map that was written, uint16 ``[h, w]``.

    Raises:
        BadLabel: it is none, or damaged.
    """
    try:
        image = decode_png(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadLabel(
            f"cannot be read as an object map ({error})",
            expected="a 16-bit grey PNG",
            remedy="Remove it, and run the same command again",
            path=path,
        ) from error
    if image.mode != "I;16":
        raise BadLabel(
            f"is no object map, but a PNG of the kind {image.mode}",
            expected="a 16-bit grey PNG",
            remedy="Remove it, and run the same command again",
            path=path,
        )
    return np.asarray(image).astype(np.uint16, copy=False)


@dataclass(frozen=True)
class Crops:
    """``crops/NAME-o001.jpg``: each object cut out, and ``crops/labels/NAME-o001.png``: its label map there.

    Upright ones, which show what the object's frame shows, are in ``crops-upright``: they are other files of
    the same names.

    Attributes:
        upright: turned upright by the object's frame; else its box with a margin, as it lies in the photo.
    """

    upright: bool = False

    @property
    def folder(self) -> str:
        """One for each way to cut."""
        return "crops-upright" if self.upright else "crops"

    def files(self, name: str, objects: Sequence[int] = ()) -> tuple[str, ...]:
        """Two for each object."""
        return tuple(file for number in objects for file in self._files_of(name, number))

    def _files_of(self, name: str, number: int) -> tuple[str, str]:
        called = f"{name}-o{number:03}"
        return f"{self.folder}/{called}.jpg", f"{self.folder}/labels/{called}.png"

    def write(self, root: Path, name: str, photo: Photo, segmentation: Segmentation) -> None:
        """Write the crops of all objects, one in memory at a time."""
        for one in segmentation.objects or ():
            picture_file, labels_file = self._files_of(name, one.number)
            cut = self._upright if self.upright else self._as_it_lies
            cut(root / picture_file, root / labels_file, photo, segmentation, one)

    def _as_it_lies(
        self, picture: Path, labels: Path, photo: Photo, segmentation: Segmentation, one: FoundObject
    ) -> None:
        around = around_object(one.box, photo.pixels.shape)
        pixels = thumbnail(photo.pixels[around], JPEG_MAX_SIDE_PX)
        write_jpeg(picture, pixels)
        label_map = resize_label_map(labels_of_object(segmentation, one.number, around), pixels.shape[:2])
        write_label_map(labels, label_map, segmentation.part_set)

    def _upright(
        self, picture: Path, labels: Path, photo: Photo, segmentation: Segmentation, one: FoundObject
    ) -> None:
        size_px = upright_size_px(one.frame)
        write_jpeg(picture, seen_in(photo.pixels, one.frame, size_px))
        write_label_map(labels, labels_seen_in(segmentation, one, size_px), segmentation.part_set)
