"""Photos with classes: told by names of folders, by a CSV or JSON file, or by the labels of an IDX file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.idx_files import IdxPhoto, idx_labels, is_idx_labels
from partly.data.photos.photo import open_file
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_names import file_name
from partly.data.photos.photo_sources import PHOTO_SUFFIXES
from partly.errors import BadLabel, BadPhoto

FOLDERS = "folders"
"""In place of a file: each photo's class is the name of the folder that it is in."""

LEAST_PHOTOS = 2
"""Photos that a class must have: of one alone, a generator could only learn that photo."""

_N_TOLD = 3
_MOST_NAME = 100
Named = list[tuple[str, str, str]]
"""Name of a photo, its class, and where that stands, for errors."""


@dataclass(frozen=True, eq=False)
class PhotoClasses:
    """To which class each photo of a set belongs.

    Attributes:
        names: of the classes, sorted; by number where all are whole numbers.
        indexes: int64 ``[n]``, the place of each photo's class in ``names``.
    """

    names: tuple[str, ...]
    indexes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def digest(self) -> str:
        """SHA-256 of names and indexes."""
        head = json.dumps(self.names).encode()
        return hashlib.sha256(head + self.indexes.astype("<i8").tobytes()).hexdigest()

    def counts(self) -> dict[str, int]:
        """How many photos each class has."""
        counts = np.bincount(self.indexes, minlength=len(self.names))
        return dict(zip(self.names, counts.tolist(), strict=True))


def read_classes(told: str | Path, sources: Sequence[PhotoSource]) -> dict[str, str]:
    """The class of every photo, by the photo's name.

    A CSV file has two columns, photo and class, with or without a line of titles, between commas, semicolons
    or tabs. A JSON file is an object of photos and classes, a list of pairs of them, or such a list under
    "labels" (as in the ``dataset.json`` of StyleGAN and EDM). An IDX file of labels (as MNIST's) tells those
    of an IDX file of photos, in order. Classes are texts or whole numbers.

    Args:
        told: "folders", or the path of such a file.
        sources: all photos that were found.

    Raises:
        BadLabel: a photo without class, a class of an unknown photo, a photo that is named twice, or a file
            that is damaged or has another form.
    """
    if str(told) == FOLDERS and not Path(told).exists():
        return _of_folders(sources)
    path = Path(told)
    content = _content(path)
    if is_idx_labels(content):
        return _of_idx(content, path, sources)
    named = _of_json(content, path) if path.suffix.lower() == ".json" else _of_csv(content, path)
    return _checked(named, path, sources)


def classes_of(names: Sequence[str], of_photo: Mapping[str, str]) -> PhotoClasses:
    """The classes of the photos that could be read.

    Args:
        names: of these photos.
        of_photo: the class of each photo, as :func:`read_classes` tells it.

    Raises:
        BadLabel: there are fewer than two classes, or one has fewer than two photos.
    """
    counts = Counter(of_photo[name] for name in names)
    if len(counts) < 2:
        raise BadLabel(
            f"all {len(names)} photos are of class {next(iter(counts), '')!r}",
            expected="two classes or more",
            remedy="Leave the classes out",
        )
    lost = sorted(set(of_photo.values()) - set(counts))
    if few := lost + sorted(name for name, n in counts.items() if n < LEAST_PHOTOS):
        told = _listed(f"{name!r} ({counts[name]})" for name in few)
        raise BadLabel(
            f"too few photos that can be read are of class {told}",
            expected=f"{LEAST_PHOTOS} or more of each class",
            remedy="Give more photos of that class, or leave its photos out",
        )
    classes = _sorted(counts)
    places = {name: place for place, name in enumerate(classes)}
    return PhotoClasses(classes, np.array([places[of_photo[name]] for name in names], np.int64))


def _of_folders(sources: Sequence[PhotoSource]) -> dict[str, str]:
    """The outermost folder of each photo, below those that all photos have in common (as zips often do)."""
    folders = [PurePosixPath(source.name).parts[:-1] for source in sources]
    depth = 0
    while (
        all(len(inside) > depth + 1 for inside in folders) and len({inside[depth] for inside in folders}) == 1
    ):
        depth += 1
    loose = [source.name for source, inside in zip(sources, folders, strict=True) if len(inside) <= depth]
    if loose:
        raise BadLabel(
            f"{len(loose)} of {len(sources)} photos are in no folder of a class: {_listed(loose)}",
            expected="every photo in a folder that is named as its class",
            remedy="Move them there, or tell the classes by a CSV or JSON file",
        )
    return {source.name: inside[depth] for source, inside in zip(sources, folders, strict=True)}


