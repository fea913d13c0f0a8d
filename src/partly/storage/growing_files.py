"""Files that only grow: JSON objects, one a line, each on the disk when it is acknowledged."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from partly.errors import BadLabel, FolderBusy, PartlyError

_SHORT_BYTES = 200
_CHECKSUM = b',"crc32":"%08x"}'


class GrowingFile:
    """A file of JSON objects, one a line; made with the first of them.

    A kill can cut off the last line only. Such a line was never acknowledged: it is left out when the file is
    read, and taken away before the next line is written. Every line ends with the CRC-32 of the rest, so that
    other damage is found. One writer at a time.
    """

    def __init__(self, path: Path, end: int, size: int) -> None:
        self.path = path
        # Bytes of complete lines, and of the file; what is between was cut off.
        self._end, self._size = end, size

    @classmethod
    def open(cls, path: Path, remedy: str) -> tuple[GrowingFile, list[dict[str, Any]]]:
        """The file, and what stands in its complete lines; nothing where there is no file.

        Args:
            path: the file; it is only read.
            remedy: what to do when a line is damaged.

        Raises:
            BadLabel: it cannot be read, or a complete line is damaged.
        """
        data = _read(path)
        end = data.rfind(b"\n") + 1
        lines = data[:end].split(b"\n")[:-1]
        values = [_value(line, number, path, remedy) for number, line in enumerate(lines, 1)]
        return cls(path, end, len(data)), values

    def append(self, *values: Mapping[str, Any]) -> None:
        """Add lines; they are on the disk when this returns, and after an error none of them is in the file.

        Raises:
            FolderBusy: the file is not as it was left: there is another writer.
            PartlyError: it cannot be written, such as on a full disk.
        """
        data = b"".join(map(_line, values))
        self._check_unchanged()
        is_new = self._end == 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer nothing can be written after an error.
            with self.path.open("ab", buffering=0) as file:
                self._write(file, data)
        except OSError as error:
            raise PartlyError(
                f"cannot be written ({error.strerror})",
                remedy="Make room on the disk, or allow writing there, and do the last step again",
                path=self.path,
            ) from error
        if is_new:
            _keep_name(self.path)

    def _write(self, file: io.FileIO, data: bytes) -> None:
        is_kept = False
        try:
            if self._size > self._end:
                file.truncate(self._end)
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
            is_kept = True
        finally:
            if is_kept:
                self._end += len(data)
            else:
                with suppress(OSError):
                    file.truncate(self._end)
            self._size = os.fstat(file.fileno()).st_size

    def _check_unchanged(self) -> None:
        size = self.path.stat().st_size if self.path.exists() else 0
        if size != self._size:
            raise FolderBusy(
                f"has {size} bytes and not the {self._size} that it was left with",
                expected="no other program that writes to it",
                remedy="Stop the other program, and start this one again",
                path=self.path,
            )


def short_last_line(path: Path) -> dict[str, Any] | None:
    """What the last line of a file says, without reading the others; None: it is cut off, damaged or long."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _SHORT_BYTES))
            *_, line, rest = b"", *file.read().split(b"\n")
        return None if rest else _value(line, 0, path, "")
    except (OSError, BadLabel):
        return None


def damaged(path: Path, line: int, reason: str, remedy: str) -> BadLabel:
    """The error about a line that cannot be used; lines count from 1."""
    return BadLabel(f"line {line} is damaged ({reason})", remedy=remedy, path=path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadLabel(
            f"cannot be read ({error.strerror})", expected="a file that Partly wrote", path=path
        ) from error


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, separators=(",", ":")).encode()
    return text[:-1] + _CHECKSUM % zlib.crc32(text) + b"\n"


def _value(line: bytes, number: int, path: Path, remedy: str) -> dict[str, Any]:
    n_bytes = len(_CHECKSUM % 0)
    text = line[:-n_bytes] + b"}"
    if line[-n_bytes:] != _CHECKSUM % zlib.crc32(text):
        raise damaged(path, number, "its checksum is wrong", remedy)
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(path, number, "no JSON object", remedy) from error


def _keep_name(path: Path) -> None:
    """Put the folder on the disk too: a new file has no name after a power failure otherwise."""
    # Windows cannot open folders; there the name is kept with the file.
    with suppress(OSError):
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
