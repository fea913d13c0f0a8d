"""The page of a folder of results, from its records and its overlays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet, read_label_map
from partly.data.photos import PhotoSource, PhotoSources, colour, read_photo
from partly.errors import BadOption
from partly.evaluation.report import PhotoResult, results_page
from partly.inference.segment import ResultEntry, TarPlan, read_entries
from partly.storage import write_text

PAGE_NAME = "index.html"


def photos_of_page(plan: PhotoSources | TarPlan) -> Sequence[PhotoSource]:
    """The photos that a page of results shows.

    Raises:
        BadOption: their results go into tars.
    """
    if isinstance(plan, TarPlan):
        raise BadOption(
            "a page of results, in tars",
            expected="results in a folder",
            remedy="Leave out --page, or give --no-tars",
        )
    return plan


def write_results_page(
    folder: Path,
    photos: Sequence[PhotoSource],
    part_set: PartSet,
    *,
    failed: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write ``index.html`` into a folder of results: what was found in each of the photos that are done.

    Args:
        folder: of the results.
        photos: all photos that were to be segmented.
        part_set: of the network.
        failed: names of photos that could not be segmented, with the reason.

    Returns:
        The file.
    """
    results = [
        PhotoResult(entry.photo, entry.values, partial(_picture, folder, entry, part_set))
        for entry in read_entries(folder, photos)
    ]
    path = folder / PAGE_NAME
    write_text(path, results_page(results, part_set, failed=failed))
    return path


def _picture(folder: Path, entry: ResultEntry, part_set: PartSet) -> NDArray[np.uint8]:
    """The overlay; where none was written, the label map in colours."""
    overlay = folder / "overlays" / f"{entry.output_name}.jpg"
    if overlay.is_file():
        return read_photo(overlay).pixels
    label_map = read_label_map(folder / str(entry.values["label_map"]), part_set)
    return colour(label_map, part_set.colours)
