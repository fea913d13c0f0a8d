"""The network that the service is of: photos in, segmentations out, from any number of threads."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from partly.data.photos import read_photo
from partly.errors import BadOption
from partly.inference.exported import ExportedNetwork, load_exported, segment_exported
from partly.inference.segment import Segmentation, ViewOptions
from partly.machine import usable_processors

_MOST_AT_ONCE = 4


@dataclass(frozen=True, eq=False)
class SegmentedPhoto:
    """What is known of a photo.

    Attributes:
        segmentation: label map and confidences.
        mended: what was put right, or left out, when it was read.
    """

    segmentation: Segmentation
    mended: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PhotoSegmenting:
    """Segments photos as ``partly segment`` does; the file of a better network squeezes them to its one size.

    Attributes:
        network: of an exported file.
        view: how it looks at photos: arguments of :func:`partly.inference.exported.segment_exported`.
        max_pixels: larger photos are refused by their header.
        at_once: how many photos are meant to be segmented at once.
    """

    network: ExportedNetwork
    view: dict[str, Any]
    max_pixels: int
    at_once: int

    @property
    def model_version(self) -> str:
        """A name that changes with what is said of photos."""
        return f"{self.network.architecture}-{self.network.digest[:12]}"

    def segment(self, data: bytes, name: str = "photo") -> SegmentedPhoto:
        """Segment the photo in the bytes of an image file.

        Raises:
            BadPhoto: it cannot be read, or is too large.
            BadModelFile: the network's logits are not finite.
        """
        photo = read_photo(data, name, max_pixels=self.max_pixels)
        return SegmentedPhoto(segment_exported(self.network, photo, **self.view), photo.mended)

    def facts(self) -> dict[str, Any]:
        """What is served, as plain JSON values."""
        parts = self.network.part_set.to_json()
        return {
            "partly": version("partly"),
            "model_version": self.model_version,
            "network": {
                "file": self.network.path.name,
                "n_bytes": self.network.n_bytes,
                "architecture": self.network.architecture,
                "digest": self.network.digest,
                "size_px": self.network.size_px,
                "only_size_px": None if self.network.only_size is None else list(self.network.only_size),
            },
            "view": {**self.view, "scales": list(self.view["scales"])},
            "parts": [{"id": i, **part} for i, part in enumerate(parts)],
        }


def photo_segmenting(
    file: str | Path, view: ViewOptions, *, max_pixels: int, at_once: int | None = None
) -> PhotoSegmenting:
    """Load an exported network, and try it on a grey photo, so that the first real one is as quick as others.

    Args:
        file: what ``partly export`` wrote.
        view: how it looks at photos.
        max_pixels: of a photo.
        at_once: how many photos are segmented at once; None: as many as there are cores, at most 4.

    Raises:
        NotAvailable: onnxruntime is not installed.
        BadModelFile: the file is missing, damaged, or not one that Partly exported.
        BadOption: the file reads photos of one size, and several are asked for.
    """
    n_cores = usable_processors()
    at_once = at_once or min(_MOST_AT_ONCE, n_cores)
    # Each photo brings a thread of its own, and these help all of them.
    network = load_exported(file, n_threads=max(1, n_cores - at_once + 1))
    has_encoder = network.only_size is not None
    if has_encoder and (view.thorough or view.size_px is not None):
        raise BadOption(
            "--thorough or --size with a file that reads photos of one size",
            expected="neither; its boundaries follow the photo's edges anyway",
            path=file,
        )
    arguments = view.view(with_encoder=has_encoder, with_fast=not has_encoder)
    segmenting = PhotoSegmenting(network, arguments, max_pixels, at_once)
    segment_exported(network, np.full((64, 64, 3), 127, np.uint8), **arguments)
    return segmenting
