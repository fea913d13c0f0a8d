"""Painting on pictures, from tabs of which one at a time has a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.labels import UNLABELLED, LabelMap, Patch
from partly.errors import BadOption, NotReady
from partly.project import ProposedPicture
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.open_tabs import OpenTabs, check_tab
from partly.studio.session.prediction_cache import PredictionCache
from partly.studio.session.superpixel_cache import SuperpixelCache
from partly.studio.session.workspace import Workspace


@dataclass(frozen=True)
class Painted:
    """How a picture's label map is.

    Attributes:
        height_px, width_px: of the picture.
        n_strokes: strokes that make it up.
        can_undo, can_redo: what is possible.
        labelled_share: share of the pixels with a label, 0 to 1.
    """

    height_px: int
    width_px: int
    n_strokes: int
    can_undo: bool
    can_redo: bool
    labelled_share: float


class Painting:
    """Strokes, undo and redo; all of them are on disk when they are acknowledged."""

    def __init__(
        self,
        workspace: Workspace,
        tabs: OpenTabs,
        follower: LiveFollower,
        predictions: PredictionCache,
        superpixels: SuperpixelCache,
    ) -> None:
        self._workspace, self._tabs, self._follower = workspace, tabs, follower
        self._predictions, self._superpixels = predictions, superpixels

    def open(self, picture_id: str, tab: str, *, take: bool = False) -> tuple[bool, Painted]:
        """A tab shows a picture, to paint on it.

        Args:
            picture_id: which.
            tab: the tab's own name.
            take: take it over, if another tab has it.

        Returns:
            Whether another tab has it (this one may look), and how it is.

        Raises:
            NotFound: there is no such picture.
            BadLabel: its journal or annotation is damaged.
            BadOption: the tab has no usable name.
        """
        check_tab(tab)
        with self._workspace.lock:
            painted = self._painted(self._workspace.tray.picture(picture_id))
        is_held, loser = self._tabs.open(picture_id, tab, take=take)
        if loser is not None:
            self._workspace.events.send("taken", {"id": picture_id}, picture_id, tab=loser)
        self._follower.look_at(picture_id, tab)
        self._superpixels.prepare(picture_id)
        return is_held, painted

    def leave(self, tab: str) -> None:
        """A tab was closed, unless it listens still."""
        if not self._workspace.events.is_listening(tab):
            self._tabs.leave(tab)
            self._follower.look_away(tab)

    def labels(self, picture_id: str) -> NDArray[np.uint8]:
        """The label map of a picture, uint8 [s, s]; 255 is unlabelled.

        Raises:
            NotFound: there is no such picture.
            BadLabel: its journal or annotation is damaged.
        """
        with self._workspace.lock:
            return self._workspace.label_maps.labels(self._workspace.tray.picture(picture_id))

    def check_box(self, picture_id: str, tab: str, x: int, y: int, width: int, height: int) -> None:
        """Refuse a stroke before its pixels are read.

        Raises:
            NotFound: there is no such picture.
            OpenElsewhere: another tab has it.
            BadOption: the box is none, or the tab has no usable name.
        """
        picture = self._begin(picture_id, tab)
        rows, columns = picture.shape
        if not (0 <= x < x + width <= columns and 0 <= y < y + height <= rows):
            raise BadOption(
                f"the box {x}, {y}, {width} x {height} px", expected=f"one within {columns} x {rows} px"
            )

    def paint(self, picture_id: str, tab: str, patch: Patch, parts_version: int | None = None) -> Painted:
        """Put a patch on the label map; when this returns it outlives whatever happens.

        Args:
            picture_id: which picture.
            tab: who paints.
            patch: what the box is afterwards.
            parts_version: the part set that the ids belong to; None: that of now.

        Raises:
            NotFound: there is no such picture.
            OpenElsewhere: another tab has it.
            BadLabel: the patch reaches out of the picture, or has ids that are no parts.
            PartlyError: it cannot be written.
        """
        picture = self._begin(picture_id, tab)
        with self._workspace.lock:
            if parts_version is not None:
                table = self._workspace.parts.history.table_since(parts_version)
                patch = Patch(patch.x, patch.y, _translated(patch.labels, table))
            self._workspace.label_maps.paint(picture, patch)
            painted = self._painted(picture)
        self._follower.look_at(picture_id, tab)
        return painted

    def undo(self, picture_id: str, tab: str) -> tuple[Patch, Painted] | None:
        """Take the last stroke back; gives what is in its box now, or None where there is no stroke.

        Raises:
            NotFound, OpenElsewhere, PartlyError: as :meth:`paint`.
        """
        return self._step(picture_id, tab, self._workspace.label_maps.undo)

    def redo(self, picture_id: str, tab: str) -> tuple[Patch, Painted] | None:
        """Paint the stroke again that was undone last; None where there is none.

        Raises:
            NotFound, OpenElsewhere, PartlyError: as :meth:`paint`.
        """
        return self._step(picture_id, tab, self._workspace.label_maps.redo)

    def accept(self, picture_id: str, tab: str, *, only_unlabelled: bool = True) -> tuple[Patch, Painted]:
        """Paint the prediction of a picture onto it, as one stroke; gives what the whole picture is now.

        Raises:
            NotReady: nothing is predicted yet.
            NotFound, OpenElsewhere, PartlyError: as :meth:`paint`.
        """
        picture = self._begin(picture_id, tab)
        with self._workspace.lock:
            prediction = self._predictions.of_picture(picture_id)
            if prediction is None:
                raise NotReady(
                    "nothing is predicted for this picture yet",
                    remedy="Paint two parts on a picture first, and wait until the colours appear",
                )
            before = self._workspace.label_maps.labels(picture)
            patch = Patch(0, 0, accepted(before, prediction.labels, only_unlabelled=only_unlabelled))
            facts = self._workspace.label_maps.paint(picture, patch)
            self._workspace.tray.choose(picture_id, accepted=facts.n_strokes)
            painted = self._painted(picture)
        self._workspace.pictures_changed()
        return patch, painted

    def _begin(self, picture_id: str, tab: str) -> ProposedPicture:
        check_tab(tab)
        picture = self._workspace.picture(picture_id)
        self._tabs.check(picture_id, tab)
        self._workspace.worker.painting()
        return picture

    def _step(
        self, picture_id: str, tab: str, step: Callable[[ProposedPicture], Patch | None]
    ) -> tuple[Patch, Painted] | None:
        picture = self._begin(picture_id, tab)
        with self._workspace.lock:
            patch = step(picture)
            painted = self._painted(picture)
        self._follower.look_at(picture_id, tab)
        return None if patch is None else (patch, painted)

    def _painted(self, picture: ProposedPicture) -> Painted:
        journal = self._workspace.label_maps.journal(picture)
        share = self._workspace.label_maps.facts(picture.id).labelled_share
        return Painted(*picture.shape, journal.n_strokes, journal.can_undo, journal.can_redo, share)


def _translated(labels: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return labels if (table[labels] == labels).all() else table[labels]


def enlarged(labels: LabelMap, height: int, width: int) -> LabelMap:
    """A label map at another height and width, with smooth boundaries and no id that was not there.

    Every part's mask is interpolated bilinearly, and each pixel gets the part with the largest share.
    """
    if labels.shape == (height, width):
        return labels.copy()
    ids = [int(i) for i in np.unique(labels)]
    best = np.zeros((height, width), np.uint8)
    result = np.full((height, width), ids[0], np.uint8)
    for part in ids:
        mask = Image.fromarray((labels == part).astype(np.uint8) * 255)
        share = np.asarray(mask.resize((width, height), Image.Resampling.BILINEAR))
        is_larger = share > best
        result[is_larger] = part
        best = np.maximum(best, share)
    return result


def accepted(label_map: LabelMap, predicted: LabelMap, *, only_unlabelled: bool) -> LabelMap:
    """A label map with a prediction painted over it, or only where it is unlabelled; uint8 [h, w].

    Args:
        label_map: what was painted, uint8 [h, w].
        predicted: uint8 [s, s]; where it is unlabelled itself, the label map stays.
        only_unlabelled: leave alone what was painted.
    """
    large = enlarged(predicted, *label_map.shape)
    takes = large != UNLABELLED
    if only_unlabelled:
        takes &= label_map == UNLABELLED
    return np.where(takes, large, label_map)
