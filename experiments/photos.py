"""The photos with human part masks, in two halves: one to choose on, one for final figures.

500 photos of CelebAMask-HQ (research only) as ``faces_labelled_512.zip``: ``images/NAME.jpg`` beside
``labels/NAME.png``, whose ids :mod:`experiments.protocol` names. They are not part of Partly.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from experiments.protocol import PROTOCOL
from partly.data.photos import read_photo
from partly.errors import BadArchive, NotAvailable

FILE_NAME = "faces_labelled_512.zip"


class LabelledPhoto(NamedTuple):
    """A photo with its truth.

    Attributes:
        name: in the zip.
        pixels: uint8 ``[h, w, 3]``.
        ids: the data's own ids, uint8 ``[h, w]``.
    """

    name: str
    pixels: NDArray[np.uint8]
    ids: NDArray[np.uint8]


def photos_file(data: Path | None) -> Path:
    """The zip of photos in the folder ``data``.

    Raises:
        NotAvailable: no folder was named, or it lacks the file.
    """
    expected = f"a folder with {FILE_NAME}: images/NAME.jpg and labels/NAME.png of CelebAMask-HQ"
    if data is None:
        raise NotAvailable(
            "this needs photos with truth, and no folder was named",
            expected=expected,
            remedy="Name it with --data FOLDER",
        )
    file = data / FILE_NAME
    if not file.is_file():
        raise NotAvailable(
            "no such file",
            expected=expected,
            remedy="Name the folder that has it with --data FOLDER",
            path=file,
        )
    return file


def photos(data: Path | None, half: str, n_most: int | None = None) -> Iterator[LabelledPhoto]:
    """The photos of one half, in order of names.

    Args:
        data: folder with the zip.
        half: "choices" or "figure".
        n_most: only the first so many of that half.

    Raises:
        NotAvailable: there is no such folder or file.
        BadArchive: it cannot be read, or lacks a label.
    """
    n = PROTOCOL.n_choices
    chosen = slice(0, n) if half == "choices" else slice(n, None)
    return islice(read_labelled_photos(photos_file(data), chosen), n_most)


def read_labelled_photos(path: Path, chosen: slice = slice(None)) -> Iterator[LabelledPhoto]:
    """The photos of a zip with ``images/NAME.jpg`` and ``labels/NAME.png``, in order of names.

    Args:
        path: the zip.
        chosen: which of them.

    Raises:
        BadArchive: it cannot be read, or lacks a label.
    """
    try:
        with zipfile.ZipFile(path) as file:
            names = sorted(n for n in file.namelist() if n.startswith("images/") and n.endswith(".jpg"))
            for name in names[chosen]:
                label = file.read(f"labels/{PurePosixPath(name).stem}.png")
                ids = np.asarray(Image.open(io.BytesIO(label)))
                yield LabelledPhoto(name, read_photo(file.read(name), name).pixels, ids)
    except (zipfile.BadZipFile, KeyError) as error:
        raise BadArchive(
            f"cannot be used ({error})", expected="images/NAME.jpg, each with labels/NAME.png", path=path
        ) from error
