"""Photos that somebody chooses by name, or adds, to paint on."""

from __future__ import annotations

from typing import Any

from partly.errors import BadPhoto
from partly.project import ProposedPicture, keep_photo
from partly.studio.session.album import Album
from partly.studio.session.live_models import LiveModels
from partly.studio.session.page_images import Image
from partly.studio.session.wall import Wall
from partly.studio.session.workspace import Workspace


class PhotoChoosing:
    """The album as the page shows it: names that are looked for, and photos from there into the tray."""

    def __init__(self, workspace: Workspace, album: Album, models: LiveModels, wall: Wall) -> None:
        self._workspace, self._album, self._models, self._wall = workspace, album, models, wall

    def __len__(self) -> int:
        return len(self._album)

    @property
    def passed_over(self) -> dict[str, str]:
        """Why photos cannot be read, by their names."""
        return self._album.passed_over

    def search(self, text: str, offset: int, limit: int) -> dict[str, Any]:
        """Photos whose names have all words of a text, as plain JSON values; see :meth:`Album.search`.

        Photos that came into the folder since it was looked at are among them.
        """
        if offset == 0 and len(self._album) and self._album.look_again():
            self._models.photos_added()
        page = self._album.search(text, offset, limit)
        with self._workspace.lock:
            tray = self._workspace.tray
            ids = {tray.picture(picture_id).photo: picture_id for picture_id in tray.ids()}
        passed_over = self._album.passed_over
        photos = [
            {"name": name, "picture": ids.get(name), "problem": passed_over.get(name)} for name in page.names
        ]
        return {"photos": photos, "n_found": page.n_found, "n_photos": page.n_photos}

    def image(self, name: str, size_px: int) -> Image:
        """A small image of a photo; see :meth:`Album.small`."""
        return self._album.small(name, size_px)

    def take(self, name: str) -> ProposedPicture:
        """Make a photo one of the tray; one that is there stays as it is.

        Raises:
            NotFound: there is none of that name.
            BadPhoto: it cannot be read; it is passed over from now on.
            PartlyError: it cannot be written.
        """
        try:
            picture = keep_photo(self._workspace.parts.project, self._album.photo(name))
        except BadPhoto as error:
            self._album.pass_over(name, error)
            raise
        with self._workspace.lock:
            self._workspace.tray.add(picture, "asked")
        self._workspace.pictures_changed()
        self._wall.look()
        return picture

    def add(self, data: bytes, file_name: str) -> ProposedPicture:
        """Add a photo to the project, and make it one of the tray.

        Raises:
            BadOption: it is not called as a photo is.
            BadPhoto: it cannot be read, or is too large.
            PartlyError: it cannot be written.
        """
        name = self._album.add(data, file_name)
        self._models.photos_added()
        return self.take(name)
