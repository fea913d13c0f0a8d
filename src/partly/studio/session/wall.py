"""The wall: pictures on which one sees what the segmenter has understood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from partly.data.labels import Picture
from partly.data.photos import thumbnail, write_jpeg
from partly.errors import BadPhoto, NotFound, NotReady
from partly.project import ProposedPicture
from partly.studio.session.live_follower import LiveFollower
from partly.studio.session.live_models import LiveModels
from partly.studio.session.worker import Urgency
from partly.studio.session.workspace import Workspace

_SMALL_PX = 256
_WAIT_S = 120.0


@dataclass(frozen=True, eq=False)
class _SmallPicture:
    picture: Picture
    path: Path


class Wall:
    """The pictures of the wall: small ones as files, made once and found again at the next start."""

    def __init__(self, workspace: Workspace, models: LiveModels, follower: LiveFollower) -> None:
        self._workspace, self._models, self._follower = workspace, models, follower
        self._pictures: dict[str, _SmallPicture] = {}

    def ids(self) -> list[str]:
        """Ids, in the order of the prediction of the wall; none before it is known what is on it."""
        return list(self._pictures)

    def ready(self) -> list[str]:
        """Ids of those whose picture is there."""
        return [picture_id for picture_id, small in self._pictures.items() if small.path.is_file()]

    def prepare(self) -> None:
        """In the worker's thread: find out which pictures these are, and ask for those that are not there."""
        supply, pictures = self._models.supply, {}
        for picture in self._models.live.wall:
            path = self._workspace.paths.wall / f"{supply.key(picture)}.jpg"
            pictures[picture.id] = _SmallPicture(picture, path)
            if picture.id not in self._pictures:
                self._workspace.worker.ask(Urgency.WALL_PICTURES, picture.id, partial(self._make, picture.id))
        self._pictures = pictures
        self._workspace.pictures_changed()

    def look(self) -> None:
        """Put others in the place of pictures that are labelled, or proposed, or that cannot be read."""
        self._workspace.worker.ask(Urgency.WALL, "other pictures", self._look)

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
        chosen = self._picture(picture_id).picture
        task = self._workspace.worker.ask_for(Urgency.AWAITED, "from the wall", lambda: self._keep(chosen))
        return task.result(_WAIT_S)

    def _picture(self, picture_id: str) -> _SmallPicture:
        if picture_id not in self._pictures:
            raise NotFound(f"there is no picture {picture_id[:120]!r} on the wall")
        return self._pictures[picture_id]

    def _make(self, picture_id: str) -> None:
        small = self._pictures.get(picture_id)
        if small is None or small.path.is_file():
            return  # another one is in its place, or it was made in an earlier sitting
        try:
            pixels = self._models.supply.pixels(small.picture)
        except BadPhoto as error:
            self._workspace.problem(error)
            self.look()
            return
        write_jpeg(small.path, thumbnail(pixels, _SMALL_PX))
        self._workspace.pictures_changed()

    def _keep(self, chosen: Picture) -> ProposedPicture:
        picture = self._models.supply.keep(chosen, {})
        with self._workspace.lock:
            self._workspace.tray.add(picture, "asked")
        self._workspace.pictures_changed()
        self.look()
        return picture

    def _look(self) -> None:
        supply, live, has_changed = self._models.supply, self._models.live, False
        for place in reversed(range(len(live.wall))):
            other = supply.instead(live.wall, place)
            if other is not live.wall[place]:
                self._follower.replace_on_wall(place, other)
                has_changed = True
        if has_changed:
            self.prepare()
        self._models.want_candidates()
