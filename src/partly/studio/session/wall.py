"""The wall: pictures on which one sees what the segmenter has understood."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from partly.errors import NotFound, NotReady
from partly.imagery.encoding import thumbnail, write_jpeg
from partly.project.pictures import ProposedPicture, keep_picture, picture_pixels
from partly.studio.session.live_models import Models
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_SMALL_PX = 256
_WAIT_S = 120.0


@dataclass(frozen=True, eq=False)
class _Place:
    w: npt.NDArray[np.float32]
    path: Path


class Wall:
    """The pictures of the wall: small ones as files, made once and found again at the next start."""

    def __init__(self, workspace: Workspace, models: Models) -> None:
        self._workspace, self._models = workspace, models
        self._places: dict[str, _Place] = {}

    def ids(self) -> list[str]:
        """Ids, in the order of the prediction of the wall; none before the generator is there."""
        return list(self._places)

    def ready(self) -> list[str]:
        """Ids of those whose picture is there."""
        return [picture_id for picture_id, place in self._places.items() if place.path.is_file()]

    def hang(self) -> None:
        """In the worker's thread: find out which pictures these are, and ask for those that are not there."""
        digest, places = self._models.generator.digest, {}
        for picture in self._models.segmenter.wall:
            key = hashlib.sha256(picture.w.tobytes() + digest.encode()).hexdigest()[:16]
            places[picture.id] = _Place(picture.w, self._workspace.places.wall / f"{key}.jpg")
        self._places = places
        for picture_id in places:
            self._workspace.worker.ask(Urgency.WALL_PICTURES, picture_id, partial(self._make, picture_id))
        self._workspace.pictures_changed()

    def path(self, picture_id: str) -> Path:
        """The file of a small picture, JPEG.

        Raises:
            NotFound: there is no such picture.
            NotReady: it is being made; an event tells when it is there.
        """
        path = self._place(picture_id).path
        if not path.is_file():
            raise NotReady(f"picture {picture_id} of the wall is being made", remedy="Ask again in a moment")
        return path

    def take(self, picture_id: str) -> ProposedPicture:
        """Make a picture of the wall one of the tray, at full size; waits for it.

        Raises:
            NotFound: there is no such picture.
            PartlyError: it cannot be made or written.
        """
        place = self._place(picture_id)
        task = self._workspace.worker.ask_for(Urgency.AWAITED, "from the wall", lambda: self._keep(place))
        return task.result(_WAIT_S)

    def _place(self, picture_id: str) -> _Place:
        if picture_id not in self._places:
            raise NotFound(f"there is no picture {picture_id[:120]!r} on the wall")
        return self._places[picture_id]

    def _make(self, picture_id: str) -> None:
        place = self._places[picture_id]
        if not place.path.is_file():
            pixels = picture_pixels(self._models.generator, place.w)
            write_jpeg(place.path, thumbnail(pixels, _SMALL_PX))
            self._workspace.pictures_changed()

    def _keep(self, place: _Place) -> ProposedPicture:
        name = f"picture-w{hashlib.sha256(place.w.tobytes()).hexdigest()[:10]}"
        picture = keep_picture(self._workspace.parts.project, self._models.generator, name, place.w)
        with self._workspace.lock:
            self._workspace.tray.add(picture, "asked")
        self._workspace.pictures_changed()
        return picture
