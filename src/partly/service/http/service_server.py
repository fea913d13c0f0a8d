"""The application, routes over one network behind one guard, on its port until Ctrl-C."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Scope

from partly.errors import BadModelFile, BadOption, BadPhoto, NotAvailable, PartlyError
from partly.inference.segment import ViewOptions
from partly.service.answers import PhotoSegmenting, Setups, TaskPhotos, photo_segmenting
from partly.service.http.admission import RETRY_AFTER_S, Admission, Busy
from partly.service.http.label_studio_routes import label_studio_router
from partly.service.http.photo_routes import photo_router
from partly.service.http.request_photos import MAX_PHOTO_BYTES, NotAcceptable, TooSlow
from partly.service.http.what_is_served import Served
from partly.service.http.work import Workers
from partly.service.service_options import DEFAULT_PORT, ServiceOptions
from partly.web import (
    ErrorKind,
    Guard,
    PatientConnection,
    Security,
    TooLarge,
    answer_errors,
    is_token,
    listening,
    refused,
    run_server,
)

TOKEN_VARIABLE, LABEL_STUDIO_VARIABLE = "PARTLY_TOKEN", "LABEL_STUDIO_API_KEY"
_GRACE_S = 30
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_KINDS: tuple[tuple[type[PartlyError], ErrorKind], ...] = (
    (TooSlow, ErrorKind(408)),
    (TooLarge, ErrorKind(413)),
    (BadPhoto, ErrorKind(422)),
    (NotAcceptable, ErrorKind(406)),
    (Busy, ErrorKind(503, headers={"Retry-After": str(RETRY_AFTER_S)})),
    (BadModelFile, ErrorKind(500)),
    (NotAvailable, ErrorKind(500)),
)
_CLIENT_GONE = 499


def serve_network(
    file: Path,
    view: ViewOptions,
    options: ServiceOptions,
    on_start: Callable[[Security, PhotoSegmenting], None],
) -> None:
    """Serve an exported network until Ctrl-C or SIGTERM; open requests have 30 s then.

    Args:
        file: what ``partly export`` wrote.
        view: how the network looks at photos.
        options: where the service is, whose photos it reads, and how much it takes on.
        on_start: called once it answers.

    Raises:
        NotAvailable: onnxruntime is not installed.
        BadModelFile: the file cannot be used.
        BadOption: the address cannot be had, or options or tokens of the environment do not fit.
    """
    with contextlib.closing(listening(options.host, options.port, DEFAULT_PORT)) as listener:
        photos = TaskPhotos.of(
            options.photos, options.photos_from, MAX_PHOTO_BYTES, _token_in(LABEL_STUDIO_VARIABLE)
        )
        security = _security(options, listener.getsockname()[1])
        segmenting = photo_segmenting(
            file, view, max_pixels=options.megapixels * 1_000_000, at_once=options.at_once
        )
        with contextlib.closing(Workers(segmenting.at_once)) as workers:
            served = served_network(segmenting, options, photos, workers)
            run_server(
                service_app(served, security),
                listener,
                on_start=lambda: on_start(security, segmenting),
                protocol=PatientConnection,
                grace_s=_GRACE_S,
            )


def served_network(
    segmenting: PhotoSegmenting, options: ServiceOptions, photos: TaskPhotos, workers: Workers
) -> Served:
    """What the routes share."""
    setups = Setups(segmenting.network.part_set, options.regions)
    return Served(
        segmenting,
        options,
        photos,
        setups,
        workers,
        Admission(options.waiting),
        asyncio.Semaphore(segmenting.at_once),
    )


def service_app(served: Served, security: Security) -> ASGIApp:
    """The ASGI application.

    Args:
        served: what is served.
        security: where the server is, and who may ask.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for router in (photo_router, label_studio_router):
        app.include_router(router(served))
    answer_errors(app, _KINDS)
    app.add_exception_handler(ClientDisconnect, _gone)
    return Guard(
        app,
        security,
        headers=_HEADERS,
        admission=lambda scope: _admission(scope, security),
        told="Use the address that partly serve printed, or name this one: --name.",
    )


def _security(options: ServiceOptions, port: int) -> Security:
    """Who may ask; the token stays the same where the environment has one, as a service's must."""
    security = replace(Security.of(options.host, port), names=options.names)
    token = _token_in(TOKEN_VARIABLE)
    return replace(security, token=token) if token else security


def _token_in(variable: str) -> str | None:
    """The token that the environment has, which must fit into a header; None: it has none.

    Raises:
        BadOption: it does not fit.
    """
    token = os.environ.get(variable, "").strip()
    if not (token.isascii() and token.isprintable()):
        raise BadOption(
            f"{variable} cannot be sent in a header", expected="one line of ASCII letters, digits and signs"
        )
    return token or None


def _admission(scope: Scope, security: Security) -> Response | None:
    """The answer to a request without the token; None: it may pass."""
    if security.token is None or is_token(_token_given(Headers(scope=scope)), security.token):
        return None
    answer = refused(
        401,
        "This service asks for its token: Authorization: Bearer TOKEN, or Basic with it as password.",
    )
    answer.headers["WWW-Authenticate"] = 'Basic realm="partly"'
    return answer


def _token_given(headers: Headers) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "token"):
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return ""
    return ""


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return Response(status_code=_CLIENT_GONE)
