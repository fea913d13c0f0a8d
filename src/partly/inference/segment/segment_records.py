"""What is already done in a folder of results: one record a photo, written after the photo's other files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, Literal

from partly.data.photos import Photo
from partly.errors import BadPhoto, PartsFailed
from partly.inference.segment.object_entries import object_numbers
from partly.inference.segment.output_kinds import OutputKind
from partly.inference.segment.segmentation import Segmentation
from partly.storage import Provenance, read_json_or_none, write_json

State = Literal["segmented", "kept", "failed"]


@dataclass(frozen=True)
class Progress:
    """One more photo is done.

    Attributes:
        name: the photo's name.
        state: segmented now, kept from an earlier run, or failed.
        n_done: photos done so far, failed ones included.
        n_photos: how many there are; None when that is not known.
    """

    name: str
    state: State
    n_done: int
    n_photos: int | None


@dataclass(frozen=True)
class Summary:
    """What :func:`segment_all` did.

    Attributes:
        folder: the folder of results.
        segmented: names of photos segmented now.
        kept: names of photos that an earlier run had finished.
        failed: names of photos that could not be segmented, with the reason.
        areas_path: the file of part areas.
        mended: names of photos that had a fault and were segmented all the same, with what was put right or
            left out when they were read.
        drafts: files of a labelling program's format that were written.
        n_objects: how many objects there are in all photos, whenever they were segmented; None: objects were
            not looked for.
        without_objects: names of photos in which none was found.
    """

    folder: Path
    segmented: tuple[str, ...]
    kept: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    areas_path: Path | None
    mended: tuple[tuple[str, str], ...] = ()
    drafts: tuple[Path, ...] = ()
    n_objects: int | None = None
    without_objects: tuple[str, ...] = ()

    @property
    def n_photos(self) -> int:
        """How many photos there were."""
        return len(self.segmented) + len(self.kept) + len(self.failed)

    def raise_failures(self) -> None:
        """Raise :class:`PartsFailed`, which lists the photos that failed, if there are any."""
        if self.failed:
            raise PartsFailed.of_photos(self.failed, self.n_photos, "could not be segmented")


class ResultsGone(BadPhoto):
    """What was just made of a photo is not there any more, or something else is in its place."""


_RECORDS = Path(".partly") / "segment"
_MOST_NAME_BYTES, _MOST_LETTERS = 255, 40
# The temporary files of partly.storage.atomic_path, which a killed process leaves behind.
_LEFTOVER = re.compile(r"^\..+\.[a-z0-9_]{8}\.part$")


@dataclass(frozen=True)
class PhotoOutputs:
    """The results of one photo.

    Attributes:
        folder: the folder of all results.
        name: the photo's name in it, a relative POSIX path without suffix.
        kinds: what is asked for, label maps first.
    """

    folder: Path
    name: str
    kinds: tuple[OutputKind, ...]

    @property
    def label_map(self) -> str:
        """Its label map, as a POSIX path within the folder."""
        return self.kinds[0].files(self.name)[0]

    def files(self, objects: Sequence[int] = ()) -> tuple[str, ...]:
        """All that are asked for, as POSIX paths within the folder; the label map is the first.

        Args:
            objects: numbers of the objects that were found in the photo.
        """
        return tuple(file for kind in self.kinds for file in kind.files(self.name, objects))

    @property
    def record(self) -> Path:
        """JSON: what the results were made from, the areas, and which files there are."""
        path = self.folder / _RECORDS / f"{self.name}.json"
        if len(os.fsencode(path.name)) <= _MOST_NAME_BYTES:
            return path
        # A label map's name may be as long as the disk can hold; this one would be a letter longer.
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()
        return path.with_name(f"{path.name[:_MOST_LETTERS]}~{digest[:32]}.json")

    def finished(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The entry of an earlier run with the same key, if every file that is asked for is there."""
        record = _Record.read(self.record)
        if record is None or not record.is_of(key):
            return None
        files = self.files(record.objects)
        if not set(files) <= {*self._made(record)}:
            return None
        try:
            there = all((self.folder / file).is_file() for file in files)
        except OSError:
            return None
        return record.entry if there else None

    def known_entry(self) -> dict[str, Any] | None:
        """The entry of the latest run that finished the photo, whatever it was made from; None: none did."""
        record = _Record.read(self.record)
        return record.entry or None if record is not None else None

    def write(
        self, photo: Photo, segmentation: Segmentation, key: Mapping[str, Any], entry: Mapping[str, Any]
    ) -> None:
        """Write all files, and the record last: from then on the photo counts as done.

        Files of an earlier run stay if it had the same key, and found the same objects; others go first.
        Where there are files of single objects, what will be written is written down before: of a run that is
        killed amid them nothing stays that nobody knows of, should the next one find fewer objects.
        """
        record, others = _Record.read(self.record), set[str]()
        objects = object_numbers(entry)
        files = set(self.files(objects))
        if record is not None:
            others = {*self._made(record)} - files
            if not record.is_of(key) or record.objects != objects:
                for file in sorted(others):
                    (self.folder / file).unlink(missing_ok=True)
                others, record = set(), None
        listed = sorted(files | others)
        if files != set(self.files()):
            begun = {"key": {}, "entry": {}} if record is None else {"key": record.key, "entry": record.entry}
            write_json(self.record, {**begun, "files": listed})
        elif record is None:
            # While files are replaced by others, the photo does not count as done.
            self.record.unlink(missing_ok=True)
        for kind in self.kinds:
            kind.write(self.folder, self.name, photo, segmentation)
        write_json(self.record, {"key": dict(key), "entry": dict(entry), "files": listed})

    def discard(self) -> None:
        """Remove all results of the photo: none of an earlier run stays for a photo that now fails."""
        made: tuple[str, ...] = ()
        with contextlib.suppress(OSError):  # e.g. a name too long to exist
            record = _Record.read(self.record)
            made = () if record is None else self._made(record)
        for path in (*(self.folder / file for file in (*self.files(), *made)), self.record):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _made(self, record: _Record) -> tuple[str, ...]:
        """The files that were made with a record; earlier versions, which did not say, had two at most."""
        if record.files is None:
            return (f"labels/{self.name}.png", f"overlays/{self.name}.jpg")
        # A record is a file that anybody can edit, and these are deleted.
        return tuple(file for file in record.files if _is_inside(file))


