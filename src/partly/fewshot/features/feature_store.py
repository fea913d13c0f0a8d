"""Features of photos, kept on disk: a network reads a photo once, and not at every start."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from partly.models import FeaturePyramid
from partly.storage import atomic_path

MOST_BYTES = 8 << 30
"""Of all features that are kept in one folder, by default: of 3,000 photos at 560 px, about."""
_HALF_MOST = 65_504.0
_SUFFIX = ".features"


@dataclass(frozen=True)
class FeatureStore:
    """A folder of feature pyramids in half precision, one file for each photo and source of features.

    It holds nothing that cannot be made again: it may be deleted at any time, and of what takes too much
    place, or does not fit on the disk, the features that were used longest ago are dropped. Processes may
    share it.

    Attributes:
        folder: made when something is kept.
        most_bytes: of all files in it.
    """

    folder: Path
    most_bytes: int = MOST_BYTES

    def read(self, source_digest: str, photo_sha256: str) -> FeaturePyramid | None:
        """The features of a photo, float32; None where they are not kept, or damaged.

        Args:
            source_digest: of the source of features.
            photo_sha256: digest of the photo's file.
        """
        path = self._path(source_digest, photo_sha256)
        try:
            found = load(path.read_bytes())
            maps = tuple(found[f"level{i}"].float() for i in range(len(found)))
            pyramid = FeaturePyramid(maps)
        except (OSError, SafetensorError, KeyError, ValueError):
            return None
        with suppress(OSError):
            # What was used last is dropped last.
            os.utime(path)
        return pyramid

    def keep(self, source_digest: str, photo_sha256: str, pyramid: FeaturePyramid) -> bool:
        """Keep the features of a photo, if there is place for them; older ones make room.

        Returns:
            Whether they are kept.
        """
        halves = {f"level{i}": as_kept(level).cpu().contiguous() for i, level in enumerate(pyramid.maps)}
        data = save(halves)
        self._make_room(len(data))
        while True:
            try:
                with atomic_path(self._path(source_digest, photo_sha256)) as temporary:
                    temporary.write_bytes(data)
                return True
            except OSError:
                # The disk is full, or may not be written to: others make room, as long as there are some.
                if not self._drop_oldest():
                    return False

    def kept_or_made(
        self, source_digest: str, photo_sha256: str | None, make: Callable[[], FeaturePyramid]
    ) -> FeaturePyramid:
        """The features of a photo, made where they are not there, and not kept; the same numbers either way.

        Arguments as for :meth:`read_or_make`; without a digest they are made.
        """
        kept = None if photo_sha256 is None else self.read(source_digest, photo_sha256)
        return _rounded(make()) if kept is None else kept

    def read_or_make(
        self, source_digest: str, photo_sha256: str, make: Callable[[], FeaturePyramid]
    ) -> FeaturePyramid:
        """The features of a photo, made and kept where they are not there; the same numbers in either case.

        Args:
            source_digest: of the source of features.
            photo_sha256: digest of the photo's file.
            make: computes them.
        """
        kept = self.read(source_digest, photo_sha256)
        if kept is not None:
            return kept
        rounded = _rounded(make())
        self.keep(source_digest, photo_sha256, rounded)
        return rounded

    def has(self, source_digest: str, photo_sha256: str) -> bool:
        """Whether the features of a photo are kept, as far as can be told without reading them."""
        return self._path(source_digest, photo_sha256).is_file()

    @property
    def n_bytes(self) -> int:
        """What all files in it take."""
        return sum(n_bytes for _, n_bytes, _ in self._files())

    def _path(self, source_digest: str, photo_sha256: str) -> Path:
        return self.folder / source_digest[:16] / f"{photo_sha256[:32]}{_SUFFIX}"

    def _make_room(self, n_bytes: int) -> None:
        files = sorted(self._files())
        free = self.most_bytes - sum(size for _, size, _ in files)
        for _, size, path in files:
            if free >= n_bytes:
                return
            path.unlink(missing_ok=True)
            free += size

    def _drop_oldest(self) -> bool:
        files = self._files()
        if not files:
            return False
        try:
            min(files)[2].unlink()
        except OSError:
            return False
        return True

    def _files(self) -> list[tuple[int, int, Path]]:
        """Time of last use, bytes and path of each file."""
        found = []
        for path in self.folder.glob(f"*/*{_SUFFIX}"):
            with suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        return found


def as_kept(level: torch.Tensor) -> torch.Tensor:
    """A level in the half precision in which it is kept, on the device where it is."""
    return level.clamp(-_HALF_MOST, _HALF_MOST).half()


def _rounded(pyramid: FeaturePyramid) -> FeaturePyramid:
    """What is read again of what is kept."""
    return FeaturePyramid(tuple(as_kept(level).float() for level in pyramid.maps))
