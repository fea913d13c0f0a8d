"""Superpixels of the pictures that are painted on, made when they are first asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partly.studio.session.live_models import LiveModels
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_N_KEPT = 16


class SuperpixelCache:
    """Ids of superpixels by picture, uint16 ``[h, w]``; the last ones are kept."""

    def __init__(self, workspace: Workspace, models: LiveModels) -> None:
        self._workspace, self._models = workspace, models
        self._kept: dict[str, NDArray[np.uint16]] = {}

    def prepare(self, picture_id: str) -> None:
        """Make those of a picture once there is time: somebody may ask for them."""
        if picture_id not in self._kept:
            self._workspace.worker.ask(Urgency.PREPARATIONS, picture_id, lambda: self._make(picture_id))

    def of_picture(self, picture_id: str) -> NDArray[np.uint16] | None:
        """Those of a picture; None: they are being made, and an event tells when they are there.

        Raises:
            NotFound: there is no such picture.
        """
        self._workspace.picture(picture_id)
        found = self._kept.get(picture_id)
        if found is None:
            self._workspace.worker.ask(Urgency.SUPERPIXELS, picture_id, lambda: self._make(picture_id))
        return found

    def _make(self, picture_id: str) -> None:
        from partly.studio.live.slic_superpixels import superpixels

        if picture_id not in self._kept:
            picture = self._workspace.picture(picture_id)
            made = superpixels(self._models.source, picture.pictured, shape=picture.shape)
            while len(self._kept) >= _N_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[picture_id] = made
        self._workspace.events.send("superpixels", {"id": picture_id}, picture_id)
