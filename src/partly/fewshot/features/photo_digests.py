"""Which photo of a folder has a digest, whatever it is called now; each file is read once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from partly.data.photos import PhotoSource
from partly.errors import BadPhoto
from partly.storage import read_json_or_none, write_text

_Facts = tuple[int, int, int]


class PhotoDigests:
    """SHA-256 of photos' files, with the size and time that a file had when it was read.

    Args:
        path: a JSON that keeps them for the next time, which can be made again; None keeps nothing.

    Attributes:
        n_read: how many files were read.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, tuple[_Facts, str]] | None = None
        self.n_read = 0

    def find(self, photos: Iterable[PhotoSource], sha256: str) -> PhotoSource | None:
        """The first photo whose file has this digest; None where there is none.

        Files that are as they were when they were read are not read again; those that cannot be read are
        passed over.
        """
        known = self._read() if self._known is None else self._known
        self._known, found, n_read = known, None, self.n_read
        for photo in photos:
            with suppress(BadPhoto, OSError):
                if self._digest_of(photo, known) == sha256:
                    found = photo
                    break
        if self.n_read > n_read:
            self._keep(known)
        return found

    def _digest_of(self, photo: PhotoSource, known: dict[str, tuple[_Facts, str]]) -> str:
        stat = photo.path.stat()
        facts = (stat.st_size, stat.st_mtime_ns, photo.member.CRC if photo.member else 0)
        held = known.get(photo.name)
        if held is not None and held[0] == facts:
            return held[1]
        digest = photo.digest()
        known[photo.name] = facts, digest
        self.n_read += 1
        return digest

    def _read(self) -> dict[str, tuple[_Facts, str]]:
        values = (read_json_or_none(self._path) if self._path else None) or {}
        known: dict[str, tuple[_Facts, str]] = {}
        with suppress(ValueError, TypeError):
            for name, (size, time_ns, crc, digest) in values.items():
                known[name] = (int(size), int(time_ns), int(crc)), str(digest)
        return known

    def _keep(self, known: dict[str, tuple[_Facts, str]]) -> None:
        if self._path is None:
            return
        lines = {name: [*facts, digest] for name, (facts, digest) in known.items()}
        # On a full disk, files are read again the next time.
        with suppress(OSError):
            write_text(self._path, json.dumps(lines, ensure_ascii=False) + "\n")
