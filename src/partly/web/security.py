"""Who may ask: who is on this machine, or has a token, and nobody from another site.

A server on one's own machine can be reached by any page that the browser shows. Other sites are kept out by
what browsers say of each request (Host, Origin, Sec-Fetch-Site), which pages cannot forge.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Security:
    """Where the server is, and who may ask.

    Attributes:
        host: the address that it listens on.
        port: its port.
        token: what everybody else than this machine must know; None on loopback.
        names: other names of this server, as others call it: a name, at its port or without one, as behind a
            proxy, or ``name:port``.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    token: str | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, host: str, port: int) -> Security:
        """That of an address: beyond this machine with a new token."""
        return cls(host, port, None if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES))

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        query = f"?{urlencode({'token': self.token})}" if self.token else ""
        return f"{self.address}{query}"

    @property
    def address(self) -> str:
        """Where the server is, as others on this machine call it; ends with a slash."""
        host = self.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        elif ":" in host:
            host = f"[{host}]"
        return f"http://{host}:{self.port}/"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server.

        Names that anybody can point here are refused, or a page from there would be taken for ours (DNS
        rebinding). Addresses cannot be pointed anywhere.
        """
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name:
            name, port = host, "80"
        if not self._called().isdisjoint((host.lower(), f"{name}:{port}".lower())):
            return True
        if (port or "80") != str(self.port):
            return False
        name = name.lower()
        if name in _LOOPBACK_NAMES:
            return True
        if is_loopback(self.host):
            return False
        return name in {self.host.lower(), f"[{self.host.lower()}]", *_own_names()} or _is_address(name)

    def _called(self) -> set[str]:
        """What Host headers say of the other names."""
        names = {name.lower() for name in self.names}
        return names | {f"{name}:{self.port}" for name in names if ":" not in name}


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Middleware that refuses whoever may not ask, and adds headers to all answers.

    Args:
        app: what is guarded.
        security: where the server is, and who may ask.
        headers: for every answer.
        admission: the answer to a request without the token, or that brings it; None: it may pass.
        told: the sentence that says where the right address stands.
    """

    def __init__(
        self,
        app: ASGIApp,
        security: Security,
        *,
        headers: Mapping[str, str],
        admission: Callable[[Scope], Response | None],
        told: str,
    ) -> None:
        self._app, self._security = app, security
        self._headers, self._admission, self._told = dict(headers), admission, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer = self._refusal(scope) or self._admission(scope)
        await (answer or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that another site has made; None: it has not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._security.knows_host(host):
            text = f"This server is not {host[:200]!r}. {self._told}"
            return refused(421, text)
        if len(headers.getlist("host")) > 1 or len(headers.getlist("origin")) > 1:
            return refused(400, "Host and Origin may be given once.")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return refused(403, "Requests from other sites are refused.")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") and not is_page(scope):
            return refused(403, "Requests from other sites are refused.")
        return None


def refused(status: int, text: str) -> Response:
    """An error as JSON."""
    return JSONResponse({"error": text}, status)


def is_page(scope: Scope) -> bool:
    """Whether a request asks for the page itself, which links of other sites may do."""
    return scope["method"] in ("GET", "HEAD") and scope["path"] == "/"


def is_token(given: str, token: str) -> bool:
    """Whether a token is the right one, in the same time whatever is given."""
    return hmac.compare_digest(given.encode(), token.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, name.split(".")[0], f"{name.split('.')[0]}.local"}
