"""Fetching a photo from an address that was allowed, and from nowhere else."""

from __future__ import annotations

import http.client
import io
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from partly.errors import BadOption, BadPhoto

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

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
        with _opener(allowed, end).open(request) as answer:
            return _read(answer, most_bytes, shown)
    except BadPhoto:
        raise
    except urllib.error.HTTPError as error:
        error.close()
        # Its reason may name where a redirection leads, with keys.
        raise BadPhoto(f"{shown}: the answer was {error.code}", expected="a photo") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= end:
            raise BadPhoto(f"{shown}: it took longer than {_LONGEST_S:g} s", expected="a photo") from error
        raise BadPhoto(f"{shown}: cannot be fetched ({_reason(error)})", expected="a photo") from error


def _reason(error: Exception) -> object:
    """What the system says; other errors quote what was sent or came, and are named alone."""
    if isinstance(error, OSError):
        return getattr(error, "reason", None) or error
    return type(error).__name__


def _read(answer: http.client.HTTPResponse, most_bytes: int, shown: str) -> bytes:
    data = bytearray()
    while piece := answer.read1(_PIECE_BYTES):
        data += piece
        if len(data) > most_bytes:
            raise BadPhoto(f"{shown}: it has more bytes than fit", expected=f"at most {most_bytes} bytes")
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
        # Else urllib would read its body, however long that is.
        fp.close()
        if not any(one.allows(newurl) for one in self._allowed):
            host = urlsplit(newurl).netloc.rpartition("@")[2][:_SHOWN]
            raise BadPhoto(
                f"{shown_address(req.full_url)}: leads to {host}, where none may be fetched",
                remedy="Allow that address, too: --photos-from",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _patience_s(end: float) -> float:
    """How long the other side may be silent now.

    Raises:
        TimeoutError: it is the end.
    """
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, _SILENCE_S)


class _UntilTheEnd(io.RawIOBase):
    """The bytes of a socket, until a moment: a server that sends a byte now and then is never silent."""

    def __init__(self, connected: socket.socket, end: float) -> None:
        self._socket, self._end = connected, end
        self._bytes = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._socket.settimeout(_patience_s(self._end))
        return self._bytes.readinto(buffer)

    def close(self) -> None:
        self._bytes.close()
        super().close()


@dataclass(frozen=True)
class _Connected:
    """What an answer of HTTP reads from: a socket, until a moment."""

    connected: socket.socket
    end: float

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_UntilTheEnd(self.connected, self.end))


class _HttpUntilTheEnd(urllib.request.AbstractHTTPHandler):
    """HTTP and HTTPS; connections are made, and heads and bodies of answers read, until a moment."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self._end = end

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._connection, http.client.HTTPConnection), request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._connection, http.client.HTTPSConnection), request)

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def _connection(
        self, kind: Callable[..., http.client.HTTPConnection], host: str, **arguments: Any
    ) -> http.client.HTTPConnection:
        connection = kind(host, **{**arguments, "timeout": _patience_s(self._end)})
        connection.response_class = self._answer  # type: ignore[assignment]
        return connection

    def _answer(self, connected: socket.socket, **arguments: Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(_Connected(connected, self._end), **arguments)  # type: ignore[arg-type]


def _opener(allowed: Sequence[AllowedAddress], end: float) -> urllib.request.OpenerDirector:
    """One that knows HTTP, and no files, no FTP and no data; it stops reading at the end."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _HttpUntilTheEnd(end),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _AllowedOnly(allowed),
    ):
        opener.add_handler(handler)
    return opener
