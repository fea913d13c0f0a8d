"""Pictures as the page shows them: whole as PNG, small as JPEG, and what was decided about them."""

from __future__ import annotations

import hashlib
from typing import Any

from partly.project import ProposedPicture
from partly.studio.session.page_images import Image, SmallImages, check_small
from partly.studio.session.wall import Wall
from partly.studio.session.workspace import Workspace


class PagePictures:
    """Pictures by id: their images, of which the small ones are kept in memory, and what is known of them."""

    def __init__(self, workspace: Workspace, wall: Wall) -> None:
        self._workspace, self._wall = workspace, wall
        self._small = SmallImages()

    def image(self, picture_id: str, size_px: int | None = None) -> Image:
        """A picture of the tray, or of the wall, which has small ones of one size only.

        Args:
            picture_id: which.
            size_px: the longer side of a small one; None: the whole picture.

        Raises:
            NotFound: there is none of that id.
            NotReady: it is being made.
            BadOption: a size that a small picture cannot have.
        """
        if size_px is not None:
            check_small(size_px)
        if picture_id in self._wall.ids():
            path = self._wall.path(picture_id)
            return Image(path.read_bytes(), "image/jpeg", path.stem)
        picture = self._workspace.picture(picture_id)
        tag = hashlib.sha256(_what(picture)).hexdigest()[:16]
        if size_px is None:
            return Image(picture.path.read_bytes(), "image/png", tag)
        return self._small.get(tag, size_px, lambda: picture.pixels)

    def choose(self, picture_id: str, *, place: int | None = None, **choices: bool) -> dict[str, Any]:
        """Decide about a picture of the tray; gives it as :meth:`facts`.

        Args:
            picture_id: which.
            place: put it there in the order, counted from 0.
            **choices: ``pinned`` and ``skipped``.

        Raises:
            NotFound: there is none.
            BadOption: there is no such place.
        """
        with self._workspace.lock:
            tray = self._workspace.tray
            tray.picture(picture_id)
            tray.choose(picture_id, **choices)
            if place is not None:
                tray.move(picture_id, place)
        self._workspace.pictures_changed()
        return self.facts(picture_id)

    def facts(self, picture_id: str) -> dict[str, Any]:
        """What is known of a picture of the tray, as plain JSON values."""
        with self._workspace.lock:
            picture = self._workspace.tray.picture(picture_id)
            height_px, width_px = picture.shape
            choices = self._workspace.tray.choices(picture_id)
            painted = self._workspace.label_maps.facts(picture_id)
        is_accepted = choices.accepted is not None and painted.n_strokes >= choices.accepted
        status = "accepted" if is_accepted else "painted"
        return {
            "id": picture_id,
            "name": picture.photo or picture_id,
            "width_px": width_px,
            "height_px": height_px,
            "status": status if painted.labelled_share else "new",
            "pinned": choices.pinned,
            "skipped": choices.skipped,
            "reason": choices.reason,
            "score": choices.score,
            "labelled_share": painted.labelled_share,
            "n_parts_labelled": len(painted.parts),
        }


def _what(picture: ProposedPicture) -> bytes:
    """What the pixels of a picture follow from."""
    latent = b"" if picture.w is None else picture.w.tobytes()
    return latent + (picture.generator_digest or picture.photo_sha256 or "").encode()
