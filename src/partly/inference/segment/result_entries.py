"""What a folder of results says of photos, from the records beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.photos import PhotoSource
from partly.inference.segment.photo_pieces import output_names
from partly.inference.segment.segment_records import PhotoOutputs


@dataclass(frozen=True)
class ResultEntry:
    """What is known of a photo that is done.

    Attributes:
        photo: its name.
        output_name: of its results, a relative POSIX path without suffix.
        values: its entry in the file of areas.
    """

    photo: str
    output_name: str
    values: dict[str, Any]


def read_entries(folder: str | Path, sources: Sequence[PhotoSource]) -> Iterator[ResultEntry]:
    """What is known of photos, in their order; those that are not done, or failed, are left out.

    Args:
        folder: of the results.
        sources: all photos that results in the folder are of: results' names follow from theirs.
    """
    for source, name in zip(sources, output_names(sources), strict=True):
        if (entry := PhotoOutputs(Path(folder), name, ()).known_entry()) is not None:
            yield ResultEntry(source.name, name, entry)
