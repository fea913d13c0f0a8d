"""Pictures as the page shows them: whole as PNG, small as JPEG."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from partly.errors import BadOption
from partly.imagery.encoding import encode_jpeg, thumbnail
from partly.studio.session.wall import Wall
from partly.studio.session.workspace import Workspace

_MOST_SMALL_PX = 1024
_LEAST_SMALL_PX = 16
_N_KEPT = 256


@dataclass(frozen=True)
class Image:
    """An image file in memory.

    Attributes:
        data: the file.
        media_type: what it is.
        tag: another one means another image.
    """

    data: bytes
    media_type: str
    tag: str


class Images:
    """Image files by id and size; the small ones are kept in memory."""

    def __init__(self, workspace: Workspace, wall: Wall) -> None:
        self._workspace, self._wall = workspace, wall
        self._small: dict[tuple[str, int], Image] = {}

    def get(self, picture_id: str, size_px: int | None) -> Image:
        """A picture of the tray, or of the wall, which has small ones of one size only.

        Raises:
            NotFound: there is none of that id.
            NotReady: it is being made.
            BadOption: a size that a small picture cannot have.
        """
        if size_px is not None and not _LEAST_SMALL_PX <= size_px <= _MOST_SMALL_PX:
            raise BadOption(f"the size is {size_px}", expected=f"{_LEAST_SMALL_PX} to {_MOST_SMALL_PX}")
        if picture_id in self._wall.ids():
            path = self._wall.path(picture_id)
            return Image(path.read_bytes(), "image/jpeg", path.stem)
        with self._workspace.lock:
            picture = self._workspace.tray.picture(picture_id)
        tag = hashlib.sha256(picture.w.tobytes() + picture.generator_digest.encode()).hexdigest()[:16]
        if size_px is None:
            return Image(picture.path.read_bytes(), "image/png", tag)
        key = (tag, size_px)
        if key not in self._small:
            data = encode_jpeg(thumbnail(picture.pixels, size_px), quality=88)
            while len(self._small) >= _N_KEPT:
                self._small.pop(next(iter(self._small)), None)
            self._small[key] = Image(data, "image/jpeg", f"{tag}-{size_px}")
        return self._small[key]
