"""Pairs of photos: two folders with the same names, or a file that lists them; both as squares."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_names import bare_name
from partly.data.photos.photo_sets import Fit, OnPhoto, PhotoSet, make_photo_set
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel, BadOption, BadPhoto
from partly.storage import parsed_json

_N_TOLD = 3


@dataclass(frozen=True)
class PhotoPair:
    """Two photos that belong together, such as a drawing and what it shows.

    Attributes:
        name: of both, unique among the pairs.
        first: what is known.
        second: what belongs to it.
    """

    name: str
    first: PhotoSource
    second: PhotoSource


@dataclass(frozen=True, eq=False)
class PairSet:
    """Pairs as squares of one size.

    Attributes:
        first: all first photos.
        second: all second photos.
        names: of the pairs of which both can be read.
        rows: int64 ``[n, 2]``, where each of these pairs stands in both sets.
        failed: names of photos that cannot be read, each with the reason; their pairs are left out.
    """

    first: PhotoSet
    second: PhotoSet
    names: tuple[str, ...]
    rows: NDArray[np.int64]
    failed: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def digest(self) -> str:
        """SHA-256 of both sets and of what belongs together."""
        told = f"{self.first.digest} {self.second.digest} ".encode()
        return hashlib.sha256(told + self.rows.astype("<i8").tobytes()).hexdigest()

    def read(self, indexes: Sequence[int] | NDArray[np.int64]) -> tuple[Pixels, Pixels]:
        """Some pairs: first photos and second photos, uint8 ``[b, s, s, 3]`` each."""
        rows = self.rows[np.asarray(indexes)]
        return self.first.squares[rows[:, 0]], self.second.squares[rows[:, 1]]


def find_pairs(first: str | Path, second: str | Path) -> list[PhotoPair]:
    """Pairs of photos that have the same name in two folders or zips; suffixes may differ.

    Raises:
        BadPhoto: a folder is missing, or holds no photo.
        BadArchive: a zip is damaged.
        BadLabel: a photo has no other of its name, or two photos of one folder differ by their suffix alone.
    """
    first, second = Path(first), Path(second)
    here, there = _by_name(first), _by_name(second)
    _check_none_alone(first, here, second, there)
    _check_none_alone(second, there, first, here)
    return [PhotoPair(name, source, there[name]) for name, source in here.items()]


def _check_none_alone(
    path: Path, here: dict[str, PhotoSource], other: Path, there: dict[str, PhotoSource]
) -> None:
    if alone := [source.name for name, source in here.items() if name not in there]:
        raise BadLabel(
            f"{len(alone)} of {len(here)} photos have no other of the same name in {other}: {_listed(alone)}",
            expected="the same names in both",
            remedy="Add what is missing, or take these photos away",
            path=path,
        )


def read_pairs(path: str | Path) -> list[PhotoPair]:
    """Pairs that a file lists: a CSV file of two columns without titles, or a JSON list of pairs of names.

    Names are paths, seen from the folder of the file.

    Raises:
        BadLabel: the file is missing, damaged or of another form, names no pair, or one twice.
        BadPhoto: it names a photo that is not there.
    """
    path = Path(path)
    listed = _listed_in(path)
    if not listed:
        raise BadLabel("lists no pairs", expected="two names in each line", path=path)
    [(pair, n)] = Counter(listed).most_common(1)
    if n > 1:
        raise BadLabel(
            f"lists the pair {' and '.join(pair)} twice", remedy="Leave one of them out", path=path
        )
    pairs = []
    for place, names in enumerate(listed):
        sources = []
        for name in names:
            with open_file(path.parent / name):
                sources.append(PhotoSource(name, path.parent / name))
        pairs.append(PhotoPair(f"{place:06}", *sources))
    return pairs


def make_pair_set(
    pairs: Sequence[PhotoPair],
    folder: Path,
    size_px: int,
    fit: Fit = "crop",
    on_photo: OnPhoto | None = None,
) -> PairSet:
    """Both photos of every pair as squares of ``size_px``; after a stop, the same call goes on.

    Args:
        pairs: of photos that cover each other, of any size.
        folder: where the squares are kept.
        size_px: their side.
        fit: as in a set of photos, of both alike.
        on_photo: told how many photos are done, and of how many.

    Raises:
        BadOption: there is no pair of which both photos can be read, or as in a set of photos.
    """
    sets = []
    for place, side in enumerate(("first", "second")):
        # Under the pair's name, by which they are found again.
        sources = [replace(getattr(pair, side), name=pair.name) for pair in pairs]
        sets.append(make_photo_set(sources, folder / side, size_px, fit, _of_both(on_photo, place)))
    first, second = sets
    places = [{name: row for row, name in enumerate(photos.names)} for photos in sets]
    names = tuple(pair.name for pair in pairs if pair.name in places[0] and pair.name in places[1])
    if not names:
        raise BadOption("of no pair can both photos be read", expected="pairs of photos")
    rows = np.array([[place[name] for place in places] for name in names], np.int64)
    located = {pair.name: (pair.first.name, pair.second.name) for pair in pairs}
    failed = tuple(
        (located[name][place], reason) for place, photos in enumerate(sets) for name, reason in photos.failed
    )
    return PairSet(first, second, names, rows, failed)


def _of_both(on_photo: OnPhoto | None, place: int) -> OnPhoto | None:
    if on_photo is None:
        return None
    return lambda done, total: on_photo(done + place * total, 2 * total)


def _by_name(path: Path) -> dict[str, PhotoSource]:
    """Photos by their names without suffix."""
    found: dict[str, PhotoSource] = {}
    for source in find_photos(path):
        name = bare_name(source.name)
        if name in found:
            raise BadLabel(
                f"has both {found[name].name} and {source.name}",
                expected="photos that differ by more than their suffix",
                path=path,
            )
        found[name] = source
    return found


def _listed_in(path: Path) -> list[tuple[str, str]]:
    try:
        with open_file(path) as file:
            text = file.read().decode("utf-8-sig")
        if path.suffix.lower() == ".json":
            rows = parsed_json(text)
        else:
            rows = [row for row in csv.reader(io.StringIO(text), strict=True) if any(map(str.strip, row))]
    except BadPhoto as error:
        raise BadLabel(error.found, expected="a CSV or JSON file of pairs", path=path) from error
    except (ValueError, csv.Error) as error:
        raise BadLabel(
            f"cannot be read ({error})", expected="a CSV or JSON file of pairs", path=path
        ) from error
    if not isinstance(rows, list):
        raise BadLabel("is no list", expected="a list of pairs of names", path=path)
    listed = []
    for place, row in enumerate(rows, start=1):
        if not (
            isinstance(row, list) and len(row) == 2 and all(isinstance(n, str) and n.strip() for n in row)
        ):
            raise BadLabel(f"has another form at entry {place}", expected="two names of photos", path=path)
        listed.append((row[0].strip(), row[1].strip()))
    return listed


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_N_TOLD]) + (", …" if len(names) > _N_TOLD else "")