@dataclass(frozen=True)
class _Record:
    """What is written down of a photo's results.

    Attributes:
        key: what they depend on.
        entry: the photo's entry in the file of areas.
        files: all results; None: not said.
    """

    key: dict[str, Any]
    entry: dict[str, Any]
    files: tuple[str, ...] | None

    @classmethod
    def read(cls, path: Path) -> _Record | None:
        """None where there is none, or it is damaged."""
        values = read_json_or_none(path) or {}
        key, entry, files = values.get("key"), values.get("entry"), values.get("files")
        if not isinstance(key, dict) or not isinstance(entry, dict):
            return None
        return cls(key, entry, tuple(map(str, files)) if isinstance(files, list) else None)

    @property
    def objects(self) -> tuple[int, ...]:
        """Numbers of the objects that were found."""
        return object_numbers(self.entry)

    def is_of(self, key: Mapping[str, Any]) -> bool:
        """Whether results are of this network, photo and view; of a network without a digest, none are."""
        return bool(key["network_sha256"]) and Provenance(key).matches(self.key)


def _is_inside(file: str) -> bool:
    return not PureWindowsPath(file).anchor and ".." not in PureWindowsPath(file).parts


def prepare_folder(folder: Path, kinds: Iterable[OutputKind], *, clear: bool = True) -> None:
    """Make the folder of results, and clear it, if asked, of what a killed run left half-written."""
    candidates: list[Path] = []
    for part in [*(folder / kind.folder for kind in kinds), folder / _RECORDS]:
        part.mkdir(parents=True, exist_ok=True)
        candidates += part.rglob(".*.part") if clear else ()
    candidates += folder.glob(".areas.*.part") if clear else ()
    for path in candidates:
        if _LEFTOVER.match(path.name):
            path.unlink(missing_ok=True)
