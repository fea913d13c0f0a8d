"""Request bodies, read no further than they may go; answers; errors as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import unquote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from partly.data.labels import Patch
from partly.errors import BadOption, FolderBusy, JobRunning, NotFound, NotReady, OpenElsewhere, PartlyError
from partly.studio.session.picture_painting import Painted
from partly.studio.session.worker import StudioClosing

MAX_JSON_BYTES = 64 * 1024
ModelT = TypeVar("ModelT", bound=BaseModel)


class TooLarge(PartlyError):
    """A body of more bytes than it may have."""


_STATUS: tuple[tuple[type[PartlyError], int], ...] = (
    (NotFound, 404),
    (OpenElsewhere, 409),
    (JobRunning, 409),
    (NotReady, 409),
    (FolderBusy, 409),
    (TooLarge, 413),
    (StudioClosing, 503),
)
_log = logging.getLogger("partly.studio.http")


async def read_body(request: Request, most_bytes: int, *, exactly: bool = False) -> bytes:
    """The body of a request.

    Raises:
        TooLarge: it has more bytes; what is beyond is not read.
        BadOption: it should have exactly so many, and has fewer.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(f"{announced} bytes", most_bytes)
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > most_bytes:
            raise _too_large("more", most_bytes)
    if exactly and len(data) != most_bytes:
        raise BadOption(f"the body has {len(data)} bytes", expected=f"{most_bytes} bytes")
    return bytes(data)


async def read_model(request: Request, kind: type[ModelT]) -> ModelT:
    """A JSON body as a model.

    Raises:
        TooLarge: it is longer than 64 KiB.
        BadOption: it is no JSON, or has unknown or wrong values.
    """
    value = await read_json(request)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the body"
        raise BadOption(f"{where} cannot be used ({first['msg']})") from error


async def read_json(request: Request) -> Any:
    """A JSON body.

    Raises:
        TooLarge: it is longer than 64 KiB.
        BadOption: it is no JSON.
    """
    data = await read_body(request, MAX_JSON_BYTES)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadOption(f"the body is no JSON ({error})") from error


def file_name_of(request: Request, otherwise: str = "") -> str:
    """What the file in the body is called: the header ``X-File-Name``, percent-encoded."""
    return unquote(request.headers.get("x-file-name", otherwise))


def octets(data: bytes, headers: Mapping[str, object] | None = None) -> Response:
    """Bytes as they are."""
    texts = {name: str(value) for name, value in (headers or {}).items()}
    return Response(data, media_type="application/octet-stream", headers=texts)


def patch_answer(patch: Patch, painted: Painted) -> Response:
    """A patch to put on the page's label map."""
    height, width = patch.labels.shape
    return octets(
        patch.labels.tobytes(),
        {
            "X-Box": f"{patch.x},{patch.y},{width},{height}",
            "X-Can-Undo": int(painted.can_undo),
            "X-Can-Redo": int(painted.can_redo),
            "X-Strokes": painted.n_strokes,
            "X-Labelled-Share": painted.labelled_share,
        },
    )


def painted_json(painted: Painted) -> dict[str, object]:
    """How a label map is, for the page."""
    return {
        "n_strokes": painted.n_strokes,
        "can_undo": painted.can_undo,
        "can_redo": painted.can_redo,
        "labelled_share": painted.labelled_share,
    }


def answer_errors(app: FastAPI) -> None:
    """Make all errors JSON with one text."""
    app.add_exception_handler(PartlyError, _of_partly)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(OSError, _of_system)
    app.add_exception_handler(Exception, _of_defect)


async def _of_partly(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    return _error(str(error), status, **({"held": True} if isinstance(error, OpenElsewhere) else {}))


async def _of_request(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _error(f"{first['loc'][-1]}: {first['msg']}.", 400)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
    return _error(f"{request.method} {request.url.path[:200]}: {text}", error.status_code)


async def _of_system(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, OSError)
    where = f"{error.filename}: " if error.filename else ""
    return _error(f"{where}{error.strerror or error}.", 507)


async def _of_defect(request: Request, error: Exception) -> Response:
    # Starlette raises it again after this answer, so that it is logged.
    _log.error("%s %s failed", request.method, request.url.path)
    return _error(f"This is a defect of Partly: {type(error).__name__}: {error}", 500)


def _error(text: str, status: int, **more: object) -> Response:
    return JSONResponse({"error": text, **more}, status)


def _too_large(found: str, most_bytes: int) -> TooLarge:
    return TooLarge(f"the body has {found}", expected=f"at most {most_bytes} bytes")
