"""What segmenting many photos reports while it runs, and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from partly.errors import PartsFailed

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
    """

    folder: Path
    segmented: tuple[str, ...]
    kept: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    areas_path: Path | None

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
