"""What is already done in a folder of results: one record a photo, written after the photo's other files."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from partly.errors import PartsFailed
from partly.storage import Provenance, parsed_json, write_json

State = Literal["segmented", "kept", "failed"]
_N_REASONS = 10


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
    """

    folder: Path
    segmented: tuple[str, ...]
    kept: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    areas_path: Path | None
    mended: tuple[tuple[str, str], ...] = ()
    drafts: tuple[Path, ...] = ()

    @property
    def n_photos(self) -> int:
        """How many photos there were."""
        return len(self.segmented) + len(self.kept) + len(self.failed)

    def raise_failures(self) -> None:
        """Raise :class:`PartsFailed`, which lists the photos that failed, if there are any."""
        if not self.failed:
            return
        reasons = [reason.rstrip(".") for _, reason in self.failed[:_N_REASONS]]
        more = len(self.failed) - len(reasons)
        found = f"{len(self.failed)} of {self.n_photos} photos could not be segmented: " + "; ".join(reasons)
        raise PartsFailed(
            found + (f"; and {more} more" if more else ""),
            remedy="All others are done: mend or remove these, and run the same command again",
        )


_RECORDS = Path(".partly") / "segment"
_MOST_NAME_BYTES, _MOST_LETTERS = 255, 40
# The temporary files of partly.storage.atomic_path, which a killed process leaves behind.
_LEFTOVER = re.compile(r"^\..+\.[a-z0-9_]{8}\.part$")


@dataclass(frozen=True)
class PhotoOutputs:
    """Where the results of one photo are.

    Attributes:
        folder: the folder of all results.
        name: the photo's name in it, a relative POSIX path without suffix.
    """

    folder: Path
    name: str

    @property
    def label_map(self) -> Path:
        """Palette PNG."""
        return self.folder / "labels" / f"{self.name}.png"

    @property
    def overlay(self) -> Path:
        """JPEG."""
        return self.folder / "overlays" / f"{self.name}.jpg"

    @property
    def record(self) -> Path:
        """JSON: what the results were made from, and the areas."""
        path = self.folder / _RECORDS / f"{self.name}.json"
        if len(os.fsencode(path.name)) <= _MOST_NAME_BYTES:
            return path
        # A label map's name may be as long as the disk can hold; this one would be a letter longer.
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()
        return path.with_name(f"{path.name[:_MOST_LETTERS]}~{digest[:32]}.json")

    def finished(self, key: Mapping[str, Any], *, overlay: bool) -> dict[str, Any] | None:
        """The entry of an earlier run with the same key, if everything wanted is there."""
        try:
            values = parsed_json(self.record.read_text(encoding="utf-8"))
            there = self.label_map.is_file() and (not overlay or self.overlay.is_file())
        except (OSError, ValueError):
            return None
        held = values.get("key") if isinstance(values, dict) else None
        if not there or not isinstance(held, dict) or not Provenance(key).matches(held):
            return None
        entry = values.get("entry")
        return entry if isinstance(entry, dict) else None

    def begin(self) -> None:
        """Forget an earlier record: while files are replaced, the photo does not count as done."""
        self.record.unlink(missing_ok=True)

    def finish(self, key: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
        """Write the record: from now on the photo counts as done."""
        write_json(self.record, {"key": dict(key), "entry": dict(entry)})

    def discard(self) -> None:
        """Remove all results of the photo: none of an earlier run stays for a photo that now fails."""
        for path in (self.record, self.label_map, self.overlay):
            with contextlib.suppress(OSError):  # e.g. a name too long to exist
                path.unlink()


def prepare_folder(folder: Path, *, overlay: bool) -> None:
    """Make the folder of results, and clear it of what a killed run left half-written."""
    wanted = [folder / "labels", folder / _RECORDS] + ([folder / "overlays"] if overlay else [])
    candidates: list[Path] = []
    for part in wanted:
        part.mkdir(parents=True, exist_ok=True)
        candidates += part.rglob(".*.part")
    candidates += folder.glob(".areas.*.part")
    for path in candidates:
        if _LEFTOVER.match(path.name):
            path.unlink(missing_ok=True)
