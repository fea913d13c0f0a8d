"""The photos that tasks of Label Studio name: in a folder, at addresses that were allowed, or in the task.

A service that fetched any address would fetch for strangers what only it can reach. So nothing is fetched but
below addresses that whoever started it has named, and nothing is opened outside the folder that was named.
"""

from __future__ import annotations

import base64
import binascii
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, unquote_to_bytes, urlsplit

from partly.errors import BadOption, BadPhoto
from partly.service.answers.photo_fetching import AllowedAddress, fetched, shown_address

_LOCAL_FILES, _UPLOADS, _DATA = "/data/local-files/", "/data/upload/", "/data/"
# What Label Studio puts before the names of uploads.
_DECORATION = re.compile(r"^[0-9a-f]{8}-(?=.)")
_SHOWN = 100


@dataclass(frozen=True)
class TaskPhoto:
    """A photo of a task.

    Attributes:
        name: for messages.
        data: the bytes of its file.
    """

    name: str
    data: bytes


@dataclass(frozen=True)
class TaskPhotos:
    """Reads the photos of tasks.

    Attributes:
        folder: where files are; None: none may be opened.
        allowed: addresses below which photos may be fetched.
        most_bytes: larger files are refused.
        token: is sent to the first of these addresses, as Label Studio's access token; it is nobody else's
            business, and storages refuse what is signed and has a token, too.
    """

    folder: Path | None = None
    allowed: tuple[AllowedAddress, ...] = ()
    most_bytes: int = 32 << 20
    token: str | None = None

    @classmethod
    def of(
        cls, folder: Path | None, addresses: Sequence[str], most_bytes: int, token: str | None
    ) -> TaskPhotos:
        """Those of a folder and of addresses.

        Raises:
            BadOption: the folder is none, or an address is no address of HTTP.
        """
        if folder is not None and not folder.is_dir():
            raise BadOption("is no folder", expected="the folder of the photos", path=folder)
        allowed = tuple(AllowedAddress.of(address) for address in addresses)
        return cls(None if folder is None else folder.resolve(), allowed, most_bytes, token)

    def read(self, address: object) -> TaskPhoto:
        """The photo at an address, as the data of a task has it.

        Raises:
            BadPhoto: there is none, it is too large, or it may not be read.
        """
        if not isinstance(address, str) or not address.strip():
            raise BadPhoto(
                f"the task has the photo {str(address)[:_SHOWN]!r}", expected="the address of a photo"
            )
        address = address.strip()
        if address[:5].lower() == "data:":
            return TaskPhoto("the photo in the task", self._inside(address))
        scheme = _scheme_of(address)
        if scheme in ("http", "https"):
            return self._at(address)
        if scheme and len(scheme) > 1:
            raise BadPhoto(
                f"the task has the photo {shown_address(address)!r}",
                expected="an address of HTTP, a file of Label Studio, or a data: address",
                remedy="Let the storage in Label Studio give addresses of HTTP (pre-signed URLs)",
            )
        return self._named(address)

    def _inside(self, address: str) -> bytes:
        head, comma, content = address.partition(",")
        # Base64 takes 4 characters for 3 bytes.
        if len(content) > 4 * (self.most_bytes // 3 + 1):
            raise self._too_large("the photo in the task")
        try:
            if head.lower().endswith(";base64"):
                data = base64.b64decode(unquote(content), validate=True)
            else:
                data = unquote_to_bytes(content)
        except (binascii.Error, ValueError) as error:
            raise BadPhoto(f"the photo in the task is damaged ({error})") from error
        if not comma or not data:
            raise BadPhoto("the photo in the task is empty", expected="a data: address with a photo in it")
        if len(data) > self.most_bytes:
            raise self._too_large("the photo in the task")
        return data

    def _at(self, address: str) -> TaskPhoto:
        """A photo of the web; Label Studio may write its own files in full."""
        if any(one.allows(address) for one in self.allowed):
            return self._fetched(address)
        parts = urlsplit(address)
        if self.folder is not None and parts.path.startswith((_LOCAL_FILES, _UPLOADS)):
            return self._named(f"{parts.path}?{parts.query}")
        raise BadPhoto(
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2][:_SHOWN]}: photos from there are not fetched",
            expected=" or ".join(f"{one.text}..." for one in self.allowed) or "photos in the request",
            remedy="Start the service with --photos-from and the beginning of their addresses",
        )

    def _fetched(self, address: str) -> TaskPhoto:
        name = PurePosixPath(unquote(urlsplit(address).path)).name or "photo"
        token = self.token if self.allowed[0].allows(address) else None
        return TaskPhoto(name, fetched(address, self.allowed, self.most_bytes, token))

    def _named(self, address: str) -> TaskPhoto:
        """A file of Label Studio: in the folder, else from Label Studio itself, if that is allowed."""
        names = list(_file_names(address))
        if self.folder is not None:
            for name in names:
                path = self._path(self.folder, name)
                if path is not None:
                    return TaskPhoto(name, self._content(path, name))
        if address.startswith(_DATA):
            for one in self.allowed:
                if one.allows(one.origin + address):
                    return self._fetched(one.origin + address)
        where = "among the photos" if self.folder else "as no folder was named"
        raise BadPhoto(
            f"{(names or [shown_address(address)])[0][:_SHOWN]!r}: no such photo {where}",
            expected="a file in the folder that --photos names"
            + (f" ({self.folder})" if self.folder else ""),
            remedy="Start the service with --photos FOLDER, or --photos-from and the address of Label Studio",
        )

    @staticmethod
    def _path(folder: Path, name: str) -> Path | None:
        """The regular file of that name, wherever links lead within the folder; None: there is none."""
        try:
            path = (folder / name).resolve(strict=True)
            is_inside = path.is_relative_to(folder) and stat.S_ISREG(path.stat().st_mode)
        except (OSError, ValueError, RuntimeError):  # a NUL, a name too long, links in a circle
            return None
        return path if is_inside else None

    def _content(self, path: Path, name: str) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(self.most_bytes + 1)
        except OSError as error:
            raise BadPhoto(f"cannot be opened ({error.strerror})", path=name) from error
        if len(data) > self.most_bytes:
            raise self._too_large(name)
        return data

    def _too_large(self, name: str) -> BadPhoto:
        return BadPhoto(f"{name} has more bytes than fit", expected=f"at most {self.most_bytes} bytes")


def _scheme_of(address: str) -> str:
    """The scheme of an address in small letters.

    Raises:
        BadPhoto: it is no address.
    """
    try:
        return urlsplit(address).scheme.lower()
    except ValueError as error:
        # The error itself may have a password in it.
        raise BadPhoto(
            f"{shown_address(address)!r} is no address", expected="the address of a photo"
        ) from error


def _file_names(address: str) -> Iterator[str]:
    """Names below the folder that an address may mean; the likeliest first."""
    path, _, query = address.partition("?")
    if path.startswith(_LOCAL_FILES.rstrip("/")):
        path = (parse_qs(query).get("d") or [""])[0]
        yield from _plain(path)
        return
    path = unquote(path)
    if path.startswith(_DATA):
        yield from _plain(path.removeprefix(_DATA))
        name = PurePosixPath(path).name
        yield from _plain(name)
        yield from _plain(_DECORATION.sub("", name))
        return
    yield from _plain(path)


def _plain(name: str) -> Iterator[str]:
    """The name with forward slashes and none at its beginning, unless it steps upwards."""
    name = name.replace("\\", "/").lstrip("/")
    if name and ".." not in PurePosixPath(name).parts:
        yield name
