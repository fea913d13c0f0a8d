"""The photos of a project, by name: looked for, in an order of their own, with small images of them.

There may be ten thousand. Their names are known, and nothing more is read of one before it is asked for.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass

from partly.data.labels import Picture
from partly.data.photos import PhotoSource
from partly.errors import BadOption, BadPhoto, NotFound
from partly.project import Project, project_photos
from partly.storage import picture_seed, shuffle_stream
from partly.studio.session.page_images import Image, SmallImages
from partly.studio.session.photo_folder import PhotoFolder
from partly.studio.session.studio_paths import changed_at

_MOST_LISTED = 200


@dataclass(frozen=True)
class AlbumPage:
    """Some of the photos that were looked for.

    Attributes:
        names: of these.
        n_found: how many there are.
        n_photos: how many the album has.
    """

    names: tuple[str, ...]
    n_found: int
    n_photos: int


class Album:
    """The photos of a project; for all threads.

    Args:
        project: whose photos.
        added: photos are added there.
    """

    def __init__(self, project: Project, added: PhotoFolder) -> None:
        self._project, self._added = project, added
        self._lock = threading.Lock()
        self._photos: dict[str, PhotoSource] = {}
        self._order: tuple[str, ...] = ()
        self._pictures: dict[str, Picture] = {}
        self._passed_over: dict[str, str] = {}
        self._small = SmallImages()
        self._looked_at = -1

    def look(self) -> None:
        """Find out which photos there are.

        Raises:
            BadProject: their folder is not there, or holds none.
            BadArchive: they are in a damaged zip.
        """
        # The time before the names: what comes while they are listed must change it.
        looked_at = self._changed_at()
        photos = {photo.name: photo for photo in project_photos(self._project)}
        names = tuple(photos)
        # As a fit draws its plain photos, so that it finds features that the studio has made.
        shuffled = shuffle_stream("plain photos", picture_seed("plain pictures")).permutation(len(names))
        with self._lock:
            self._photos, self._order = photos, tuple(names[i] for i in shuffled)
            self._looked_at = looked_at

    def look_again(self) -> bool:
        """Find out which photos there are now, if the folder has changed; whether it had.

        Raises:
            BadProject, BadArchive: as for :meth:`look`.
        """
        if self._changed_at() == self._looked_at:
            return False
        self.look()
        return True

    def _changed_at(self) -> int:
        """When a photo came into the folder, or went, last; of folders within it nothing is known."""
        folder = self._project.photo_folder
        return 0 if folder is None else changed_at(folder)

    def __len__(self) -> int:
        return len(self._photos)

    def __contains__(self, name: str) -> bool:
        return name in self._photos

    @property
    def photos(self) -> tuple[PhotoSource, ...]:
        """All of them, in order of their names."""
        with self._lock:
            return tuple(self._photos.values())

    @property
    def order(self) -> tuple[str, ...]:
        """The names of those that can be read, as far as is known, shuffled: always in the same way."""
        with self._lock:
            return tuple(name for name in self._order if name not in self._passed_over)

    @property
    def passed_over(self) -> dict[str, str]:
        """Why photos cannot be read, by their names."""
        with self._lock:
            return dict(self._passed_over)

    def photo(self, name: str) -> PhotoSource:
        """Where a photo is.

        Raises:
            NotFound: there is none of that name.
        """
        with self._lock:
            found = self._photos.get(name)
        if found is None:
            raise NotFound(f"there is no photo {name[:120]!r}", remedy="Look again: it may have moved")
        return found

    def picture(self, name: str) -> Picture:
        """A photo with the digest of its file, which is read the first time.

        Raises:
            NotFound: there is none of that name.
            BadPhoto: it cannot be read; it is passed over from now on.
        """
        known = self.known(name)
        if known is None:
            try:
                digest = self.photo(name).digest()
            except BadPhoto as error:
                self.pass_over(name, error)
                raise
            known = Picture(name, photo=name, photo_sha256=digest)
            with self._lock:
                self._pictures[name] = known
        return known

    def known(self, name: str) -> Picture | None:
        """The same, if its file was read before."""
        with self._lock:
            return self._pictures.get(name)

    def pass_over(self, name: str, error: Exception) -> None:
        """A photo cannot be read: it is not proposed any more."""
        with self._lock:
            self._passed_over[name] = str(error)

    def search(self, text: str = "", offset: int = 0, limit: int = _MOST_LISTED) -> AlbumPage:
        """Photos whose names have all words of a text, in order of their names.

        Args:
            text: words; upper and lower case are one.
            offset: leave out so many.
            limit: give no more than so many, and no more than 200.

        Raises:
            BadOption: a negative number.
        """
        if min(offset, limit) < 0:
            raise BadOption(f"photos from {offset}, {limit} of them", expected="0 or more")
        words = text.casefold().split()
        with self._lock:
            names = list(self._photos)
        found = [name for name in names if all(word in name.casefold() for word in words)]
        shown = found[offset : offset + min(limit, _MOST_LISTED)]
        return AlbumPage(tuple(shown), len(found), len(names))

    def small(self, name: str, size_px: int) -> Image:
        """A small image of a photo.

        Raises:
            NotFound: there is none of that name.
            BadPhoto: it cannot be read; it is passed over from now on.
            BadOption: a size that it cannot have.
        """
        photo = self.photo(name)
        try:
            return self._small.get(_tag(photo), size_px, lambda: photo.read(at_least_px=size_px).pixels)
        except BadPhoto as error:
            self.pass_over(name, error)
            raise

    def add(self, data: bytes, file_name: str) -> str:
        """One more photo, kept in the project; gives its name in the album.

        Args:
            data: what the image file holds.
            file_name: what it is called; of that only the last part matters.

        Raises:
            BadOption: it is not called as a photo is.
            BadPhoto: it cannot be read, or is too large.
            PartlyError: it cannot be written.
        """
        path = self._project.added_photos / self._added.add(data, file_name)
        self.look()
        return next(photo.name for photo in self.photos if photo.path == path)


def _tag(photo: PhotoSource) -> str:
    """Changes with the photo's file."""
    try:
        stat = photo.path.stat()
    except OSError:
        return hashlib.sha256(photo.name.encode()).hexdigest()[:16]
    member = photo.member.CRC if photo.member else 0
    facts = f"{photo.name} {stat.st_mtime_ns} {stat.st_size} {member}"
    return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:16]
