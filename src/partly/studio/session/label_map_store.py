"""The label maps of a session: journals of those that are painted on, annotations of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from partly.data.labels import (
    UNLABELLED,
    Annotation,
    LabelMap,
    Patch,
    StrokeJournal,
    annotation_ids,
    annotation_part_set,
    is_all_saved,
    is_same_picture,
    load_annotation,
)
from partly.errors import BadLabel
from partly.project import Project, ProposedPicture
from partly.studio.session.session_parts import Parts
from partly.studio.session.studio_paths import StudioPaths


@dataclass(frozen=True)
class Facts:
    """What a label map has.

    Attributes:
        labelled_share: share of the pixels with a label, 0 to 1.
        parts: ids of the parts with a pixel.
        n_strokes: strokes that made it, as far as they are known.
    """

    labelled_share: float = 0.0
    parts: frozenset[int] = frozenset()
    n_strokes: int = 0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A label map at one moment.

    Attributes:
        annotation: the label map with what it belongs to.
        project: with the part set of that moment.
        state: what the journal calls that moment; None: it has no journal.
    """

    annotation: Annotation
    project: Project
    state: int | None


class LabelMapStore:
    """Label maps by the id of their picture, every change on disk before it is acknowledged.

    Args:
        parts: what the ids mean.
        lock: held around everything here; the session's own.
        on_change: told the id of a picture whose label map is another now, or must be written anew.

    Attributes:
        lock: whoever writes annotations holds it: half of one must not be read.
    """

    def __init__(self, parts: Parts, lock: threading.RLock, on_change: Callable[[str], None]) -> None:
        self._parts, self.lock, self._on_change = parts, lock, on_change
        self._paths = StudioPaths.of(parts.project)
        self._journals: dict[str, StrokeJournal] = {}
        self._bases: dict[str, Annotation] = {}
        self._facts: dict[str, Facts] = {}
        self._revisions: dict[str, int] = {}
        # When the JSON of an annotation was written, as far as it is known here; None: there was none.
        self._stamps: dict[str, int | None] = {}

    @property
    def annotations(self) -> Path:
        """The folder of the annotations."""
        return self._parts.project.annotations

    def begin(self, pictures: list[ProposedPicture]) -> dict[str, BadLabel]:
        """Take in what is there; label maps with strokes that a kill kept from their annotation come back.

        Returns:
            The pictures whose labels cannot be read, and why.
        """
        problems: dict[str, BadLabel] = {}
        for picture in pictures:
            try:
                self.take_in(picture)
            except BadLabel as error:
                problems[picture.id] = error
        return problems

    def take_in(self, picture: ProposedPicture) -> None:
        """Look at the annotation and the journal of a picture that is not open.

        Raises:
            BadLabel: one of them is damaged, or belongs to another picture.
        """
        with self.lock:
            self._stamps[picture.id] = self._stamp(picture.id)
            journal = self._paths.journal(picture.id)
            has_annotation = picture.id in annotation_ids(self.annotations)
            if journal.exists() and not (has_annotation and is_all_saved(journal)):
                self.journal(picture)
                self._on_change(picture.id)
            elif has_annotation:
                annotation = self._annotation(picture.id, picture)
                self._note(picture.id, annotation.label_map, 0)

    def look(self, picture: ProposedPicture) -> bool:
        """Take in what another command has made of the annotation of a picture; whether there was anything.

        Where there is a journal, it becomes one more stroke, so that nothing painted is lost.

        Raises:
            BadLabel: the annotation is damaged.
        """
        with self.lock:
            if self._stamps.get(picture.id) == self._stamp(picture.id):
                return False
            if picture.id in self._journals:
                self.reopen(picture)
            else:
                self.take_in(picture)
            return True

    def journal(self, picture: ProposedPicture) -> StrokeJournal:
        """The journal of a picture, opened the first time.

        Raises:
            BadLabel: it, or the annotation, is damaged or belongs to another picture.
        """
        with self.lock:
            if picture.id not in self._journals:
                self._stamps[picture.id] = self._stamp(picture.id)
                base = known = None
                if picture.id in annotation_ids(self.annotations):
                    base = self._annotation(picture.id, picture)
                    known = base.label_map
                path = self._paths.journal(picture.id)
                journal = StrokeJournal.open(path, picture.shape, self._parts.history, known)
                if base is not None:
                    self._bases[picture.id] = base
                self._journals[picture.id] = journal
                self._note(picture.id, journal.label_map, journal.n_strokes)
            return self._journals[picture.id]

    def reopen(self, picture: ProposedPicture) -> StrokeJournal:
        """As :meth:`journal`, after the annotation was changed by something else than strokes."""
        with self.lock:
            self._journals.pop(picture.id, None)
            return self.journal(picture)

    def labels(self, picture: ProposedPicture) -> LabelMap:
        """The label map of a picture, uint8 [s, s], all unlabelled where there is none."""
        with self.lock:
            if picture.id in self._journals:
                return self._journals[picture.id].label_map
            if picture.id in annotation_ids(self.annotations):
                return self._annotation(picture.id, picture).label_map
        return np.full(picture.shape, UNLABELLED, np.uint8)

    def paint(self, picture: ProposedPicture, patch: Patch) -> Facts:
        """Put a patch on the label map.

        Raises:
            BadLabel: it reaches out of the picture, or has ids that are no parts.
            PartlyError: it cannot be written.
        """
        with self.lock:
            journal = self.journal(picture)
            journal.paint(patch)
            return self._changed(picture.id, journal)

    def undo(self, picture: ProposedPicture) -> Patch | None:
        """Take the last stroke back; None: there is none."""
        with self.lock:
            journal = self.journal(picture)
            patch = journal.undo()
            self._changed(picture.id, journal)
            return patch

    def redo(self, picture: ProposedPicture) -> Patch | None:
        """Paint the stroke again that was undone last; None: there is none."""
        with self.lock:
            journal = self.journal(picture)
            patch = journal.redo()
            self._changed(picture.id, journal)
            return patch

    def facts(self, picture_id: str) -> Facts:
        """What the label map of a picture has."""
        return self._facts.get(picture_id, Facts())

    def revisions(self) -> dict[str, int]:
        """For each picture with labels, or that had some, a number that grows with every change."""
        with self.lock:
            return dict(self._revisions)

    def parts_changed(self) -> list[str]:
        """The part set has changed: ids of all annotations that must be written anew."""
        with self.lock:
            for picture_id, journal in self._journals.items():
                self._note(picture_id, journal.label_map, journal.n_strokes)
            return sorted({*self._journals, *self.outdated()})

    def outdated(self) -> list[str]:
        """Ids of annotations that were saved with another part set than that of now."""
        now = self._parts.history.part_set
        return [
            name for name in annotation_ids(self.annotations) if self._part_set_of(name) not in (now, None)
        ]

    def snapshot(self, annotation_id: str, picture: ProposedPicture | None) -> Snapshot | None:
        """What should be on disk now; None: nothing more than there is.

        Raises:
            BadLabel: the annotation is damaged.
        """
        with self.lock:
            journal = self._journals.get(annotation_id)
            if journal is not None and picture is not None and self.look(picture):
                journal = self._journals[annotation_id]
            if journal is None or picture is None:
                if annotation_id not in self.outdated():
                    return None
                return Snapshot(self._annotation(annotation_id, None), self._parts.project, None)
            base = self._bases.get(annotation_id) or picture.annotation(journal.label_map)
            annotation = replace(base, label_map=journal.label_map)
            return Snapshot(annotation, self._parts.project, journal.state)

    def saved(self, snapshot: Snapshot) -> None:
        """A snapshot is on disk."""
        with self.lock:
            self._stamps[snapshot.annotation.id] = self._stamp(snapshot.annotation.id)
            journal = self._journals.get(snapshot.annotation.id)
            if snapshot.state is None:
                self._note(snapshot.annotation.id, snapshot.annotation.label_map, 0)
            elif journal is not None:
                journal.note_saved(snapshot.state)

    def _changed(self, picture_id: str, journal: StrokeJournal) -> Facts:
        self._note(picture_id, journal.label_map, journal.n_strokes)
        self._on_change(picture_id)
        return self._facts[picture_id]

    def _note(self, picture_id: str, label_map: LabelMap, n_strokes: int) -> None:
        counts = np.bincount(label_map.ravel(), minlength=256)
        share = 1 - float(counts[UNLABELLED]) / label_map.size
        parts = frozenset(np.flatnonzero(counts[:UNLABELLED]).tolist())
        self._facts[picture_id] = Facts(share, parts, n_strokes)
        if share or picture_id in self._revisions:
            self._revisions[picture_id] = self._revisions.get(picture_id, 0) + 1

    def _annotation(self, annotation_id: str, picture: ProposedPicture | None) -> Annotation:
        """An annotation in the part set as it is now, whatever it was saved with."""
        painted_with = annotation_part_set(self.annotations, annotation_id)
        found = load_annotation(self.annotations, annotation_id, painted_with)
        if picture is not None and not is_same_picture(found, picture.pictured):
            raise BadLabel(
                "is an annotation of another picture of the same name",
                remedy="Move the annotation or the picture away",
                path=self.annotations / f"{annotation_id}.json",
            )
        history = self._parts.history
        return replace(found, label_map=history.translate(found.label_map, painted_with, self.annotations))

    def _stamp(self, annotation_id: str) -> int | None:
        try:
            return (self.annotations / f"{annotation_id}.json").stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def _part_set_of(self, annotation_id: str) -> object:
        try:
            return annotation_part_set(self.annotations, annotation_id)
        except BadLabel:
            return None  # a damaged annotation is told where it is used
