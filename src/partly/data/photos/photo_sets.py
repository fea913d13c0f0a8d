"""Photos of any size as one array of squares, made once on disk and read from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from partly.data.photos.colour_modes import Pixels
from partly.data.photos.encoding import resize_pixels
from partly.data.photos.photo_location import PhotoSource
from partly.errors import BadOption, BadPhoto
from partly.storage import Provenance, parsed_json, write_json


def padded_square(pixels: Pixels, size_px: int) -> tuple[Pixels, tuple[slice, slice]]:
    """A whole photo in a square, its edges repeated outwards.

    Args:
        pixels: uint8 ``[h, w, 3]``.
        size_px: side of the square, and of the photo's longer side in it.

    Returns:
        The square uint8 ``[size_px, size_px, 3]``, and the rows and columns of the photo in it.
    """
    height, width = pixels.shape[:2]
    rows, columns = padded_place(height, width, size_px)
    padding = ((rows.start, size_px - rows.stop), (columns.start, size_px - columns.stop), (0, 0))
    shrunk = resize_pixels(pixels, columns.stop - columns.start, rows.stop - rows.start)
    return np.pad(shrunk, padding, mode="edge"), (rows, columns)


def padded_place(height: int, width: int, size_px: int) -> tuple[slice, slice]:
    """Rows and columns of a photo of this height and width in the square of :func:`padded_square`."""
    scale = size_px / max(height, width)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (size_px - height) // 2, (size_px - width) // 2
    return slice(top, top + height), slice(left, left + width)


def central_square(pixels: Pixels, size_px: int) -> Pixels:
    """The middle of a photo uint8 ``[h, w, 3]``, as large as fits, resized to ``size_px``."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize_pixels(np.ascontiguousarray(pixels[top : top + side, left : left + side]), size_px, size_px)


MOST_LONGER = 4.0
"""A photo whose sides differ more is shown whole as if one were so many times as long as the other."""


def whole_shape(height: int, width: int, side_px: int, multiple_px: int) -> tuple[int, int]:
    """Height and width at which a network is shown a whole photo: multiples, of about ``side_px**2`` pixels.

    Of the photo's own shape but for rounding, and for very long ones; see ``MOST_LONGER``.
    """
    ratio = min(max(height / width, 1 / MOST_LONGER), MOST_LONGER)
    rows, columns = side_px * ratio**0.5 / multiple_px, side_px / ratio**0.5 / multiple_px
    return max(1, round(rows)) * multiple_px, max(1, round(columns)) * multiple_px


@dataclass(frozen=True)
class Window:
    """The square of a photo that is read, in the photo's own pixels; it may reach beyond the photo.

    Attributes:
        top, left: where it begins; below 0 it begins outside.
        side: in pixels.
    """

    top: int
    left: int
    side: int

    @classmethod
    def of(cls, height: int, width: int, fit: Literal["crop", "pad"]) -> Window:
        """That of :func:`central_square` ("crop") or of :func:`padded_square` ("pad")."""
        side = min(height, width) if fit == "crop" else max(height, width)
        # Halves are cut off: of what is padded, the photo lies half a pixel higher, as in padded_square.
        return cls(_half(height - side), _half(width - side), side)

    def cut(self, label_map: NDArray[np.uint8], beyond: int) -> NDArray[np.uint8]:
        """What lies in it of a label map ``[h, w]``: ``[side, side]``, with ``beyond`` outside the photo."""
        square = np.full((self.side, self.side), beyond, np.uint8)
        inside, outside = self._overlap(label_map.shape[0], label_map.shape[1])
        square[inside] = label_map[outside]
        return square

    def paste(self, square: NDArray[np.uint8], height: int, width: int, beyond: int) -> NDArray[np.uint8]:
        """The reverse of :meth:`cut`: ``[height, width]``, with ``beyond`` where it does not reach."""
        label_map = np.full((height, width), beyond, np.uint8)
        inside, outside = self._overlap(height, width)
        label_map[outside] = square[inside]
        return label_map

    def _overlap(self, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Rows and columns that the window and a photo share: in the window, and in the photo."""
        spans = []
        for start, length in ((self.top, height), (self.left, width)):
            first, last = max(start, 0), min(start + self.side, length)
            spans.append((slice(first - start, last - start), slice(first, last)))
        (rows, photo_rows), (columns, photo_columns) = spans
        return (rows, columns), (photo_rows, photo_columns)


def _half(n: int) -> int:
    return n // 2 if n >= 0 else -(-n // 2)


Fit = Literal["crop", "pad"]
FITS: tuple[Fit, ...] = ("crop", "pad")
OnPhoto = Callable[[int, int], None]

_INDEX, _SQUARES, _LOG = "photos.json", "squares.u8", "squares.jsonl"
_IDENTITY = "identity"


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """Square photos of one size.

    Attributes:
        squares: uint8 ``[n, s, s, 3]``, mapped from disk.
        names: of the photos, in the same order.
        failed: names of those that cannot be read, each with the reason.
        digest: SHA-256 of names, sizes, fit and pixels.
    """

    squares: Pixels
    names: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]
    digest: str

    def __len__(self) -> int:
        return len(self.names)


def make_photo_set(
    sources: Sequence[PhotoSource],
    folder: Path,
    size_px: int,
    fit: Fit = "crop",
    on_photo: OnPhoto | None = None,
) -> PhotoSet:
    """The photos as squares of ``size_px``, kept in ``folder``; after a stop, the same call goes on.

    The same sources, unchanged, with the same choices are read from there at once; others replace them.

    Args:
        sources: where the photos are.
        folder: where the squares are kept.
        size_px: their side.
        fit: "crop" takes the middle of the longer side; "pad" keeps all, and repeats the border's pixels.
        on_photo: told how many are done, and of how many.

    Raises:
        BadOption: a size below 1, an unknown fit, or no photo that can be read.
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    if size_px < 1:
        raise BadOption(f"photos of {size_px} px", expected="1 or more")
    if fit not in FITS:
        raise BadOption(f"fit is {fit!r}", expected=f"one of {', '.join(FITS)}")
    identity = _identity(sources, size_px, fit)
    index = _read_index(folder)
    if index is None or not Provenance({_IDENTITY: identity}).matches({_IDENTITY: index[_IDENTITY]}):
        index = _make(sources, folder, size_px, fit, identity, on_photo)
    if not index["names"]:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in index["failed"][:3])
        raise BadOption(
            f"none of {len(sources)} photos can be read ({reasons or 'there is none'})",
            expected="photos of one kind of object",
        )
    return _kept(folder, index, size_px)


