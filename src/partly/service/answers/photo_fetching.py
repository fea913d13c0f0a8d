"""Fetching a photo from an address that was allowed, and from nowhere else."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.parse import unquote, urlsplit

from partly.errors import BadOption, BadPhoto

_SILENCE_S = 10.0
_LONGEST_S = 30.0
_PIECE_BYTES = 1 << 16
_CREDENTIALS, _SHOWN = re.compile("//[^/]*@"), 200
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class AllowedAddress:
    """The beginning of addresses from which photos may be fetched.

    Attributes:
        text: as it was given.
        scheme: http or https.
        host: in small letters.
        port: also where it is the usual one.
        path: what the paths of addresses must begin with; ends with a slash, or is empty.
    """

    text: str
    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, text: str) -> AllowedAddress:
        """That of an address.

        Raises:
            BadOption: it is none of HTTP, or has a name, password, query or fragment in it.
        """
        place = _place(text)
        parts = urlsplit(text) if place else None
        if place is None or parts is None or parts.query or parts.fragment:
            raise BadOption(
                f"--photos-from {text!r}",
                expected="the beginning of an address, such as http://localhost:8080/ or https://host/photos/",
            )
        path = parts.path.rstrip("/") + "/"
        return cls(text, *place, "" if path == "/" else path)

    @property
    def origin(self) -> str:
        """Scheme, host and port as an address begins with them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def allows(self, address: str) -> bool:
        """Whether an address lies below: the same scheme, host and port, and a path that stays below."""
        if _place(address) != (self.scheme, self.host, self.port):
            return False
        path = urlsplit(address).path
        decoded = unquote(unquote(path))
        if "\\" in decoded or ".." in decoded.split("/"):
            return False
        return path.startswith(self.path or "/") or not (self.path or path)


def _place(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an address of HTTP without a name and password in it."""
    if not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    return scheme, parts.hostname.lower(), _PORTS[scheme] if port is None else port


def shown_address(address: str) -> str:
    """An address without what may be secret in it: keys after its ``?``, a name and a password."""
    return _CREDENTIALS.sub("//", address.partition("?")[0])[:_SHOWN]


def fetched(address: str, allowed: Sequence[AllowedAddress], most_bytes: int, token: str | None) -> bytes:
    """What lies at an address.

    Args:
        address: one that is allowed.
        allowed: where redirections may lead, too.
        most_bytes: more are not read.
        token: sent as Label Studio's access token, but not with redirections.

    Raises:
        BadPhoto: it cannot be had, is too large, takes longer than 30 s, or is elsewhere.
    """
    request = urllib.request.Request(address, headers={"Accept": "image/*,*/*;q=0.5"})
    if token:
        request.add_unredirected_header("Authorization", f"Token {token}")
    end = time.monotonic() + _LONGEST_S
    shown = shown_address(address)
    try:
        with _opener(allowed).open(request, timeout=_SILENCE_S) as answer:
            return _read(answer, most_bytes, end, shown)
    except BadPhoto:
        raise
    except urllib.error.HTTPError as error:
        with error:
            raise BadPhoto(
                f"{shown}: the answer was {error.code} {error.reason}", expected="a photo"
            ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise BadPhoto(f"{shown}: cannot be fetched ({reason})", expected="a photo") from error


def _read(answer: http.client.HTTPResponse, most_bytes: int, end: float, shown: str) -> bytes:
    data = bytearray()
    while piece := answer.read(_PIECE_BYTES):
        data += piece
        if len(data) > most_bytes:
            raise BadPhoto(f"{shown}: it has more bytes than fit", expected=f"at most {most_bytes} bytes")
        if time.monotonic() > end:
            raise BadPhoto(f"{shown}: it took longer than {_LONGEST_S:g} s", expected="a photo")
    announced = answer.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) != len(data):
        raise BadPhoto(f"{shown}: ended after {len(data)} bytes", expected=f"{announced} bytes")
    return bytes(data)


class _AllowedOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirections where photos may be fetched, and refuses others."""

    max_redirections = 5

    def __init__(self, allowed: Sequence[AllowedAddress]) -> None:
        self._allowed = allowed

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not any(one.allows(newurl) for one in self._allowed):
            fp.close()
            host = urlsplit(newurl).netloc.rpartition("@")[2][:_SHOWN]
            raise BadPhoto(
                f"{shown_address(req.full_url)}: leads to {host}, where none may be fetched",
                remedy="Allow that address, too: --photos-from",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener(allowed: Sequence[AllowedAddress]) -> urllib.request.OpenerDirector:
    """One that knows HTTP, and no files, no FTP and no data."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _AllowedOnly(allowed),
    ):
        opener.add_handler(handler)
    return opener
