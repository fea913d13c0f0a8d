"""Features of photos, made beside everything else and kept on the disk: the most wanted first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from partly.data.labels import Picture
from partly.errors import BadLabel, BadPhoto, PartlyError
from partly.studio.session.album import Album
from partly.studio.session.session_events import Events
from partly.studio.session.worker import Urgency, Worker

if TYPE_CHECKING:
    from partly.fewshot.features import PhotoFeatures

_NICENESS = 10
_TELL_EVERY_S = 0.25


class FeatureMaker:
    """A thread that reads photos with the encoder, a second each, behind whoever paints.

    Nothing is held in memory: what was made lies in the source's store, by the photo's digest. What is there
    already, from this sitting or an earlier one, is not made again.

    Args:
        album: the photos.
        events: told how far it is.
        on_problem: told what cannot be read, or kept.
    """

    def __init__(self, album: Album, events: Events, on_problem: Callable[[Exception], None]) -> None:
        self._album, self._events, self._on_problem = album, events, on_problem
        self._worker = Worker(lambda _key, error: on_problem(error), "partly-features", _NICENESS)
        self._source: PhotoFeatures | None = None
        self._lock = threading.Lock()
        self._wanted: set[str] = set()
        self._ended: set[str] = set()
        self._not_kept: set[str | None] = set()
        self._impossible: set[str | None] = set()
        self._told_at = 0.0
        self._on_made: Callable[[Picture], None] | None = None
        self._on_failed: Callable[[], None] | None = None

    def listen(self, on_made: Callable[[Picture], None], on_failed: Callable[[], None]) -> None:
        """Who is told, in the maker's thread, that features of a photo are there, or cannot be made."""
        self._on_made, self._on_failed = on_made, on_failed

    def begin(self, source: PhotoFeatures) -> None:
        """Start to work for this source."""
        self._source = source
        self._worker.start()

    def want(self, urgency: Urgency, picture: Picture) -> None:
        """Ask for the features of a photo; whoever listens is told when they are there.

        What could not be made once is tried again only where somebody waits for it.
        """
        if urgency == Urgency.AWAITED or picture.photo_sha256 not in self._impossible:
            self._ask(urgency, str(picture.photo_sha256), lambda: self._make(picture))

    def want_named(self, urgency: Urgency, name: str) -> None:
        """The same of a photo whose file nobody has read yet; once is enough."""
        key = f"photo {name}"
        if key not in self._wanted:
            self._ask(urgency, key, lambda: self._make_named(name))

    def is_at_hand(self, picture: Picture) -> bool:
        """Whether the features of a photo need not be made; if they cannot be kept, no waiting helps."""
        source = self._source
        return picture.photo_sha256 in self._not_kept or (source is not None and source.is_kept(picture))

    @property
    def progress(self) -> tuple[int, int]:
        """How many photos were read, of how many that are wanted so far."""
        with self._lock:
            return len(self._ended), len(self._wanted)

    def settle(self, timeout_s: float = 60.0) -> bool:
        """Wait until nothing is left to do; False: it took too long."""
        return self._worker.settle(timeout_s)

    def close(self) -> None:
        """End after the photo that is being read."""
        self._worker.close()

    def _ask(self, urgency: Urgency, key: str, task: Callable[[], None]) -> None:
        with self._lock:
            self._wanted.add(key)

        def run() -> None:
            try:
                task()
            finally:
                with self._lock:
                    self._ended.add(key)
                self._tell()

        self._worker.ask(urgency, key, run)

    def _make_named(self, name: str) -> None:
        try:
            picture = self._album.picture(name)
        except PartlyError as error:
            self._failed(Picture(name, photo=name), error)
            return
        self._make(picture)

    def _make(self, picture: Picture) -> None:
        source = self._source
        assert source is not None, "it begins with one"
        try:
            if not source.is_kept(picture):
                source.pyramid(picture, source.levels[0].size_px)
        except Exception as error:  # noqa: BLE001 - too little memory, say: others wait for this photo
            self._failed(picture, error)
            return
        if not source.is_kept(picture):
            self._cannot_keep(picture)
        if self._on_made is not None:
            self._on_made(picture)

    def _failed(self, picture: Picture, error: Exception) -> None:
        self._impossible.add(picture.photo_sha256)
        # Labels of a photo as it was before say nothing of the one that has its name now.
        if not isinstance(error, BadLabel) and str(picture.photo) in self._album:
            self._album.pass_over(str(picture.photo), error)
        self._on_problem(error)
        if self._on_failed is not None:
            self._on_failed()

    def _cannot_keep(self, picture: Picture) -> None:
        is_first = not self._not_kept
        self._not_kept.add(picture.photo_sha256)
        if is_first:
            self._on_problem(
                BadPhoto(
                    "features of photos cannot be kept: the disk is full, or may not be written to",
                    remedy="Make room. Until then they are made again whenever they are needed",
                )
            )

    def _tell(self) -> None:
        done, total = self.progress
        if done == total or time.monotonic() - self._told_at > _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._events.send("features", {"done": done, "total": total})
