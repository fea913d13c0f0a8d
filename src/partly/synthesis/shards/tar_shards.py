"""Tar shards in the layout of WebDataset: the files of one sample follow each other and share a stem.

A shard is written under a temporary name and renamed when it is full, so a shard that exists is complete.
Members are found by their place in the file; nothing is ever extracted.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from partly.errors import BadArchive
from partly.storage import atomic_path

_END_OF_ARCHIVE = bytes(2 * tarfile.BLOCKSIZE)
_REMEDY = "Delete the file and run the same command again: it is made anew"


@dataclass(frozen=True)
class Member:
    """A file within a shard: where its bytes are."""

    shard: Path
    name: str
    offset: int
    n_bytes: int

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            BadArchive: the shard is gone or was cut.
        """
        try:
            with self.shard.open("rb") as file:
                file.seek(self.offset)
                data = file.read(self.n_bytes)
        except OSError as error:
            raise BadArchive(f"cannot be read ({error})", remedy=_REMEDY, path=self.shard) from error
        if len(data) != self.n_bytes:
            raise BadArchive(f"ends within {self.name}", remedy=_REMEDY, path=self.shard)
        return data


class ShardWriter:
    """Adds samples to a shard; made by :func:`shard_writer`."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, stem: str, files: Mapping[str, bytes]) -> None:
        """Add one sample.

        Args:
            stem: what the names of its files begin with, without a dot.
            files: what follows the stem's dot ("jpg", "logits.npy") to content.
        """
        for ending, data in files.items():
            header = tarfile.TarInfo(f"{stem}.{ending}")
            # No time, owner or rights of this machine: the same pictures give the same bytes.
            header.size, header.mtime, header.mode = len(data), 0, 0o644
            self._archive.addfile(header, io.BytesIO(data))


@contextmanager
def shard_writer(path: Path) -> Iterator[ShardWriter]:
    """Write a shard that appears under its name when the block ends without an error."""
    with atomic_path(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as archive:
        yield ShardWriter(archive)


def read_index(shard: Path) -> dict[str, dict[str, Member]]:
    """The samples of a shard: stem to ending to member, in the order of the file.

    Raises:
        BadArchive: the file is no tar, or was cut.
    """
    samples: dict[str, dict[str, Member]] = {}
    try:
        with tarfile.open(shard, "r:") as archive:
            for header in archive:
                stem, _, ending = header.name.partition(".")
                member = Member(shard, header.name, header.offset_data, header.size)
                samples.setdefault(stem, {})[ending] = member
    except (OSError, tarfile.TarError) as error:
        raise BadArchive(f"is no readable tar ({error})", remedy=_REMEDY, path=shard) from error
    if not _is_whole(shard):
        raise BadArchive("was cut: the end of the archive is missing", remedy=_REMEDY, path=shard)
    return samples


def _is_whole(shard: Path) -> bool:
    with shard.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - len(_END_OF_ARCHIVE)))
        return file.read() == _END_OF_ARCHIVE
