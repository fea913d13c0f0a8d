"""The wall: pictures on which one sees what the segmenter has understood."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from partly.data.photos import thumbnail, write_jpeg
from partly.errors import NotFound, NotReady
from partly.project import ProposedPicture, keep_picture, picture_pixels
from partly.studio.session.live_models import LiveModels
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_SMALL_PX = 256
_WAIT_S = 120.0


@dataclass(frozen=True, eq=False)
class _SmallPicture:
    w: npt.NDArray[np.float32]
    path: Path


class Wall:
    """The pictures of the wall: small ones as files, made once and found again at the next start."""

    def __init__(self, workspace: Workspace, models: LiveModels) -> None:
        self._workspace, self._models = workspace, models
        self._pictures: dict[str, _SmallPicture] = {}

    def ids(self) -> list[str]:
        """Ids, in the order of the prediction of the wall; none before the generator is there."""
        return list(self._pictures)

    def ready(self) -> list[str]:
        """Ids of those whose picture is there."""
        return [picture_id for picture_id, picture in self._pictures.items() if picture.path.is_file()]

    def prepare(self) -> None:
        """In the worker's thread: find out which pictures these are, and ask for those that are not there."""
        digest, pictures = self._models.generator.digest, {}
        for picture in self._models.segmenter.wall:
            assert picture.w is not None, "the pictures of a project are generated"
            key = hashlib.sha256(picture.w.tobytes() + digest.encode()).hexdigest()[:16]
            pictures[picture.id] = _SmallPicture(picture.w, self._workspace.paths.wall / f"{key}.jpg")
        self._pictures = pictures
        for picture_id in pictures:
            self._workspace.worker.ask(Urgency.WALL_PICTURES, picture_id, partial(self._make, picture_id))
        self._workspace.pictures_changed()

    def path(self, picture_id: str) -> Path:
        """The file of a small picture, JPEG.

        Raises:
            NotFound: there is no such picture.
            NotReady: it is being made; an event tells when it is there.
        """
        path = self._picture(picture_id).path
        if not path.is_file():
            raise NotReady(f"picture {picture_id} of the wall is being made", remedy="Ask again in a moment")
        return path

    def take(self, picture_id: str) -> ProposedPicture:
        """Make a picture of the wall one of the tray, at full size; waits for it.

        Raises:
            NotFound: there is no such picture.
            PartlyError: it cannot be made or written.
        """
        chosen = self._picture(picture_id)
        task = self._workspace.worker.ask_for(Urgency.AWAITED, "from the wall", lambda: self._keep(chosen))
        return task.result(_WAIT_S)

    def _picture(self, picture_id: str) -> _SmallPicture:
        if picture_id not in self._pictures:
            raise NotFound(f"there is no picture {picture_id[:120]!r} on the wall")
        return self._pictures[picture_id]

    def _make(self, picture_id: str) -> None:
        picture = self._pictures[picture_id]
        if not picture.path.is_file():
            pixels = picture_pixels(self._models.generator, picture.w)
            write_jpeg(picture.path, thumbnail(pixels, _SMALL_PX))
            self._workspace.pictures_changed()

    def _keep(self, chosen: _SmallPicture) -> ProposedPicture:
        name = f"picture-w{hashlib.sha256(chosen.w.tobytes()).hexdigest()[:10]}"
        picture = keep_picture(self._workspace.parts.project, self._models.generator, name, chosen.w)
        with self._workspace.lock:
            self._workspace.tray.add(picture, "asked")
        self._workspace.pictures_changed()
        return picture
