"""The live segmenter follows what is painted: refitted after every stroke, the newest first."""

from __future__ import annotations

import time

from partly.data.labels import Picture
from partly.errors import BadLabel
from partly.studio.session.label_quality import QualityMeter
from partly.studio.session.live_models import LiveModels
from partly.studio.session.prediction_cache import PredictionCache
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_WALL = "wall"
_N_SHOWN = 3
# So many photos of the wall are enough to begin with; statistics of all of them follow.
_N_BEGIN = 4


class LiveFollower:
    """Fits and predicts in the worker's thread; asked again before it began, it sees the last state only.

    Args:
        workspace: what is followed.
        models: have the live segmenter.
        predictions: keeps the results.
        meter: measures how good it is, once there is time.
    """

    def __init__(
        self, workspace: Workspace, models: LiveModels, predictions: PredictionCache, meter: QualityMeter
    ) -> None:
        self._workspace, self._models, self._predictions = workspace, models, predictions
        self._meter = meter
        self._parts_version: int | None = None
        self._learned: dict[str, int] = {}
        # Which picture each tab shows, the tab that did something last at the end.
        self._shown: dict[str, str] = {}
        self._asked_at: float | None = None
        self._is_solved = False
        self._has_statistics = False

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
            picture = self._workspace.picture(picture_id).pictured
            if not self._models.is_at_hand(picture):
                self._models.want(Urgency.AWAITED, picture)
            self._ask_to_show(picture_id)

    def look_away(self, tab: str) -> None:
        """A tab was closed."""
        with self._workspace.lock:
            self._shown.pop(tab, None)

    def features_made(self, picture: Picture) -> None:
        """From any thread: features of a photo were made beside; whoever waits for them goes on."""
        worker, digest = self._workspace.worker, picture.photo_sha256
        with self._workspace.lock:
            shown, tray = set(self._shown.values()), self._workspace.tray
            here = [name for name in tray.ids() if tray.picture(name).photo_sha256 == digest]
        for picture_id in here:
            if picture_id in shown:
                self._ask_to_show(picture_id)
        if any(picture_id in self._workspace.label_maps.revisions() for picture_id in here):
            self.ask()
        worker.ask(Urgency.WALL, f"features {digest}", lambda: self._read_wall(digest))
        worker.nudge()

    def replace_on_wall(self, place: int, picture: Picture | None) -> None:
        """In the worker's thread: another picture is on the wall, or one less."""
        if picture is None:
            self._models.live.remove_from_wall(place)
        else:
            self._models.live.replace_on_wall(place, picture)
            self._models.want(Urgency.WALL, picture)
        self._wall_changed()

    def _read_wall(self, digest: str | None) -> None:
        """Take in the features of a photo that is on the wall."""
        live = self._models.live
        places = [place for place, picture in enumerate(live.wall) if picture.photo_sha256 == digest]
        for place in places:
            live.read_wall(place)
        if places:
            self._wall_changed()

    def _wall_changed(self) -> None:
        """There are other features of the wall: take statistics from them where they are due, and predict."""
        live = self._models.live
        self._models.wall_read(live.n_wall_read, len(live.wall))
        is_whole = live.n_wall_read == len(live.wall)
        can_begin = live.n_wall_read >= _N_BEGIN and not live.is_warm
        is_due = not self._has_statistics and (is_whole or (can_begin and self._must_wait()))
        if is_due and live.standardise():
            # Features are scaled otherwise: nothing is predicted before the next fit.
            self._has_statistics, self._is_solved = is_whole, False
            self._models.ready()
            self.ask()
        else:
            self._ask_for_wall(time.monotonic())

    def _must_wait(self) -> bool:
        """Whether it takes long until all features of the wall are there."""
        return not all(map(self._models.is_at_hand, self._models.live.wall))

    def _ask_to_show(self, picture_id: str) -> None:
        self._workspace.worker.ask(Urgency.STROKE, f"show {picture_id}", lambda: self._show(picture_id))

    def _ask_for_wall(self, began: float) -> None:
        self._workspace.worker.ask(Urgency.WALL, _WALL, lambda: self._predict_wall(began))

    def _update(self) -> None:
        segmenter = self._models.segmenter
        began = time.monotonic() if self._asked_at is None else self._asked_at
        self._asked_at = None
        self._follow_parts()
        if not self._learn():
            self.ask()  # the part set has changed meanwhile
            return
        self._is_solved = segmenter.solve()
        if self._is_solved:
            self._meter.ask()
        else:
            self._predictions.clear()
            self._meter.clear()
        with self._workspace.lock:
            shown = dict.fromkeys(reversed(self._shown.values()))
        for picture_id in shown:
            self._predict(picture_id, began)
        self._ask_for_wall(began)

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
                if not self._models.is_at_hand(picture.pictured):
                    self._models.want(Urgency.STROKE, picture.pictured)
                    continue  # learned when they are made
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
        live, picture = self._models.live, self._workspace.picture(picture_id).pictured
        if not self._models.is_at_hand(picture):
            return  # shown when its features are made
        live.show(picture)
        if not live.is_warm and not live.wall:
            self._wall_changed()
        elif self._is_solved:
            self._predict(picture_id, time.monotonic())

    def _predict(self, picture_id: str, began: float) -> None:
        segmenter = self._models.segmenter
        picture = self._workspace.picture(picture_id) if picture_id in self._workspace.tray else None
        if self._is_solved and picture and self._models.is_at_hand(picture.pictured):
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
                self._ask_for_wall(began)
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
