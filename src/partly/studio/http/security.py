"""Who may ask: the page itself, on this machine or with a token, and nobody from another site.

A server on one's own machine can be reached by any page that the browser shows. Other sites are kept out by
what browsers say of each request (Host, Origin, Sec-Fetch-Site), which pages cannot forge.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_TOKEN_BYTES = 24


@dataclass(frozen=True)
class Security:
    """Where the server is, and who may ask.

    Attributes:
        host: the address that it listens on.
        port: its port.
        token: what everybody else than this machine must know; None on loopback.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    token: str | None = None

    @classmethod
    def of(cls, host: str, port: int) -> Security:
        """That of an address: beyond this machine with a new token."""
        return cls(host, port, None if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES))

    @property
    def cookie(self) -> str:
        """Name of the cookie with the token. Cookies do not tell ports apart, so the name does."""
        return f"partly-studio-{self.port}"

    @property
    def url(self) -> str:
        """What to open in a browser on this machine."""
        host = self.host
        if host in ("0.0.0.0", "::"):
            host = socket.gethostname()
        elif ":" in host:
            host = f"[{host}]"
        query = f"?{urlencode({'token': self.token})}" if self.token else ""
        return f"http://{host}:{self.port}/{query}"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names this server.

        Names that anybody can point here are refused, or a page from there would be taken for ours (DNS
        rebinding). Addresses cannot be pointed anywhere.
        """
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name:
            name, port = host, "80"
        if (port or "80") != str(self.port):
            return False
        name = name.lower()
        if name in _LOOPBACK_NAMES:
            return True
        if is_loopback(self.host):
            return False
        return name in {self.host.lower(), f"[{self.host.lower()}]", *_own_names()} or _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Middleware that refuses whoever may not ask, and adds the headers that keep the page to itself."""

    def __init__(self, app: ASGIApp, security: Security) -> None:
        self._app, self._security = app, security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
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
            text = f"This server is not {host[:200]!r}. Use the address that partly label printed."
            return _refused(421, text)
        if len(headers.getlist("host")) > 1 or len(headers.getlist("origin")) > 1:
            return _refused(400, "Host and Origin may be given once.")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return _refused(403, "Requests from other sites are refused.")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") and not _is_page(scope):
            return _refused(403, "Requests from other sites are refused.")
        return None

    def _admission(self, scope: Scope) -> Response | None:
        """The answer to a request without the token, or that brings it; None: it may pass."""
        token = self._security.token
        if token is None:
            return None
        if scope["path"] == "/" and scope["method"] == "GET":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if _equal(given, token):
                answer = RedirectResponse("/", status_code=303)
                answer.set_cookie(self._security.cookie, token, httponly=True, samesite="strict", path="/")
                return answer
        if _equal(_cookies(scope).get(self._security.cookie, ""), token):
            return None
        text = "This studio is open with a token only: use the whole address that partly label printed."
        return PlainTextResponse(text, 401) if _is_page(scope) else _refused(401, text)


def _refused(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)


def _is_page(scope: Scope) -> bool:
    """Whether a request asks for the page itself, which links of other sites may do."""
    return scope["method"] in ("GET", "HEAD") and scope["path"] == "/"


def _cookies(scope: Scope) -> Mapping[str, str]:
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in cookies.items()}


def _equal(given: str, token: str) -> bool:
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
