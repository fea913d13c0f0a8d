"""Who may ask the studio: the page itself, on this machine or with a token that it keeps as a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Scope

from partly.web import Guard, Security, is_page, is_token, refused

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


def guarded(app: ASGIApp, security: Security) -> Guard:
    """The studio behind its guard."""
    return Guard(
        app,
        security,
        headers=_HEADERS,
        admission=lambda scope: _admission(scope, security),
        told="Use the address that partly label printed.",
    )


def cookie_name(security: Security) -> str:
    """Name of the cookie with the token. Cookies do not tell ports apart, so the name does."""
    return f"partly-studio-{security.port}"


def _admission(scope: Scope, security: Security) -> Response | None:
    """The answer to a request without the token, or that brings it; None: it may pass."""
    token = security.token
    if token is None:
        return None
    if scope["path"] == "/" and scope["method"] == "GET":
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if is_token(given, token):
            answer = RedirectResponse("/", status_code=303)
            answer.set_cookie(cookie_name(security), token, httponly=True, samesite="strict", path="/")
            return answer
    if is_token(_cookies(scope).get(cookie_name(security), ""), token):
        return None
    text = "This studio is open with a token only: use the whole address that partly label printed."
    return PlainTextResponse(text, 401) if is_page(scope) else refused(401, text)


def _cookies(scope: Scope) -> Mapping[str, str]:
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in cookies.items()}
