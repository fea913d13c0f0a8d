"""Annotations written a moment after the last stroke, and at the end; copies of them meanwhile."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from partly.data.labels import UNLABELLED, remove_annotation, save_annotation
from partly.errors import PartlyError
from partly.project import Project, ProposedPicture, overlay_path, write_overlay
from partly.storage import atomic_path
from partly.studio.session.label_map_store import Snapshot
from partly.studio.session.studio_paths import StudioPaths
from partly.studio.session.workspace import Workspace

_CALM_S = 1.0
_RETRY_S = 5.0
# The JSON last: an annotation, or a copy, with its JSON is complete.
_SUFFIXES = (".png", ".json")


class AnnotationSaver:
    """A thread that writes label maps as annotations when nobody has painted on them for a second.

    Strokes are safe before: they are in the journals. Annotations are what all other verbs read. What cannot
    be written is told, and tried again.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
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

    def note(self, annotation_id: str, *, wait_s: float | None = None) -> None:
        """A label map has changed: write it after so many seconds, or when nobody has painted for one."""
        with self._changed:
            self._due[annotation_id] = time.monotonic() + (_CALM_S if wait_s is None else wait_s)
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
                    self._workspace.problem(error)
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
        workspace = self._workspace
        with self._writing:
            with workspace.lock:
                tray = workspace.tray
                picture = tray.picture(annotation_id) if annotation_id in tray else None
                snapshot = workspace.label_maps.snapshot(annotation_id, picture)
                if snapshot is None:
                    return
                # Without a journal the annotation is all there is, and it is two files.
                with backed_up(snapshot.project, annotation_id) if snapshot.state is None else nullcontext():
                    write_annotation(snapshot)
                workspace.label_maps.saved(snapshot)
            write_its_overlay(snapshot, picture)
        workspace.events.send("saved", {"id": annotation_id}, annotation_id)
        workspace.pictures_changed()


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


@contextmanager
def backed_up(project: Project, annotation_id: str) -> Iterator[None]:
    """Keep a copy of an annotation while the block rewrites it; after an error it is what it was before.

    An annotation is two files, and a kill may come between: :func:`restore_backups` mends that.
    """
    copies = [StudioPaths.of(project).backups / f"{annotation_id}{suffix}" for suffix in _SUFFIXES]
    for copy in copies:
        _copy(project.annotations / copy.name, copy)
    try:
        yield
    except BaseException:
        _restore(project, copies)
        raise
    _remove(copies)


def restore_backups(project: Project) -> None:
    """Put annotations back that a kill left unfinished; to be called before anything is read."""
    for record in sorted(StudioPaths.of(project).backups.glob("[!.]*.json")):
        stem = record.name.removesuffix(".json")
        _restore(project, [record.with_name(stem + suffix) for suffix in _SUFFIXES])


def _restore(project: Project, copies: Sequence[Path]) -> None:
    for copy in copies:
        _copy(copy, project.annotations / copy.name)
    _remove(copies)


def _remove(copies: Sequence[Path]) -> None:
    for copy in reversed(copies):
        copy.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
