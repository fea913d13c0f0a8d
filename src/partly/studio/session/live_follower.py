"""The live segmenter follows what is painted: refitted after every stroke, the newest first."""

from __future__ import annotations

import time

from partly.errors import BadLabel
from partly.studio.session.live_models import LiveModels
from partly.studio.session.prediction_cache import PredictionCache
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_WALL = "wall"
_N_SHOWN = 3


class LiveFollower:
    """Fits and predicts in the worker's thread; asked again before it began, it sees the last state only.

    Args:
        workspace: what is followed.
        models: have the live segmenter.
        predictions: keeps the results.
    """

    def __init__(self, workspace: Workspace, models: LiveModels, predictions: PredictionCache) -> None:
        self._workspace, self._models, self._predictions = workspace, models, predictions
        self._parts_version: int | None = None
        self._learned: dict[str, int] = {}
        # Which picture each tab shows, the tab that did something last at the end.
        self._shown: dict[str, str] = {}
        self._asked_at: float | None = None
        self._is_solved = False

    def ask(self) -> None:
        """Something has changed: fit again."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        self._workspace.worker.ask(Urgency.STROKE, "update", self._update)

    @property
    def is_solved(self) -> bool:
        """Whether there is something to predict: two parts have a label."""
        return self._is_solved

    def look_at(self, picture_id: str, tab: str) -> None:
        """A tab shows a picture, or paints on it: predict it first from now on."""
        with self._workspace.lock:
            is_new = self._shown.pop(tab, None) != picture_id
            self._shown[tab] = picture_id
            while len(self._shown) > _N_SHOWN:
                del self._shown[next(iter(self._shown))]
        if is_new:
            self._workspace.worker.ask(Urgency.STROKE, f"show {picture_id}", lambda: self._show(picture_id))

    def look_away(self, tab: str) -> None:
        """A tab was closed."""
        with self._workspace.lock:
            self._shown.pop(tab, None)

    def _update(self) -> None:
        segmenter = self._models.segmenter
        began = time.monotonic() if self._asked_at is None else self._asked_at
        self._asked_at = None
        self._follow_parts()
        if not self._learn():
            self.ask()  # the part set has changed meanwhile
            return
        self._is_solved = segmenter.solve()
        if not self._is_solved:
            self._predictions.clear()
        with self._workspace.lock:
            shown = dict.fromkeys(reversed(self._shown.values()))
        for picture_id in shown:
            self._predict(picture_id, began)
        self._workspace.worker.ask(Urgency.WALL, _WALL, lambda: self._predict_wall(began))

    def _follow_parts(self) -> None:
        if self._parts_version is None:
            self._parts_version = self._models.parts_version
        with self._workspace.lock:
            history = self._workspace.parts.history
            version, part_set = history.version, history.part_set
            table = history.table_since(self._parts_version)
        if version != self._parts_version:
            self._models.segmenter.set_parts(part_set, table)
            self._parts_version = version

    def _learn(self) -> bool:
        """Take in all label maps that changed; False: the part set changed before it was done."""
        segmenter, workspace = self._models.segmenter, self._workspace
        for picture_id, revision in workspace.label_maps.revisions().items():
            if self._learned.get(picture_id) == revision:
                continue
            with workspace.lock:
                if workspace.parts.history.version != self._parts_version:
                    return False
                if picture_id not in workspace.tray:
                    continue
                picture = workspace.tray.picture(picture_id)
                try:
                    label_map = workspace.label_maps.labels(picture)
                except BadLabel as error:
                    workspace.problem(error)  # the others can be learned from even so
                    self._learned[picture_id] = revision
                    continue
            self._learned[picture_id] = revision
            segmenter.learn(picture.pictured, label_map)
        return True

    def _show(self, picture_id: str) -> None:
        segmenter = self._models.segmenter
        segmenter.show(self._workspace.picture(picture_id).pictured)
        if self._is_solved:
            self._predict(picture_id, time.monotonic())

    def _predict(self, picture_id: str, began: float) -> None:
        segmenter = self._models.segmenter
        if self._is_solved and picture_id in self._workspace.tray:
            picture = self._workspace.picture(picture_id)
            segmenter.show(picture.pictured)
            prediction = segmenter.predict(picture_id, picture.shape)
            self._predictions.keep(picture_id, prediction, self._known_parts)
        data = {"id": picture_id, "version": segmenter.version, "ms": _ms_since(began)}
        self._workspace.events.send("prediction", data, picture_id)

    def _predict_wall(self, began: float) -> None:
        segmenter = self._models.segmenter
        if self._is_solved:
            worker = self._workspace.worker
            prediction = segmenter.predict_wall(lambda: worker.has_more_urgent(Urgency.WALL))
            if prediction is None:
                # Somebody paints on: the wall follows after the next stroke, or once there is time.
                worker.ask(Urgency.WALL, _WALL, lambda: self._predict_wall(began))
                return
            self._predictions.keep_wall(prediction, self._known_parts)
        self._workspace.events.send("wall", {"version": segmenter.version, "ms": _ms_since(began)})

    @property
    def _known_parts(self) -> int:
        """Version of the part set that the segmenter has."""
        assert self._parts_version is not None
        return self._parts_version


def _ms_since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
