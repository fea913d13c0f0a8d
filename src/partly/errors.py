"""Errors that a user can cause, and mend.

Every one says what was found, what was expected and what to do. Faces print ``str(error)`` and leave with
``error.exit_code``; anything that is not a :class:`PartlyError` is a defect of Partly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

_N_LISTED, _N_REASONS = 8, 10
_MOST_FOUND = 3000


def counted(n: int, noun: str) -> str:
    """A number and its noun: 1 pixel, 2 pixels."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(texts: Iterable[str]) -> str:
    """Texts with commas between, the first eight and how many more."""
    all_texts = list(texts)
    more = len(all_texts) - _N_LISTED
    return ", ".join(all_texts[:_N_LISTED]) + (f" and {more} more" if more > 0 else "")


def _shortened(text: str) -> str:
    """Without its middle, where it is longer than anybody reads: files may hold values of any length."""
    if len(text) <= _MOST_FOUND:
        return text
    half = _MOST_FOUND // 2
    return f"{text[:half]} … {text[-half:]}"


class PartlyError(Exception):
    """An error that the user can mend.

    Args:
        found: what was found, as a clause ("has 3 channels", "no such file").
        expected: what was expected instead.
        remedy: what the user can do, as an imperative sentence.
        path: the file or folder that it is about.
    """

    exit_code = 1

    def __init__(
        self,
        found: str,
        *,
        expected: str | None = None,
        remedy: str | None = None,
        path: str | Path | None = None,
    ) -> None:
        self.found, self.expected, self.remedy = _shortened(found), expected, remedy
        self.path = None if path is None else Path(path)
        super().__init__(self._text())

    def _text(self) -> str:
        text = self.found if self.path is None else f"{self.path}: {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        text = text.rstrip(".") + "."
        if self.remedy:
            text += f" {self.remedy.rstrip('.')}."
        return text


class BadOption(PartlyError):
    """A value given by the user that no command or function can take."""

    exit_code = 2


class BadPhoto(PartlyError):
    """A photo that cannot be read: missing, truncated, no image, or too large."""


class BadArchive(PartlyError):
    """A zip or tar that cannot be read, or that would write outside its folder."""


class BadLabel(PartlyError):
    """A label map, part set or label file that contradicts itself or its picture."""


class BadModelFile(PartlyError):
    """A model folder that is missing, damaged, of unknown kind or of another version."""


class BadProject(PartlyError):
    """A project folder that is missing a step, or damaged."""


class TrainingDiverged(PartlyError):
    """A training whose loss is no longer a number."""


class TooLittleMemory(PartlyError):
    """Work that needs more memory than a device, or the machine, has."""


class NotAvailable(PartlyError):
    """Something that must be downloaded first, and cannot be."""

    exit_code = 3


class FolderBusy(PartlyError):
    """A folder that another command is writing to."""


class NotFound(PartlyError):
    """Something asked for by a name that nothing has."""


class NotReady(PartlyError):
    """Something that is still being made, or that needs another step first."""


class OpenElsewhere(PartlyError):
    """A picture that another tab of the studio paints on."""


class JobRunning(PartlyError):
    """A job of the studio while another one runs."""


class PartsFailed(PartlyError):
    """The work was done, except for some inputs, which are listed."""

    exit_code = 4

    @classmethod
    def of_photos(cls, failed: Sequence[tuple[str, str]], n_photos: int, what: str) -> PartsFailed:
        """Of some photos of a folder of results, which is finished by the same command.

        Args:
            failed: names and reasons; the first ten reasons are told.
            n_photos: of all.
            what: became of them, such as "could not be segmented".
        """
        reasons = [reason.rstrip(".") for _, reason in failed[:_N_REASONS]]
        more = len(failed) - len(reasons)
        return cls(
            f"{len(failed)} of {n_photos} photos {what}: "
            + "; ".join(reasons)
            + (f"; and {more} more" if more else ""),
            remedy="All others are done: mend or remove these, and run the same command again",
        )