def kept_photo_set(folder: Path, size_px: int) -> PhotoSet | None:
    """The squares that :func:`make_photo_set` kept; None where there are none, or of another size.

    Args:
        folder: where they are kept.
        size_px: their side.
    """
    index = _read_index(folder)
    squares = folder / _SQUARES
    if index is None or not index["names"] or not squares.is_file():
        return None
    if squares.stat().st_size != len(index["names"]) * size_px**2 * 3:
        return None
    return _kept(folder, index, size_px)


def _kept(folder: Path, index: dict[str, Any], size_px: int) -> PhotoSet:
    names = tuple(index["names"])
    squares = np.memmap(folder / _SQUARES, np.uint8, "r", shape=(len(names), size_px, size_px, 3))
    failed = tuple((name, reason) for name, reason in index["failed"])
    return PhotoSet(cast(Pixels, squares), names, failed, index["digest"])


def squared(pixels: Pixels, size_px: int, fit: Fit) -> Pixels:
    """A photo uint8 ``[h, w, 3]`` as a square of ``size_px``; see :func:`make_photo_set`."""
    return central_square(pixels, size_px) if fit == "crop" else padded_square(pixels, size_px)[0]


def _make(
    sources: Sequence[PhotoSource],
    folder: Path,
    size_px: int,
    fit: Fit,
    identity: str,
    on_photo: OnPhoto | None,
) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _INDEX).unlink(missing_ok=True)
    lines = _lines_of(folder / _LOG, identity)
    n_bytes = 3 * size_px**2
    with _opened(folder / _SQUARES) as squares, (folder / _LOG).open("w", encoding="utf-8") as log:
        # Written anew, for its last line may be half of one.
        log.writelines(json.dumps(line) + "\n" for line in ({"identity": identity}, *lines))
        squares.truncate(n_bytes * sum("reason" not in line for line in lines))
        squares.seek(0, 2)
        for source in sources[len(lines) :]:
            line = {"name": source.name}
            try:
                squares.write(squared(source.read().pixels, size_px, fit).tobytes())
            except BadPhoto as error:
                line["reason"] = str(error)
            # Only what is on disk counts as done.
            squares.flush()
            log.write(json.dumps(line) + "\n")
            log.flush()
            lines.append(line)
            if on_photo:
                on_photo(len(lines), len(sources))
    index = {
        "identity": identity,
        "names": [line["name"] for line in lines if "reason" not in line],
        "failed": [[line["name"], line["reason"]] for line in lines if "reason" in line],
        "digest": _digest(identity, folder / _SQUARES),
    }
    write_json(folder / _INDEX, index)
    (folder / _LOG).unlink()
    return index


def _opened(path: Path) -> BinaryIO:
    path.touch()
    return path.open("r+b")


def _lines_of(log: Path, identity: str) -> list[dict[str, str]]:
    """What a stopped call of the same identity had done; a line without its end does not count."""
    try:
        first, *rest = log.read_text(encoding="utf-8").splitlines(keepends=True)
        if not Provenance({_IDENTITY: identity}).matches(parsed_json(first)):
            return []
        return [parsed_json(line) for line in rest if line.endswith("\n")]
    except (OSError, ValueError):
        return []


def _read_index(folder: Path) -> dict[str, Any] | None:
    try:
        index: dict[str, Any] = parsed_json((folder / _INDEX).read_bytes())
        there = (folder / _SQUARES).is_file() and {"identity", "names", "failed", "digest"} <= index.keys()
    except (OSError, ValueError, AttributeError):
        return None
    return index if there else None


def _identity(sources: Sequence[PhotoSource], size_px: int, fit: Fit) -> str:
    """Digest of the choices, and of each photo's name, length and time of change."""
    what: list[Any] = [size_px, fit]
    for source in sources:
        if source.member is None:
            try:
                found = source.path.stat()
                what.append([source.name, found.st_size, found.st_mtime_ns])
            except OSError:
                what.append([source.name, None, None])
        else:
            what.append([source.name, source.member.file_size, source.member.CRC])
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _digest(identity: str, squares: Path) -> str:
    with squares.open("rb") as file:
        pixels = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(f"{identity} {pixels}".encode()).hexdigest()
