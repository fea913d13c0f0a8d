"""Annotations written a moment after the last stroke, and at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext

from partly.annotations import UNLABELLED, remove_annotation, save_annotation
from partly.errors import PartlyError
from partly.project.labels import overlay_path, write_overlay
from partly.project.pictures import ProposedPicture
from partly.studio.session.asides import kept_aside
from partly.studio.session.label_map_store import LabelMapStore, Snapshot

_CALM_S = 1.0
_RETRY_S = 5.0


class Saver:
    """A thread that writes label maps as annotations when nobody has painted on them for a second.

    Strokes are safe before: they are in the journals. Annotations are what all other verbs read.

    Args:
        label_maps: what is written.
        picture: a picture by its id; None: there is none.
        on_saved: told the id of what was written.
        on_error: told what went wrong; it is tried again.
    """

    def __init__(
        self,
        label_maps: LabelMapStore,
        picture: Callable[[str], ProposedPicture | None],
        on_saved: Callable[[str], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._label_maps, self._picture = label_maps, picture
        self._on_saved, self._on_error = on_saved, on_error
        self._changed = threading.Condition()
        self._due: dict[str, float] = {}
        self._is_closing = False
        # One writer at a time. Taken before the session's lock, never within it.
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="partly-saver", daemon=True)

    def start(self) -> None:
        """Begin to wait for changes."""
        self._thread.start()

    @property
    def has_unsaved(self) -> bool:
        """Whether a label map is not written yet."""
        with self._changed:
            return bool(self._due)

    def note(self, annotation_id: str, *, wait_s: float = _CALM_S) -> None:
        """A label map has changed."""
        with self._changed:
            self._due[annotation_id] = time.monotonic() + wait_s
            self._changed.notify_all()

    def flush(self) -> None:
        """Write all that has changed, now.

        Raises:
            PartlyError: something cannot be written; the rest was.
            OSError: likewise.
        """
        first: Exception | None = None
        for annotation_id in self._take(float("inf")):
            try:
                self._save(annotation_id)
            except (PartlyError, OSError) as error:
                self.note(annotation_id, wait_s=_RETRY_S)
                first = first or error
        if first is not None:
            raise first

    def close(self) -> None:
        """Write all that has changed, and end.

        Raises:
            PartlyError: see :meth:`flush`.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._is_closing and (wait_s := self._wait_s()) != 0:
                    self._changed.wait(wait_s)
                if self._is_closing:
                    return
            for annotation_id in self._take(time.monotonic()):
                try:
                    self._save(annotation_id)
                except Exception as error:  # noqa: BLE001 - it is told, and tried again
                    self._on_error(error)
                    self.note(annotation_id, wait_s=_RETRY_S)

    def _wait_s(self) -> float | None:
        """Until the next one is due, 0 if it is; None: there is nothing."""
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _take(self, until: float) -> list[str]:
        with self._changed:
            due = [name for name, at in self._due.items() if at <= until]
            for name in due:
                del self._due[name]
        return due

    def _save(self, annotation_id: str) -> None:
        with self._writing:
            with self._label_maps.lock:
                picture = self._picture(annotation_id)
                snapshot = self._label_maps.snapshot(annotation_id, picture)
                if snapshot is None:
                    return
                # Without a journal the annotation is all there is, and it is two files.
                with kept_aside(snapshot.project, annotation_id) if snapshot.state is None else nullcontext():
                    write_annotation(snapshot)
                self._label_maps.saved(snapshot)
            write_its_overlay(snapshot, picture)
        self._on_saved(annotation_id)


def write_annotation(snapshot: Snapshot) -> None:
    """Write a label map as an annotation; one without any label is none, and is removed."""
    project, annotation = snapshot.project, snapshot.annotation
    if _is_empty(snapshot):
        remove_annotation(project.annotations, annotation.id)
    else:
        save_annotation(project.annotations, annotation, project.part_set, overwrite=True)


def write_its_overlay(snapshot: Snapshot, picture: ProposedPicture | None) -> None:
    """Write the overlay of an annotation, or remove it with the annotation."""
    if _is_empty(snapshot):
        overlay_path(snapshot.project, snapshot.annotation.id).unlink(missing_ok=True)
    elif picture is not None:
        write_overlay(snapshot.project, snapshot.annotation, picture.pixels)


def _is_empty(snapshot: Snapshot) -> bool:
    return bool((snapshot.annotation.label_map == UNLABELLED).all())
