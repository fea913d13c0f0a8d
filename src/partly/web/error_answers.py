"""Errors as JSON with one text, whoever raised them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from partly.errors import PartlyError

_log = logging.getLogger("partly.web")


@dataclass(frozen=True)
class ErrorKind:
    """How a kind of error is answered.

    Attributes:
        status: of HTTP.
        values: what the JSON says beside ``error``.
        headers: more headers.
    """

    status: int
    values: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


_OTHER = ErrorKind(400)


def answer_errors(app: FastAPI, kinds: Sequence[tuple[type[PartlyError], ErrorKind]]) -> None:
    """Make all errors JSON with one text.

    Args:
        app: the application.
        kinds: of :class:`PartlyError`; the first that fits counts, and status 400 where none does.
    """

    async def of_partly(request: Request, error: Exception) -> Response:  # noqa: ARG001
        kind = next((kind for of, kind in kinds if isinstance(error, of)), _OTHER)
        answer = error_answer(str(error), kind.status, **kind.values)
        answer.headers.update(kind.headers)
        return answer

    app.add_exception_handler(PartlyError, of_partly)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(OSError, _of_system)
    app.add_exception_handler(Exception, _of_defect)


def error_answer(text: str, status: int, **more: object) -> Response:
    """An error as it is sent."""
    return JSONResponse({"error": text, **more}, status)


async def _of_request(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return error_answer(f"{first['loc'][-1]}: {first['msg']}.", 400)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
    return error_answer(f"{request.method} {request.url.path[:200]}: {text}", error.status_code)


async def _of_system(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, OSError)
    where = f"{error.filename}: " if error.filename else ""
    return error_answer(f"{where}{error.strerror or error}.", 507)


async def _of_defect(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, so that it is logged.
    _log.error("%s %s failed", request.method, request.url.path)
    return error_answer(f"This is a defect of Partly: {type(error).__name__}: {error}", 500)