def _content(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            return file.read()
    except (BadPhoto, OSError) as error:
        reason = error.found if isinstance(error, BadPhoto) else f"cannot be read ({error.strerror})"
        raise BadLabel(
            reason, expected=f"a CSV, JSON or IDX file of classes, or {FOLDERS!r}", path=path
        ) from error


def _of_idx(content: bytes, path: Path, sources: Sequence[PhotoSource]) -> dict[str, str]:
    labels = idx_labels(content, path)
    if not all(isinstance(source, IdxPhoto) for source in sources):
        raise BadLabel(
            "holds labels in IDX form, which have no names, for photos that do",
            expected="photos in IDX form, in the same order",
            remedy="Tell the classes of files by their names, in a CSV or JSON file",
            path=path,
        )
    if len(labels) != len(sources):
        raise BadLabel(
            f"has {len(labels)} labels for {len(sources)} photos",
            expected="one for each photo, in the same order",
            remedy="Give the labels that belong to these photos",
            path=path,
        )
    return {source.name: str(label) for source, label in zip(sources, labels.tolist(), strict=True)}


def _of_csv(content: bytes, path: Path) -> Named:
    lines = _text(content, path).splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    named: Named = []
    try:
        for row in (reader := csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, strict=True)):
            where = f"line {reader.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != 2:
                raise BadLabel(
                    f"has {len(row)} columns in {where}",
                    expected="two: the name of a photo, and its class",
                    path=path,
                )
            is_title = not named and PurePosixPath(row[0].strip()).suffix.lower() not in PHOTO_SUFFIXES
            if not (is_title and reader.line_num == 1):
                named.append((row[0], _class_name(row[1], where, path), where))
    except csv.Error as error:
        raise BadLabel(f"is no CSV ({error})", expected="two columns: photo and class", path=path) from error
    return named


def _of_json(content: bytes, path: Path) -> Named:
    try:
        # Pairs and not a dict, in which a photo that is named twice would be lost.
        value = json.loads(_text(content, path), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise BadLabel(f"is no JSON ({error})", remedy="Mend it by hand", path=path) from error
    if isinstance(value, _Pairs):
        inside = [inner for key, inner in value if key == "labels" and isinstance(inner, list | tuple)]
        value = inside[0] if inside else value
    if not isinstance(value, list):
        raise _no_list_of_pairs(path)
    named: Named = []
    for place, pair in enumerate(value):
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _no_list_of_pairs(path, f" at entry {place + 1}")
        where = f"the entry of {pair[0]!r}"
        named.append((pair[0], _class_name(pair[1], where, path), where))
    return named


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of a JSON object, also those that stand there twice."""


def _no_list_of_pairs(path: Path, where: str = "") -> BadLabel:
    return BadLabel(
        f"has another form{where}",
        expected='an object {"photo.jpg": "class", ...}, or a list of such pairs, perhaps under "labels"',
        path=path,
    )


def _class_name(value: Any, where: str, path: Path) -> str:
    """A class as text.

    Raises:
        BadLabel: it is empty, too long, neither text nor a whole number, or has control characters.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    name = value.strip() if isinstance(value, str) else ""
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise BadLabel(
            f"has the class {value!r} in {where}",
            expected=f"a text of 1 to {_MOST_NAME} characters, or a whole number",
            path=path,
        )
    return name


def _checked(named: Named, path: Path, sources: Sequence[PhotoSource]) -> dict[str, str]:
    """Each photo with its class; names may have ``\\`` for ``/``, and ``./`` in front.

    What is told of a file with several photos holds for all of them that are not named themselves.
    """
    known = {source.name for source in sources} | {file_name(source.name) for source in sources}
    of_photo: dict[str, str] = {}
    unknown = []
    for given, name, where in named:
        photo = str(PurePosixPath(given.strip().replace("\\", "/")))
        if photo in of_photo:
            raise BadLabel(
                f"names photo {photo!r} a second time, in {where}",
                expected="every photo once",
                remedy="Leave one of them out",
                path=path,
            )
        of_photo[photo] = name
        if photo not in known:
            unknown.append(photo)
    if unknown:
        example = sources[0].name if sources else "photo.jpg"
        raise BadLabel(
            f"names {len(unknown)} photos that are not there: {_listed(unknown)}",
            expected=f"names of the {len(sources)} photos as inside their folder or zip, such as {example!r}",
            path=path,
        )
    for source in sources:
        if (whole := of_photo.get(file_name(source.name))) is not None:
            of_photo.setdefault(source.name, whole)
    if without := [source.name for source in sources if source.name not in of_photo]:
        raise BadLabel(
            f"has no class for {len(without)} of {len(sources)} photos: {_listed(without)}",
            expected="a class for every photo",
            remedy="Add them, or take these photos away",
            path=path,
        )
    return {source.name: of_photo[source.name] for source in sources}


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadLabel(
            f"is no text in UTF-8 ({error.reason} at byte {error.start})",
            expected="a CSV, JSON or IDX file of classes",
            path=path,
        ) from error


def _listed(names: Iterable[str]) -> str:
    """The first of them, and that there are more."""
    all_names = list(names)
    return ", ".join(all_names[:_N_TOLD]) + (", …" if len(all_names) > _N_TOLD else "")


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    except ValueError:
        return tuple(sorted(names))
