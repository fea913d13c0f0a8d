"""What the live segmenter made of the pictures, as last seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from partly.studio.session.workspace import Workspace

if TYPE_CHECKING:
    from partly.studio.live.live_predictions import Prediction

_WALL = ""  # the id of no picture
_N_KEPT = 8


class PredictionCache:
    """The last prediction of each picture that was looked at lately, and of the wall; for all threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        # With the version of the part set that the ids belong to.
        self._kept: dict[str, tuple[Prediction, int]] = {}

    def of_picture(self, picture_id: str) -> Prediction | None:
        """The last prediction of a picture, its ids in the part set as it is now; None: there is none yet.

        Raises:
            NotFound: there is no such picture.
        """
        self._workspace.picture(picture_id)
        return self._get(picture_id)

    def of_wall(self) -> Prediction | None:
        """The last prediction of the wall; None: there is none yet."""
        return self._get(_WALL)

    def keep(self, picture_id: str, prediction: Prediction, parts_version: int) -> None:
        """Keep the prediction of a picture in place of the earlier one."""
        with self._workspace.lock:
            self._kept.pop(picture_id, None)
            self._kept[picture_id] = prediction, parts_version
            while len(self._kept) > _N_KEPT:
                del self._kept[next(iter(self._kept))]

    def keep_wall(self, prediction: Prediction, parts_version: int) -> None:
        """Keep the prediction of the wall in place of the earlier one."""
        self.keep(_WALL, prediction, parts_version)

    def clear(self) -> None:
        """Forget all: nothing can be predicted any more."""
        with self._workspace.lock:
            self._kept.clear()

    def _get(self, key: str) -> Prediction | None:
        with self._workspace.lock:
            prediction, parts_version = self._kept.get(key, (None, 0))
            history = self._workspace.parts.history
            if prediction is None or parts_version == history.version:
                return prediction
            # The next fit is under way; until then a merged part has its new colour, a deleted one none.
            return replace(prediction, labels=history.table_since(parts_version)[prediction.labels])
